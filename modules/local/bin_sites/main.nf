process BIN_SITES {
    tag       "${meta.id}"
    label     'process_single'
    container "regdecode/bin_sites:0.1.0"

    input:
    tuple val(meta), path(sites), path(genes), path(models), path(chromosomes), val(config)
    val code

    output:
    tuple val(meta), path("${meta.id}.features.h5ad"), emit: features
    path "${meta.id}.notes.json", emit: notes
    tuple val("${task.process}"), val('regdecode'), eval('bin_sites.py --version'), topic: versions

    script:
    """
    cat > config.json <<'END_OF_CONFIG'
    ${config}
    END_OF_CONFIG
    bin_sites.py --${meta.source} ${sites} --models ${models} --genes ${genes} --chromosomes ${chromosomes} --config config.json \\
        --threads ${task.cpus} --out ${meta.id}.features.h5ad --notes ${meta.id}.notes.json
    """

    stub:
    """
    touch ${meta.id}.features.h5ad ${meta.id}.notes.json
    """
}
