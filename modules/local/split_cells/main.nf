process SPLIT_CELLS {
    tag       "${meta.id}"
    label     'process_single'
    container "regdecode/split_cells:0.1.0"

    input:
    path expression
    path sequences
    path genes
    path regulators, stageAs: 'regulators/*'
    path tables, stageAs: 'tables/*'
    path matrix, stageAs: 'matrix/*'
    val meta
    val config
    val seed
    val code

    output:
    path 'cells/*.cells.h5ad', emit: cells, arity: '1..*'
    path 'cells/leakage.tsv', emit: leakage
    path 'split_cells.notes.json', emit: notes
    tuple val("${task.process}"), val('regdecode'), eval('split_cells.py --version'), topic: versions

    script:
    def folds   = tables ? [tables].flatten().collect { table -> "--folds ${table}" }.join(' ') : ''
    def brought = matrix ? "--matrix ${matrix} ${meta.options}" : ''
    """
    cat > config.json <<'END_OF_CONFIG'
    ${config}
    END_OF_CONFIG
    split_cells.py --expression ${expression} --sequences ${sequences} --genes ${genes} --config config.json --regulators ${regulators} \\
        ${folds} ${brought} --seed ${seed} --out cells
    mv cells/split_cells.notes.json .
    """

    stub:
    """
    mkdir cells
    touch cells/leakage.tsv split_cells.notes.json
    ${meta.folds.collect { fold -> "touch 'cells/${fold}.cells.h5ad'" }.join('\n    ')}
    """
}
