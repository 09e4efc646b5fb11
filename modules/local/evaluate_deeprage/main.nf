process EVALUATE_DEEPRAGE {
    tag       "${meta.id}"
    label     'process_single'
    container "regdecode/evaluate_deeprage:0.1.0"

    input:
    tuple val(meta), path(cells), path(lead, stageAs: 'ensemble/*'), path(models, stageAs: 'networks/*', arity: '1..*'), path(predictions, stageAs: 'predictions/*', arity: '1..*')
    path expression
    path genes
    val config
    val seed
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: folder
    tuple val(meta), path("${meta.id}/metrics.tsv"), emit: metrics
    tuple val(meta), path("${meta.id}/*.tsv", arity: '1..*'), emit: statistics
    tuple val("${task.process}"), val('regdecode'), eval('evaluate_deeprage.py --version'), topic: versions

    script:
    def learnt   = ([lead] + models).collect { folder -> "--model ${folder}" }.join(' ')
    def compared = predictions.collect { h5ad -> "--predictions ${h5ad}" }.join(' ')
    """
    cat > config.json <<'END_OF_CONFIG'
    ${config}
    END_OF_CONFIG
    if [ -e ${lead}/promoter.predictions.h5ad ]; then alone='--predictions ${lead}/promoter.predictions.h5ad'; fi
    evaluate_deeprage.py ${learnt} \${alone:-} ${compared} --expression ${expression} --cells '${cells}' --genes ${genes} \\
        --config config.json --organism ${meta.organism} --seed ${seed} --out '${meta.id}'
    """

    stub:
    """
    mkdir '${meta.id}'
    cd '${meta.id}'
    touch per_gene.tsv per_condition.tsv confusion.tsv comparisons.tsv observed.tsv
    printf 'system\\torganism\\tfold\\n' > metrics.tsv
    """
}
