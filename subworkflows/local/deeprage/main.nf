// Promoter sequence x regulators: the cells of every test regime -> networks -> the ensemble -> figures beside the baselines, and what the filters learnt.

include { SPLIT_CELLS        } from '../../../modules/local/split_cells/main'
include { TRAIN_DEEPRAGE     } from '../../../modules/local/train_deeprage/main'
include { SELECT_DEEPRAGE    } from '../../../modules/local/select_deeprage/main'
include { BASELINES_DEEPRAGE } from '../../../modules/local/baselines_deeprage/main'
include { EVALUATE_DEEPRAGE  } from '../../../modules/local/evaluate_deeprage/main'
include { MOTIFS             } from '../../../modules/local/motifs/main'
include { ATTRIBUTE_DEEPRAGE } from '../../../modules/local/attribute_deeprage/main'
include { deepragePlan ; deeprageTrainPlan ; testedCells ; cellBaselines } from '../utils/plan'

// Name of what a fold (and preset, and replicate) leaves behind: new_gene.0.default.r1.
def named(Map org, String fold, String model, Object replicate) {
    return [id: [fold, model, replicate ? "r${replicate}".toString() : null].findAll { part -> part }.join('.'), organism: org.id, fold: fold, model: model, replicate: replicate]
}

// A record of the index files: one published file of a fold.
def record(Map meta, Object file) {
    def kind = file.name.endsWith('.meme') ? 'meme' : file.name - '.h5ad' - '.tsv'
    return [id: "${meta.id}.${kind}".toString(), organism: meta.organism, fold: meta.fold, kind: kind, file: file]
}

