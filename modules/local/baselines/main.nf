process BASELINES {
    tag       "${meta.id}"
    label     'process_train'
    container "regdecode/baselines:0.1.0"

    input:
    tuple val(meta), path(splits)
    path features, arity: '1..*'
    path expression
    val baselines
    val seed
    val code

    output:
    tuple val(meta), path("${meta.fold}/*.predictions.h5ad", arity: '1..*'), emit: predictions
    tuple val("${task.process}"), val('regdecode'), eval('baselines.py --version'), topic: versions

    script:
    def chosen = baselines.collect { name -> "--baseline ${name}" }.join(' ')
    def tracks = features.collect { h5ad -> "--features ${h5ad}" }.join(' ')
    """
    baselines.py ${tracks} --expression ${expression} --splits ${splits} ${chosen} --seed ${seed} --threads ${task.cpus} --out '${meta.fold}'
    """

    stub:
    """
    mkdir '${meta.fold}'
    ${baselines.collect { name -> "touch '${meta.fold}/${name}.predictions.h5ad'" }.join('\n    ')}
    """
}
