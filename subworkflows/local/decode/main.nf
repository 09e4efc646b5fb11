// Models of every fold: replicates -> the best and the ensemble -> figures beside the baselines.

include { TRAIN_DECODE  } from '../../../modules/local/train_decode/main'
include { SELECT_MODELS } from '../../../modules/local/select_models/main'
include { BASELINES     } from '../../../modules/local/baselines/main'
include { EVALUATE      } from '../../../modules/local/evaluate/main'
include { trainPlan     } from '../utils/plan'

workflow DECODE {
    take:
    org
    cfg
    code
    features      // one list of features.h5ad
    expression    // one expression.h5ad
    folds         // [fold, splits.tsv]

    main:
    def plan  = trainPlan(org, cfg)
    def count = plan.countBy { t -> [t.model, t.arm] }
    def extra = plan.count { t -> t.arm != 'all' }

    TRAIN_DECODE(
        folds.combine(channel.fromList(plan)).map { fold, splits, t ->
            def name = [t.model, t.family, "r${t.replicate}", t.arm.replaceAll('[^A-Za-z0-9_]+', '-')].join('.')
            [[id: name, organism: org.id, fold: fold, model: t.model, family: t.family, replicate: t.replicate, arm: t.arm], splits, t.hparams]
        },
        features, expression, cfg.seed, code.TRAIN_DECODE,
    )
    trained = TRAIN_DECODE.out.model.branch { meta, _folder ->
        whole: meta.arm == 'all'
        arm: true
    }

    members = trained.whole
        .map { meta, folder -> [groupKey([meta.fold, meta.model], count[[meta.model, 'all']]), folder] }
        .groupTuple()
        .map { key, folders -> [key[0], key[1], folders.sort { f -> f.name }] }
    SELECT_MODELS(
        members.combine(folds, by: 0).map { fold, model, folders, splits -> [[id: model, organism: org.id, fold: fold, model: model], folders, splits] },
        features, expression, code.SELECT_MODELS,
    )
    selected = SELECT_MODELS.out.model

    BASELINES(folds.map { fold, splits -> [[id: fold, organism: org.id, fold: fold], splits] }, features, expression, cfg.baseline_list, cfg.seed, code.BASELINES)

    // the first preset's models by arm: where the models of people start
    arms = trained.arm.filter { meta, _folder -> meta.model == cfg.presets[0].name }
        .map { meta, folder -> [groupKey([meta.fold, meta.arm], count[[meta.model, meta.arm]]), folder] }
        .groupTuple()
        .map { key, folders -> [key[0], key[1], folders.sort { f -> f.name }] }
    tissues = selected.filter { meta, _folder -> meta.model == cfg.presets[0].name }.map { meta, folder -> [meta.fold, 'all', [folder]] }.mix(arms)

    evaluated_models = selected.mix(trained.arm)
        .map { meta, folder -> [groupKey(meta.fold, cfg.presets.size() + extra), folder] }
        .groupTuple()
        .map { key, folders -> [key.toString(), folders.sort { f -> f.name }] }
    EVALUATE(
        folds.combine(evaluated_models, by: 0).combine(BASELINES.out.predictions.map { meta, files -> [meta.fold, files] }, by: 0)
            .map { fold, splits, models, predictions -> [[id: fold, organism: org.id, fold: fold], splits, models, predictions] },
        features, expression, cfg.seed, code.EVALUATE,
    )
    evaluated = EVALUATE.out.folder
    scores    = EVALUATE.out.metrics.map { _meta, tsv -> tsv }

    models      = selected.map { meta, folder -> [id: "${meta.fold}.${meta.model}".toString(), organism: meta.organism, fold: meta.fold, model: meta.model, folder: folder] }
    predictions = EVALUATE.out.predictions.map { meta, file -> [id: "${meta.fold}.ensemble".toString(), organism: meta.organism, fold: meta.fold, kind: 'ensemble', file: file] }
        .mix(BASELINES.out.predictions.transpose().map { meta, file -> [id: "${meta.fold}.${file.name.tokenize('.')[0]}".toString(), organism: meta.organism, fold: meta.fold, kind: file.name.tokenize('.')[0], file: file] })
    statistics  = EVALUATE.out.statistics.transpose().map { meta, file -> [id: "${meta.fold}.${file.name.tokenize('.')[0]}".toString(), organism: meta.organism, fold: meta.fold, kind: file.name.tokenize('.')[0], file: file] }

    emit:
    selected
    tissues
    evaluated
    scores
    models
    predictions
    statistics
}
