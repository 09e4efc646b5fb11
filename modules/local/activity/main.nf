process ACTIVITY {
    tag       "${meta.id}"
    label     'process_single'
    container "regdecode/activity:0.1.0"

    input:
    tuple val(meta), path(regulators), path(expression)
    path genes
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: folder
    tuple val(meta), path("${meta.id}/metrics.tsv"), emit: metrics
    tuple val(meta), path("${meta.id}/*.tsv", arity: '1..*'), emit: statistics
    tuple val("${task.process}"), val('regdecode'), eval('activity.py --version'), topic: versions

    script:
    def cohort = meta.cohort ? "--cohort ${meta.cohort} " : ''
    """
    activity.py --regulators ${regulators} --expression ${expression} --genes ${genes} ${cohort}--organism ${meta.organism} --fold '${meta.fold}' --out '${meta.id}'
    """

    stub:
    """
    mkdir '${meta.id}'
    touch '${meta.id}/activity.tsv' '${meta.id}/activity.notes.json'
    printf 'system\\torganism\\tfold\\n' > '${meta.id}/metrics.tsv'
    """
}
