process MOTIFS {
    tag       "${meta.id}"
    label     'process_train'
    label     'process_gpu'
    container "regdecode/motifs:0.1.0${task.accelerator ? '-gpu' : ''}"

    input:
    tuple val(meta), path(cells), path(models, stageAs: 'networks/*', arity: '1..*')
    path expression
    path sequences
    path genes
    path motifs, stageAs: 'motifs/*', arity: '0..*'
    path targets, stageAs: 'targets/*'
    val config
    val seed
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: folder
    tuple val(meta), path("${meta.id}/metrics.tsv"), emit: metrics
    tuple val(meta), path("${meta.id}/*.{tsv,meme}", arity: '1..*'), emit: tables
    tuple val("${task.process}"), val('regdecode'), eval('motifs.py --version'), topic: versions

    script:
    def networks = models.collect { folder -> "--model ${folder}" }.join(' ')
    def database = motifs.collect { meme -> "--motifs ${meme}" }.join(' ')
    def known    = targets ? "--targets ${targets}" : ''
    """
    cat > config.json <<'END_OF_CONFIG'
    ${config}
    END_OF_CONFIG
    motifs.py ${networks} --sequences ${sequences} --genes ${genes} --expression ${expression} --cells '${cells}' ${database} ${known} \\
        --config config.json --organism ${meta.organism} --seed ${seed} \\
        --device ${task.accelerator ? 'cuda' : 'cpu'} --threads ${task.cpus} --out '${meta.id}'
    """

    stub:
    """
    mkdir '${meta.id}'
    cd '${meta.id}'
    touch filters.tsv knockout.tsv de_novo.tsv pairs.tsv filters.meme motifs.notes.json
    ${targets ? 'touch validation.tsv null.tsv' : ''}
    printf 'system\\torganism\\tfold\\n' > metrics.tsv
    """
}
