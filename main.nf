#!/usr/bin/env nextflow
// regdecode: learns how regulators set gene expression, and explains itself. The only file that reads `params`.

include { REGDECODE                } from './workflows/regdecode'
include { resolveParams ; describeRun ; helpText } from './subworkflows/local/utils/main'
include { loadOrganism             } from './subworkflows/local/utils/organism'
include { codeFingerprints         } from './subworkflows/local/utils/code'
include { checkImages              } from './subworkflows/local/utils/images'

workflow {
    main:
    def schema = "${projectDir}/nextflow_schema.json"
    if (params.help) {
        println(helpText(schema))
        System.exit(0)
    }
    def cfg  = resolveParams(params, schema, "${projectDir}")
    def org  = loadOrganism(cfg, "${projectDir}/assets")
    def code = codeFingerprints("${projectDir}/bin")
    checkImages(org, "${projectDir}/modules/local", workflow.containerEngine, workflow.profile)

    describeRun(workflow, nextflow.version)

    REGDECODE(org, cfg, code)

    workflow.onComplete = {
        log.info(workflow.success ? "report: ${cfg.outdir}/report.html" : "failed: mend what the message above names, then run the same command with -resume")
    }

    publish:
    report        = REGDECODE.out.report
    metrics       = REGDECODE.out.metrics
    models        = REGDECODE.out.models
    predictions   = REGDECODE.out.predictions
    attributions  = REGDECODE.out.attributions
    statistics    = REGDECODE.out.statistics
    perturbations = REGDECODE.out.perturbations
    motifs        = REGDECODE.out.motifs
    prepared      = REGDECODE.out.prepared
    versions      = REGDECODE.out.versions
}

output {
    report {
        path '.'
    }
    metrics {
        path '.'
    }
    models {
        path 'models'
        index {
            path 'models/index.csv'
            header(['id', 'organism', 'fold', 'model', 'folder'])
        }
    }
    predictions {
        path 'predictions'
        index {
            path 'predictions/index.csv'
            header(['id', 'organism', 'fold', 'kind', 'file'])
        }
    }
    attributions {
        path 'attributions'
        index {
            path 'attributions/index.csv'
            header(['id', 'organism', 'fold', 'kind', 'file'])
        }
    }
    statistics {
        path 'statistics'
        index {
            path 'statistics/index.csv'
            header(['id', 'organism', 'fold', 'kind', 'file'])
        }
    }
    perturbations {
        path 'perturbations'
        index {
            path 'perturbations/index.csv'
            header(['id', 'organism', 'fold', 'kind', 'file'])
        }
    }
    motifs {
        path 'motifs'
        index {
            path 'motifs/index.csv'
            header(['id', 'organism', 'fold', 'kind', 'file'])
        }
    }
    prepared {
        path 'prepared'
        index {
            path 'prepared/index.csv'
            header(['id', 'organism', 'fold', 'kind', 'file'])
        }
    }
    versions {
        path 'pipeline_info'
    }
}
