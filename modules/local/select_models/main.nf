process SELECT_MODELS {
    tag       "${meta.fold}:${meta.id}"
    label     'process_single'
    container "regdecode/select_models:0.1.0"

    input:
    tuple val(meta), path(models, arity: '1..*'), path(splits)
    path features, arity: '1..*'
    path expression
    val code

    output:
    tuple val(meta), path("${meta.fold}.${meta.id}"), emit: model
    tuple val("${task.process}"), val('regdecode'), eval('select_models.py --version'), topic: versions

    script:
    def members = models.collect { folder -> "--model ${folder}" }.join(' ')
    def tracks  = features.collect { h5ad -> "--features ${h5ad}" }.join(' ')
    """
    select_models.py ${members} ${tracks} --expression ${expression} --splits ${splits} --out '${meta.fold}.${meta.id}'
    """

    stub:
    """
    mkdir -p '${meta.fold}.${meta.id}/members/1'
    touch '${meta.fold}.${meta.id}/config.json' '${meta.fold}.${meta.id}/members/1/history.tsv'
    """
}
