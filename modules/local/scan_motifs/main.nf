process SCAN_MOTIFS {
    tag       "${meta.id}"
    label     'process_single'
    container "regdecode/scan_motifs:0.1.0"

    input:
    tuple val(meta), path(promoters), path(motifs, stageAs: 'motifs/*', arity: '1..*'), val(config)
    val code

    output:
    tuple val(meta), path("${meta.id}.bed.gz"), emit: sites
    path "scan.${meta.id}.notes.json", emit: notes
    tuple val("${task.process}"), val('regdecode'), eval('scan_motifs.py --version'), topic: versions

    script:
    def sets = motifs.collect { meme -> "--motifs ${meme}" }.join(' ')
    """
    cat > config.json <<'END_OF_CONFIG'
    ${config}
    END_OF_CONFIG
    scan_motifs.py --promoters ${promoters} ${sets} --config config.json --out ${meta.id}.bed.gz --notes scan.${meta.id}.notes.json
    """

    stub:
    """
    touch ${meta.id}.bed.gz scan.${meta.id}.notes.json
    """
}
