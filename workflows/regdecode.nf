// The whole DAG, one line a stage. `org`: the organism file; `cfg`: the parameters; `code`: process -> fingerprint of its code.

include { PREPARE } from '../subworkflows/local/prepare/main'
include { DECODE  } from '../subworkflows/local/decode/main'
include { EXPLAIN } from '../subworkflows/local/explain/main'
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
    REPORTS(org, cfg, code, PREPARE.out.notes, PREPARE.out.leakage, DECODE.out.selected, DECODE.out.evaluated, DECODE.out.metrics, EXPLAIN.out.attributed)

    report       = REPORTS.out.published
    metrics      = DECODE.out.metrics
    models       = DECODE.out.models
    predictions  = DECODE.out.predictions
    attributions = EXPLAIN.out.attributions
    statistics   = DECODE.out.statistics
    prepared     = PREPARE.out.prepared
    versions     = REPORTS.out.versions

    emit:
    report
    metrics
    models
    predictions
    attributions
    statistics
    prepared
    versions
}