workflow DEEPRAGE {
    take:
    org
    cfg
    code
    sources       // Map: name in the organism file -> file
    genes         // genes.tsv
    sequences     // sequences.fa
    coding        // coding.fa, or []
    expression    // expression.h5ad

    main:
    def plan  = deepragePlan(org)
    def first = cfg.deeprage_presets[0].name
    def count = cfg.deeprage_presets.collectEntries { preset -> [(preset.name): preset.members] }
    regulators = sources.map { s -> plan.on ? s[plan.regulators] : [] }
    known      = sources.map { s -> plan.motifs.collect { name -> s[name] } }
    codons     = plan.coding ? coding : channel.value([])

    SPLIT_CELLS(
        expression.filter { _h5ad -> plan.on }, sequences, genes, regulators, sources.map { s -> plan.tables.collect { name -> s[name] } }, sources.map { s -> plan.matrix ? s[plan.matrix] : [] },
        [id: org.id, folds: plan.folds, options: plan.options], plan.split, cfg.seed, code.SPLIT_CELLS,
    )
    tested    = SPLIT_CELLS.out.cells.flatMap { files -> testedCells([files].flatten(), cfg) }.map { c -> [c.fold, c.file, c.regime, c.explained] }
    cells     = tested.map { fold, h5ad, _regime, _explained -> [fold, h5ad] }
    explained = tested.filter { _fold, _h5ad, _regime, chosen -> chosen }.map { fold, h5ad, _regime, _chosen -> [fold, h5ad] }

    TRAIN_DEEPRAGE(
        cells.combine(channel.fromList(deeprageTrainPlan(cfg))).map { fold, h5ad, t -> [named(org, fold, t.model, t.replicate), h5ad, t.hparams] },
        expression, sequences, genes, regulators, known, plan.learn, cfg.seed, code.TRAIN_DEEPRAGE,
    )
    presets = TRAIN_DEEPRAGE.out.model.map { meta, folder -> [groupKey([meta.fold, meta.model], count[meta.model]), folder] }.groupTuple()
        .map { key, folders -> [key[0], key[1], folders.sort { f -> f.name }] }
    networks = TRAIN_DEEPRAGE.out.model.map { meta, folder -> [groupKey(meta.fold, count.values().sum()), folder] }.groupTuple()
        .map { key, folders -> [key.toString(), folders.sort { f -> f.name }] }

    // The first preset's networks and what is learnt beside them; the other presets' networks stand as they are.
    SELECT_DEEPRAGE(
        presets.filter { _fold, model, _folders -> model == first }.combine(cells, by: 0).map { fold, model, folders, h5ad -> [named(org, fold, model, null), h5ad, folders] },
        expression, sequences, genes, regulators, known, codons, cfg.deeprage_learned, plan.learn, cfg.seed, code.SELECT_DEEPRAGE,
    )
    ensembles = SELECT_DEEPRAGE.out.model.map { meta, folder -> [meta.fold, folder] }

    BASELINES_DEEPRAGE(
        tested.map { fold, h5ad, regime, _chosen -> [named(org, fold, null, null), h5ad, cellBaselines(cfg, regime, !plan.motifs.isEmpty())] },
        expression, sequences, genes, regulators, known, plan.learn, cfg.seed, code.BASELINES_DEEPRAGE,
    )
    EVALUATE_DEEPRAGE(
        cells.combine(ensembles, by: 0).combine(networks, by: 0).combine(BASELINES_DEEPRAGE.out.predictions.map { meta, files -> [meta.fold, files] }, by: 0)
            .map { fold, h5ad, lead, folders, predictions -> [named(org, fold, null, null), h5ad, lead, folders, predictions] },
        expression, genes, plan.learn, cfg.seed, code.EVALUATE_DEEPRAGE,
    )

    // What one fold's filters read: every preset's motifs, and the first preset's bases.
    read = ensembles.map { fold, folder -> [fold, first, [folder]] }.mix(presets.filter { _fold, model, _folders -> model != first }).combine(explained, by: 0)
    MOTIFS(
        read.map { fold, model, folders, h5ad -> [named(org, fold, model, null), h5ad, folders] },
        expression, sequences, genes, known, sources.map { s -> plan.targets ? s[plan.targets] : [] }, plan.explain, cfg.seed, code.MOTIFS,
    )
    ATTRIBUTE_DEEPRAGE(
        ensembles.combine(explained, by: 0).map { fold, folder, h5ad -> [named(org, fold, first, null), h5ad, [folder]] },
        expression, sequences, genes, plan.attribute, code.ATTRIBUTE_DEEPRAGE,
    )

    notes      = SPLIT_CELLS.out.notes
    leakage    = SPLIT_CELLS.out.leakage
    selected   = SELECT_DEEPRAGE.out.model.mix(TRAIN_DEEPRAGE.out.model.filter { meta, _folder -> meta.model != first }).map { _meta, folder -> folder }
    evaluated  = EVALUATE_DEEPRAGE.out.folder.map { _meta, folder -> folder }
    read_off   = MOTIFS.out.folder.map { _meta, folder -> folder }
    attributed = ATTRIBUTE_DEEPRAGE.out.folder.map { _meta, folder -> folder }
    scores     = EVALUATE_DEEPRAGE.out.metrics.mix(MOTIFS.out.metrics).map { _meta, tsv -> tsv }

    models       = SELECT_DEEPRAGE.out.model.mix(TRAIN_DEEPRAGE.out.model.filter { meta, _folder -> meta.model != first })
        .map { meta, folder -> [id: meta.id, organism: meta.organism, fold: meta.fold, model: meta.model, folder: folder] }
    predictions  = SELECT_DEEPRAGE.out.predictions.mix(BASELINES_DEEPRAGE.out.predictions).transpose().map { meta, f -> record(meta, f) }
    statistics   = EVALUATE_DEEPRAGE.out.statistics.transpose().map { meta, f -> record(meta, f) }
    attributions = ATTRIBUTE_DEEPRAGE.out.tables.transpose().map { meta, f -> record(meta, f) }
    motifs       = MOTIFS.out.tables.transpose().map { meta, f -> record(meta, f) }
    prepared     = cells.map { fold, h5ad -> [id: "${fold}.cells".toString(), organism: org.id, fold: fold, kind: 'cells', file: h5ad] }
        .mix(leakage.map { f -> [id: 'cells.leakage', organism: org.id, fold: '', kind: 'leakage', file: f] })
        .mix(sequences.filter { _fasta -> plan.on }.map { f -> [id: 'sequences', organism: org.id, fold: '', kind: 'sequences', file: f] })
        .mix(codons.filter { f -> plan.on && f }.map { f -> [id: 'coding', organism: org.id, fold: '', kind: 'coding', file: f] })

    emit:
    notes
    leakage
    selected
    evaluated
    read_off
    attributed
    scores
    models
    predictions
    statistics
    attributions
    motifs
    prepared
}
