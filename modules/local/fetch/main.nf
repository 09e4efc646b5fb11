process FETCH {
    tag       "${meta.id}"
    label     'process_single'
    executor  'local'
    container "regdecode/fetch:0.1.0"

    input:
    tuple val(meta), val(source), path(local, stageAs: 'local/*')
    val code

    output:
    tuple val(meta), path('fetched/*'), emit: files
    tuple val("${task.process}"), val('regdecode'), eval('fetch.py --version'), topic: versions

    script:
    def given = local ? "--local ${local}" : ''
    """
    cat > source.json <<'END_OF_SOURCE'
    ${source}
    END_OF_SOURCE
    fetch.py --source source.json ${given} --out fetched
    """

    stub:
    """
    mkdir fetched
    ${meta.names.keySet().sort().collect { name -> "touch 'fetched/${name}'" }.join('\n    ')}
    """
}
