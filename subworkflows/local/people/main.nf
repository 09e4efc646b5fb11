// People (or strains): person models grown from the tissue model, what moves with their traits, what drives the co-expression of gene pairs.

include { FINETUNE_DECODE               } from '../../../modules/local/finetune_decode/main'
include { EVALUATE_PEOPLE               } from '../../../modules/local/evaluate_people/main'
include { ATTRIBUTE as ATTRIBUTE_PEOPLE } from '../../../modules/local/attribute/main'
include { ACTIVITY                      } from '../../../modules/local/activity/main'
include { ASSOCIATE                     } from '../../../modules/local/associate/main'
include { REPLICATE                     } from '../../../modules/local/replicate/main'
include { KNOCK_OUT                     } from '../../../modules/local/knock_out/main'
include { KNOCK_OUT as KNOCK_OUT_SAME   } from '../../../modules/local/knock_out/main'
include { MEDIATE                       } from '../../../modules/local/mediate/main'
include { peoplePlan ; peopleArms       } from '../utils/plan'

// A record of the index files: one published file of a fold (and cohort).
def record(Map meta, Object file) {
    def kind = file.name.tokenize('.')[0]
    return [id: "${meta.id}.${kind}".toString(), organism: meta.organism, fold: meta.fold, kind: kind, file: file]
}

// Name of what a fold (and cohort) leaves behind: chr1.people.segregants.
def named(Map org, String fold, String what, String cohort) {
    return [id: [fold, what, cohort].findAll { part -> part }.join('.'), organism: org.id, fold: fold, cohort: cohort]
}

// [fold, folder] -> [fold, every folder of the fold by name]
def gathered(Object channel_, int size) {
    return channel_.map { fold, folder -> [groupKey(fold, size), folder] }.groupTuple().map { key, folders -> [key.toString(), folders.sort { f -> f.name }] }
}

