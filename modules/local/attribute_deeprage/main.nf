process ATTRIBUTE_DEEPRAGE {
    tag       "${meta.id}"
    label     'process_train'
    label     'process_gpu'
    container "regdecode/attribute_deeprage:0.1.0${task.accelerator ? '-gpu' : ''}"

    input:
    tuple val(meta), path(cells), path(models, stageAs: 'networks/*', arity: '1..*')
    path expression
    path sequences
    path genes
    val chosen
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: folder
    tuple val(meta), path("${meta.id}/*.tsv", arity: '1..*'), emit: tables
    tuple val("${task.process}"), val('regdecode'), eval('attribute_deeprage.py --version'), topic: versions

    script:
    def networks = models.collect { folder -> "--model ${folder}" }.join(' ')
    """
    attribute_deeprage.py ${networks} --sequences ${sequences} --genes ${genes} --expression ${expression} --cells '${cells}' ${chosen} \\
        --device ${task.accelerator ? 'cuda' : 'cpu'} --threads ${task.cpus} --out '${meta.id}'
    """

    stub:
    """
    mkdir '${meta.id}'
    cd '${meta.id}'
    touch bases.tsv regulators.tsv saturation.tsv effects.tsv additivity.tsv attribute.notes.json
    """
}
