process KNOCK_OUT {
    tag       "${meta.id}"
    label     'process_train'
    container "regdecode/knock_out:0.1.0"

    input:
    tuple val(meta), path(model, stageAs: 'model/*'), path(expression), path(splits), path(pairs, stageAs: 'pairs/*'), path(others, stageAs: 'others/*', arity: '0..*')
    path features, arity: '1..*'
    path genes
    val seed
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: folder
    tuple val(meta), path("${meta.id}/metrics.tsv"), emit: metrics
    tuple val(meta), path("${meta.id}/*.tsv", arity: '1..*'), emit: tables
    tuple val("${task.process}"), val('regdecode'), eval('knock_out.py --version'), topic: versions

    script:
    def also   = others.collect { h5ad -> "--also ${h5ad}" }.join(' ')
    def tracks = features.collect { h5ad -> "--features ${h5ad}" }.join(' ')
    """
    knock_out.py --model ${model} ${tracks} --expression ${expression} --splits ${splits} --genes ${genes} --pairs ${pairs ?: 'auto'} ${also} --cohort ${meta.cohort} \\
        --organism ${meta.organism} --fold '${meta.fold}' --seed ${seed} --threads ${task.cpus} --out '${meta.id}'
    """

    stub:
    """
    mkdir '${meta.id}'
    touch '${meta.id}/pairs.tsv' '${meta.id}/site_disruption.tsv' '${meta.id}/drivers.tsv' '${meta.id}/recovery.tsv' '${meta.id}/recovery_density.tsv' '${meta.id}/knock_out.notes.json'
    printf 'system\\torganism\\tfold\\n' > '${meta.id}/metrics.tsv'
    """
}
