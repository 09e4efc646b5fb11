process EVALUATE {
    tag       "${meta.id}"
    label     'process_single'
    container "regdecode/evaluate:0.1.0"

    input:
    tuple val(meta), path(splits), path(models, stageAs: 'models/*', arity: '1..*'), path(predictions, stageAs: 'predictions/*', arity: '1..*')
    path features, arity: '1..*'
    path expression
    val seed
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: folder
    tuple val(meta), path("${meta.id}/metrics.tsv"), emit: metrics
    tuple val(meta), path("${meta.id}/predictions.h5ad"), emit: predictions
    tuple val(meta), path("${meta.id}/*.tsv", arity: '1..*'), emit: statistics
    tuple val("${task.process}"), val('regdecode'), eval('evaluate.py --version'), topic: versions

    script:
    def learnt   = models.collect { folder -> "--model ${folder}" }.join(' ')
    def compared = predictions.collect { h5ad -> "--predictions ${h5ad}" }.join(' ')
    def tracks   = features.collect { h5ad -> "--features ${h5ad}" }.join(' ')
    """
    evaluate.py ${learnt} ${compared} ${tracks} --expression ${expression} --splits ${splits} --organism ${meta.organism} --fold '${meta.fold}' \\
        --seed ${seed} --threads ${task.cpus} --out '${meta.id}'
    """

    stub:
    """
    mkdir '${meta.id}'
    touch '${meta.id}/predictions.h5ad' '${meta.id}/per_output.tsv' '${meta.id}/per_gene.tsv' '${meta.id}/output_matrix.tsv' '${meta.id}/comparisons.tsv' '${meta.id}/ablation.tsv'
    printf 'system\\torganism\\tfold\\n' > '${meta.id}/metrics.tsv'
    """
}
