process ATTRIBUTE {
    tag       "${meta.fold}:${meta.id}"
    label     'process_train'
    label     'process_gpu'
    container "regdecode/attribute:0.1.0${task.accelerator ? '-gpu' : ''}"

    input:
    tuple val(meta), path(model, stageAs: 'model/*'), path(expression), path(splits)
    path features, arity: '1..*'
    val engine
    val code

    output:
    tuple val(meta), path("${meta.folder}"), emit: folder
    tuple val(meta), path("${meta.folder}/regulator_by_output.tsv"), emit: regulators
    tuple val(meta), path("${meta.folder}/*.{h5ad,tsv}", arity: '1..*'), emit: files
    tuple val("${task.process}"), val('regdecode'), eval('attribute.py --version'), topic: versions

    script:
    def tracks = features.collect { h5ad -> "--features ${h5ad}" }.join(' ')
    """
    attribute.py --model ${model} ${tracks} --expression ${expression} --splits ${splits} --engine ${engine} --threads ${task.cpus} \\
        --device ${task.accelerator ? 'cuda' : 'cpu'} --out '${meta.folder}'
    """

    stub:
    """
    mkdir '${meta.folder}'
    cd '${meta.folder}'
    touch attributions.h5ad importance.tsv regulator_by_output.tsv top_regulators.tsv class_contributions.tsv additivity.tsv effects.tsv attribute.notes.json
    """
}
