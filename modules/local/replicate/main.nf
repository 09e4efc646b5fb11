process REPLICATE {
    tag       "${meta.id}"
    label     'process_single'
    container "regdecode/replicate:0.1.0"

    input:
    tuple val(meta), path(cohorts, stageAs: 'cohorts/*', arity: '2..*'), path(activity, stageAs: 'activity/*', arity: '0..*'), path(people, stageAs: 'people/*', arity: '0..*')
    val seed
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: folder
    tuple val(meta), path("${meta.id}/metrics.tsv"), emit: metrics
    tuple val(meta), path("${meta.id}/*.tsv", arity: '1..*'), emit: statistics
    tuple val("${task.process}"), val('regdecode'), eval('replicate.py --version'), topic: versions

    script:
    def tables = (cohorts.collect { folder -> "--cohort ${folder}" } + activity.collect { folder -> "--activity ${folder}" } + people.collect { folder -> "--people ${folder}" }).join(' ')
    """
    replicate.py ${tables} --organism ${meta.organism} --seed ${seed} --out '${meta.id}'
    """

    stub:
    """
    mkdir '${meta.id}'
    touch '${meta.id}/replication.tsv' '${meta.id}/rank_matrix.tsv' '${meta.id}/direction.tsv' '${meta.id}/accuracy.tsv' '${meta.id}/replicate.notes.json'
    printf 'system\\torganism\\tfold\\n' > '${meta.id}/metrics.tsv'
    """
}
