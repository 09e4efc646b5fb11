// The whole DAG, one line a stage. `org`: the organism file; `cfg`: the parameters; `code`: process -> fingerprint of its code.

include { PREPARE } from '../subworkflows/local/prepare/main'
include { DECODE  } from '../subworkflows/local/decode/main'
include { EXPLAIN } from '../subworkflows/local/explain/main'
include { PEOPLE  } from '../subworkflows/local/people/main'
include { DEEPRAGE } from '../subworkflows/local/deeprage/main'
include { REPORTS } from '../subworkflows/local/report/main'

workflow REGDECODE {
    take:
    org
    cfg
    code

    main:
    PREPARE(org, cfg, code)
    DECODE(org, cfg, code, PREPARE.out.features, PREPARE.out.expression, PREPARE.out.folds)
    EXPLAIN(cfg, code, PREPARE.out.features, PREPARE.out.expression, PREPARE.out.folds, DECODE.out.selected)
    PEOPLE(org, cfg, code, PREPARE.out.sources, PREPARE.out.genes, PREPARE.out.features, PREPARE.out.expression, PREPARE.out.cohorts, PREPARE.out.folds, DECODE.out.tissues, EXPLAIN.out.regulators)
    DEEPRAGE(org, cfg, code, PREPARE.out.sources, PREPARE.out.genes, PREPARE.out.sequences, PREPARE.out.coding, PREPARE.out.compendium)
    REPORTS(
        org, cfg, code, PREPARE.out.notes.mix(DEEPRAGE.out.notes), PREPARE.out.leakage, DECODE.out.selected, DECODE.out.evaluated, DECODE.out.scores.mix(PEOPLE.out.scores, DEEPRAGE.out.scores), EXPLAIN.out.attributed, PEOPLE.out.tables,
        DEEPRAGE.out.leakage, DEEPRAGE.out.selected, DEEPRAGE.out.evaluated, DEEPRAGE.out.read_off, DEEPRAGE.out.attributed,
    )

    report        = REPORTS.out.published
    metrics       = REPORTS.out.metrics
    models        = DECODE.out.models.mix(PEOPLE.out.models, DEEPRAGE.out.models)
    predictions   = DECODE.out.predictions.mix(PEOPLE.out.predictions, DEEPRAGE.out.predictions)
    attributions  = EXPLAIN.out.attributions.mix(PEOPLE.out.attributions, DEEPRAGE.out.attributions)
    statistics    = DECODE.out.statistics.mix(PEOPLE.out.statistics, DEEPRAGE.out.statistics)
    perturbations = PEOPLE.out.perturbations
    motifs        = DEEPRAGE.out.motifs
    prepared      = PREPARE.out.prepared.mix(DEEPRAGE.out.prepared)
    versions      = REPORTS.out.versions

    emit:
    report
    metrics
    models
    predictions
    attributions
    statistics
    perturbations
    motifs
    prepared
    versions
}
