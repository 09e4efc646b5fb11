process EVALUATE_PEOPLE {
    tag       "${meta.id}"
    label     'process_single'
    container "regdecode/evaluate_people:0.1.0"

    input:
    tuple val(meta), path(models, stageAs: 'models/*', arity: '1..*'), path(expression, stageAs: 'cohort/*'), path(others, stageAs: 'others/*', arity: '0..*'), path(splits)
    path features, arity: '1..*'
    path reference, stageAs: 'reference/*'
    path genes
    val seed
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: folder
    tuple val(meta), path("${meta.id}/metrics.tsv"), emit: metrics
    tuple val(meta), path("${meta.id}/predictions.h5ad"), emit: predictions
    tuple val(meta), path("${meta.id}/*.tsv", arity: '1..*'), emit: statistics
    tuple val("${task.process}"), val('regdecode'), eval('evaluate_people.py --version'), topic: versions

    script:
    def learnt = models.collect { folder -> "--model ${folder}" }.join(' ')
    def same   = others.collect { h5ad -> " --other-expression ${h5ad}" }.join('')
    def tracks = features.collect { h5ad -> "--features ${h5ad}" }.join(' ')
    """
    evaluate_people.py ${learnt} ${tracks} --expression ${expression} --splits ${splits} --reference ${reference} --genes ${genes}${same} --cohort ${meta.cohort} \\
        --organism ${meta.organism} --fold '${meta.fold}' --seed ${seed} --threads ${task.cpus} --out '${meta.id}'
    """

    stub:
    """
    mkdir '${meta.id}'
    cd '${meta.id}'
    touch predictions.h5ad per_person.tsv per_gene.tsv drivers_of_accuracy.tsv variance.tsv unrelated.tsv concordance.tsv ablation.tsv accuracy_bins.tsv comparisons.tsv
    printf 'system\\torganism\\tfold\\n' > metrics.tsv
    """
}
