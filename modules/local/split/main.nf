process SPLIT {
    tag       "${meta.id}"
    label     'process_single'
    container "regdecode/split:0.1.0"

    input:
    path genes
    path expression
    path features, arity: '1..*'
    path list, stageAs: 'list/*'
    val meta
    val config
    val seed
    val code

    output:
    path 'splits/*.splits.tsv', emit: splits
    path 'splits/leakage.tsv', emit: leakage
    path 'split.notes.json', emit: notes
    tuple val("${task.process}"), val('regdecode'), eval('split.py --version'), topic: versions

    script:
    def table  = list ? "--table ${list}" : ''
    def tracks = features.collect { h5ad -> "--features ${h5ad}" }.join(' ')
    """
    cat > config.json <<'END_OF_CONFIG'
    ${config}
    END_OF_CONFIG
    split.py --genes ${genes} --expression ${expression} ${tracks} ${table} --config config.json --seed ${seed} --out splits
    mv splits/split.notes.json .
    """

    stub:
    """
    mkdir splits
    touch splits/leakage.tsv split.notes.json
    ${meta.folds.collect { fold -> "touch 'splits/${fold}.splits.tsv'" }.join('\n    ')}
    """
}