workflow PEOPLE {
    take:
    org
    cfg
    code
    sources       // Map: name in the organism file -> file
    genes         // genes.tsv
    features      // one list of features.h5ad
    expression    // one expression.h5ad, of the tissues
    cohorts       // [cohort, expression.h5ad]
    folds         // [fold, splits.tsv]
    tissues       // [fold, arm, [model folders]]
    regulators    // [fold, regulator_by_output.tsv] of the tissues

    main:
    def plan     = peoplePlan(org)
    def modelled = plan.findAll { c -> c.model }
    def arms     = peopleArms(org, cfg)
    measured     = cohorts.combine(folds).map { cohort, h5ad, fold, splits -> [fold, cohort, h5ad, splits] }
    every        = cohorts.map { _cohort, h5ad -> h5ad }.toSortedList { a, b -> a.name <=> b.name }.map { all -> [all] }
    asked        = channel.fromList(plan).combine(sources).map { c, s -> [c.id, c, c.pairs ? s[c.pairs] : [], c.genotypes ? s[c.genotypes] : [], c.positions ? s[c.positions] : []] }

    // Models of people: one task a fold, cohort and arm.
    people = measured.filter { _fold, cohort, _h5ad, _splits -> cohort in modelled*.id }
    FINETUNE_DECODE(
        people.combine(tissues.filter { _fold, arm, _folders -> arm in arms }, by: 0).map { fold, cohort, h5ad, splits, arm, folders ->
            [named(org, fold, 'people', arm == 'all' ? cohort : "${cohort}.${arm}".toString()) + [cohort: cohort, arm: arm], folders, h5ad, splits]
        },
        features, file("${projectDir}/assets/decode/people.yml"), cfg.seed, code.FINETUNE_DECODE,
    )
    tuned = FINETUNE_DECODE.out.model
    whole = tuned.filter { meta, _folder -> meta.arm == 'all' }.map { meta, folder -> [meta.fold, meta.cohort, folder] }.combine(people, by: [0, 1])
    EVALUATE_PEOPLE(
        tuned.map { meta, folder -> [groupKey([meta.fold, meta.cohort], arms.size()), folder] }.groupTuple()
            .map { key, folders -> [key[0], key[1], folders.sort { f -> f.name }] }.combine(people, by: [0, 1]).combine(every)
            .map { fold, cohort, folders, h5ad, splits, all -> [named(org, fold, 'people', cohort), folders, h5ad, all.findAll { f -> f.name != h5ad.name }, splits] },
        features, expression, genes, cfg.seed, code.EVALUATE_PEOPLE,
    )
    ATTRIBUTE_PEOPLE(
        whole.map { fold, cohort, folder, h5ad, splits -> [named(org, fold, 'people', cohort) + [folder: "${fold}.people.${cohort}".toString()], folder, h5ad, splits] },
        features, cfg.attribution_engine, code.ATTRIBUTE,
    )
    moved = ATTRIBUTE_PEOPLE.out.regulators.map { meta, tsv -> [meta.fold, meta.cohort, tsv] }

    // Does a regulator's activity follow its own expression: over tissues, and over people.
    ACTIVITY(
        regulators.combine(expression).map { fold, tsv, h5ad -> [named(org, fold, 'activity', ''), tsv, h5ad] }
            .mix(moved.combine(people, by: [0, 1]).map { fold, cohort, tsv, h5ad, _splits -> [named(org, fold, 'activity', cohort), tsv, h5ad] }),
        genes, code.ACTIVITY,
    )

    // What moves with the traits: measured and predicted expression, activity; and whether the cohorts agree.
    predicted = EVALUATE_PEOPLE.out.predictions.map { meta, h5ad -> [meta.fold, meta.cohort, h5ad] }.join(moved, by: [0, 1])
        .mix(measured.filter { _fold, cohort, _h5ad, _splits -> !(cohort in modelled*.id) }.map { fold, cohort, _h5ad, _splits -> [fold, cohort, [], []] })
    ASSOCIATE(
        measured.join(predicted, by: [0, 1]).map { fold, cohort, h5ad, _splits, values, tsv -> [cohort, fold, h5ad, values, tsv] }.combine(asked, by: 0)
            .map { cohort, fold, h5ad, values, tsv, c, _pairs, genotypes, positions -> [named(org, fold, 'association', cohort), h5ad, values, tsv, genotypes, positions, c.config] },
        genes, cfg.seed, code.ASSOCIATE,
    )
    none = folds.map { fold, _splits -> [fold, []] }
    followed = ACTIVITY.out.folder.filter { meta, _folder -> meta.cohort }.map { meta, folder -> [meta.fold, folder] }
    REPLICATE(
        gathered(ASSOCIATE.out.folder.map { meta, folder -> [meta.fold, folder] }, plan.size()).filter { _fold, folders -> folders.size() > 1 }
            .join(modelled ? gathered(followed, modelled.size()) : none)
            .join(modelled ? gathered(EVALUATE_PEOPLE.out.folder.map { meta, folder -> [meta.fold, folder] }, modelled.size()) : none)
            .map { fold, folders, activity, evaluated -> [named(org, fold, 'replication', ''), folders, activity, evaluated] },
        cfg.seed, code.REPLICATE,
    )

    // What drives the co-expression of gene pairs, and how much of it the drivers' own expression explains.
    // Cohorts without a list of pairs test those that the first of them finds, so that their drivers can be compared.
    def leader = modelled.find { c -> !c.pairs }?.id
    pairwise = whole.map { fold, cohort, folder, h5ad, splits -> [cohort, fold, folder, h5ad, splits] }.combine(asked, by: 0).combine(every)
        .map { _cohort, fold, folder, h5ad, splits, c, pairs, _genotypes, _positions, all -> [fold, c, folder, h5ad, splits, pairs, all.findAll { f -> f.name != h5ad.name && f.simpleName in modelled*.id }] }
        .branch { _fold, c, _folder, _h5ad, _splits, _pairs, _others ->
            same: !c.pairs && c.id != leader
            own: true
        }
    KNOCK_OUT(
        pairwise.own.map { fold, c, folder, h5ad, splits, pairs, others -> [named(org, fold, 'knock_out', c.id), folder, h5ad, splits, pairs, c.pairs ? [] : others] },
        features, genes, cfg.seed, code.KNOCK_OUT,
    )
    led = KNOCK_OUT.out.folder.filter { meta, _folder -> meta.cohort == leader }.map { meta, folder -> [meta.fold, folder.resolve('pairs.tsv')] }
    KNOCK_OUT_SAME(
        pairwise.same.combine(led, by: 0).map { fold, c, folder, h5ad, splits, _none, _others, pairs -> [named(org, fold, 'knock_out', c.id), folder, h5ad, splits, pairs, []] },
        features, genes, cfg.seed, code.KNOCK_OUT,
    )
    knocked = KNOCK_OUT.out.folder.mix(KNOCK_OUT_SAME.out.folder)
    MEDIATE(
        knocked.map { meta, folder -> [meta.fold, meta.cohort, folder] }.combine(people, by: [0, 1])
            .map { fold, cohort, folder, h5ad, _splits -> [groupKey(fold, modelled.size()), [cohort, folder, h5ad]] }.groupTuple()
            .map { key, items -> [key.toString(), items.sort { item -> item[0] }] }
            .map { fold, items -> [named(org, fold, 'mediation', ''), items.collect { item -> item[1] }, items.collect { item -> item[2] }] },
        features, genes, cfg.seed, code.MEDIATE,
    )

    scores = EVALUATE_PEOPLE.out.metrics.mix(ACTIVITY.out.metrics, ASSOCIATE.out.metrics, REPLICATE.out.metrics, KNOCK_OUT.out.metrics, KNOCK_OUT_SAME.out.metrics).map { _meta, tsv -> tsv }
    tables = EVALUATE_PEOPLE.out.folder.mix(ACTIVITY.out.folder, ASSOCIATE.out.folder, REPLICATE.out.folder, knocked, MEDIATE.out.folder).map { _meta, folder -> folder }

    models        = tuned.filter { meta, _folder -> meta.arm == 'all' }.map { meta, folder -> [id: meta.id, organism: meta.organism, fold: meta.fold, model: "people.${meta.cohort}".toString(), folder: folder] }
    predictions   = EVALUATE_PEOPLE.out.predictions.map { meta, h5ad -> record(meta, h5ad) }
    attributions  = ATTRIBUTE_PEOPLE.out.files.transpose().map { meta, f -> record(meta, f) }
    statistics    = EVALUATE_PEOPLE.out.statistics.mix(ACTIVITY.out.statistics, ASSOCIATE.out.statistics, REPLICATE.out.statistics).transpose().map { meta, f -> record(meta, f) }
    perturbations = KNOCK_OUT.out.tables.mix(KNOCK_OUT_SAME.out.tables, MEDIATE.out.tables).transpose().map { meta, f -> record(meta, f) }

    emit:
    scores
    tables
    models
    predictions
    attributions
    statistics
    perturbations
}
