process SELECT_DEEPRAGE {
    tag       "${meta.id}"
    label     'process_train'
    container "regdecode/select_deeprage:0.1.0"

    input:
    tuple val(meta), path(cells), path(models, stageAs: 'networks/*', arity: '1..*')
    path expression
    path sequences
    path genes
    path regulators, stageAs: 'regulators/*'
    path motifs, stageAs: 'motifs/*'
    path coding
    val learned
    val config
    val seed
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: model
    tuple val(meta), path("${meta.id}/*predictions.h5ad", arity: '1..*'), emit: predictions
    tuple val("${task.process}"), val('regdecode'), eval('select_deeprage.py --version'), topic: versions

    script:
    def members = models.collect { folder -> "--model ${folder}" }.join(' ')
    def known   = motifs ? [motifs].flatten().collect { meme -> "--motifs ${meme}" }.join(' ') : ''
    def codons  = coding ? "--coding ${coding}" : ''
    """
    cat > config.json <<'END_OF_CONFIG'
    ${config}
    END_OF_CONFIG
    select_deeprage.py ${members} --expression ${expression} --sequences ${sequences} --genes ${genes} --regulators ${regulators} --cells '${cells}' \\
        --config config.json ${known} ${codons} ${learned ? '--learned' : '--networks-only'} --seed ${seed} --threads ${task.cpus} --out '${meta.id}'
    """

    stub:
    """
    mkdir -p '${meta.id}/members/0'
    touch '${meta.id}/config.json' '${meta.id}/predictions.h5ad' '${meta.id}/promoter.predictions.h5ad' '${meta.id}/members/0/history.tsv'
    """
}
