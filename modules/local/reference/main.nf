process REFERENCE {
    tag       "${meta.id}"
    label     'process_single'
    container "regdecode/reference:0.1.0"

    input:
    tuple val(meta), path(annotation, stageAs: 'annotation/*'), path(fasta, stageAs: 'fasta/*'), path(aliases, stageAs: 'aliases/*'), val(config)
    val code

    output:
    tuple val(meta), path("${meta.id}/genes.tsv"), path("${meta.id}/models.bed"), path("${meta.id}/chromosomes.tsv"), emit: tables
    tuple val(meta), path("${meta.id}/promoters.fa"), emit: promoters, optional: true
    tuple val(meta), path("${meta.id}/sequences.fa"), emit: sequences, optional: true
    tuple val(meta), path("${meta.id}/coding.fa"), emit: coding, optional: true
    path "reference.${meta.id}.notes.json", emit: notes
    tuple val("${task.process}"), val('regdecode'), eval('reference.py --version'), topic: versions

    script:
    def sequence  = fasta ? "--fasta ${fasta}" : ''
    def spellings = aliases ? "--aliases ${aliases}" : ''
    """
    cat > config.json <<'END_OF_CONFIG'
    ${config}
    END_OF_CONFIG
    reference.py --annotation ${annotation} --config config.json ${sequence} ${spellings} --out ${meta.id}
    mv ${meta.id}/reference.notes.json reference.${meta.id}.notes.json
    """

    stub:
    """
    mkdir ${meta.id}
    touch ${meta.id}/genes.tsv ${meta.id}/models.bed ${meta.id}/chromosomes.tsv ${fasta ? "${meta.id}/promoters.fa ${meta.id}/sequences.fa ${meta.id}/coding.fa" : ''} reference.${meta.id}.notes.json
    """
}
