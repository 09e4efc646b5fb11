process EXPRESSION {
    tag       "${meta.id}"
    label     'process_single'
    container "regdecode/expression:0.1.0"

    input:
    tuple val(meta), path(matrix, stageAs: 'matrix/*'), path(samples, stageAs: 'samples/*'), val(config)
    path genes
    val code

    output:
    tuple val(meta), path("${meta.file}.h5ad"), emit: expression
    path "${meta.file}.notes.json", emit: notes
    tuple val("${task.process}"), val('regdecode'), eval('expression.py --version'), topic: versions

    script:
    def sheet = samples ? "--samples ${samples}" : ''
    """
    cat > config.json <<'END_OF_CONFIG'
    ${config}
    END_OF_CONFIG
    expression.py --matrix ${matrix} ${sheet} --genes ${genes} --config config.json --out ${meta.file}.h5ad --notes ${meta.file}.notes.json
    """

    stub:
    """
    touch ${meta.file}.h5ad ${meta.file}.notes.json
    """
}
