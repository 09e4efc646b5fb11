process BASELINES_DEEPRAGE {
    tag       "${meta.id}"
    label     'process_train'
    container "regdecode/baselines_deeprage:0.1.0"

    input:
    tuple val(meta), path(cells), val(baselines)
    path expression
    path sequences
    path genes
    path regulators, stageAs: 'regulators/*'
    path motifs, stageAs: 'motifs/*'
    val config
    val seed
    val code

    output:
    tuple val(meta), path("${meta.fold}/*.predictions.h5ad", arity: '1..*'), emit: predictions
    tuple val("${task.process}"), val('regdecode'), eval('baselines_deeprage.py --version'), topic: versions

    script:
    def chosen = baselines.collect { name -> "--baseline ${name}" }.join(' ')
    def known  = motifs ? [motifs].flatten().collect { meme -> "--motifs ${meme}" }.join(' ') : ''
    """
    cat > config.json <<'END_OF_CONFIG'
    ${config}
    END_OF_CONFIG
    baselines_deeprage.py --expression ${expression} --sequences ${sequences} --genes ${genes} --regulators ${regulators} --cells '${cells}' \\
        --config config.json ${known} ${chosen} --seed ${seed} --threads ${task.cpus} --out '${meta.fold}'
    """

    stub:
    """
    mkdir '${meta.fold}'
    ${(baselines ?: ['majority', 'mean']).collect { name -> "touch '${meta.fold}/${name}.predictions.h5ad'" }.join('\n    ')}
    """
}
