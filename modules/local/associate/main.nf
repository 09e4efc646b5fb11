process ASSOCIATE {
    tag       "${meta.id}"
    label     'process_single'
    container "regdecode/associate:0.1.0"

    input:
    tuple val(meta), path(actual, stageAs: 'actual/*'), path(predicted, stageAs: 'predicted/*'), path(activity, stageAs: 'activity/*'), path(genotypes, stageAs: 'genotypes/*'), path(positions, stageAs: 'positions/*'), val(config)
    path genes
    val seed
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: folder
    tuple val(meta), path("${meta.id}/metrics.tsv"), emit: metrics
    tuple val(meta), path("${meta.id}/*.tsv", arity: '1..*'), emit: statistics
    tuple val("${task.process}"), val('regdecode'), eval('associate.py --version'), topic: versions

    script:
    def model   = (predicted ? "--predicted ${predicted} " : '') + (activity ? "--activity ${activity} " : '')
    def markers = genotypes ? "--genotypes ${genotypes} --positions ${positions} " : ''
    """
    cat > config.json <<'END_OF_CONFIG'
    ${config}
    END_OF_CONFIG
    associate.py --cohort ${meta.cohort} --organism ${meta.organism} --fold '${meta.fold}' --actual ${actual} ${model}${markers}--genes ${genes} \\
        --config config.json --seed ${seed} --out '${meta.id}'
    """

    stub:
    """
    mkdir '${meta.id}'
    cd '${meta.id}'
    touch actual.tsv ${predicted ? 'predicted.tsv' : ''} ${activity ? 'activity.tsv' : ''} concordance.tsv design.tsv cohort.json permuted.npz associate.notes.json
    printf 'system\\torganism\\tfold\\n' > metrics.tsv
    """
}
