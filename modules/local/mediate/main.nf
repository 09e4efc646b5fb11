process MEDIATE {
    tag       "${meta.id}"
    label     'process_single'
    container "regdecode/mediate:0.1.0"

    input:
    tuple val(meta), path(knocked, stageAs: 'knocked/*', arity: '1..*'), path(expressions, stageAs: 'expression/*', arity: '1..*')
    path features, arity: '1..*'
    path genes
    val seed
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: folder
    tuple val(meta), path("${meta.id}/*.tsv", arity: '1..*'), emit: tables
    tuple val("${task.process}"), val('regdecode'), eval('mediate.py --version'), topic: versions

    script:
    def cohorts = knocked.collect { folder -> "--knock-out ${folder}" }.join(' ') + expressions.collect { h5ad -> " --expression ${h5ad}" }.join('')
    def tracks  = features.collect { h5ad -> "--features ${h5ad}" }.join(' ')
    """
    mediate.py ${cohorts} ${tracks} --genes ${genes} --seed ${seed} --out '${meta.id}'
    """

    stub:
    """
    mkdir '${meta.id}'
    touch '${meta.id}/mediation.tsv' '${meta.id}/null.tsv' '${meta.id}/consistent.tsv' '${meta.id}/mediate.notes.json'
    """
}
