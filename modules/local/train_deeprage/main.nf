process TRAIN_DEEPRAGE {
    tag       "${meta.id}"
    label     'process_train'
    label     'process_gpu'
    container "regdecode/train_deeprage:0.1.0${task.accelerator ? '-gpu' : ''}"

    input:
    tuple val(meta), path(cells), path(hparams)
    path expression
    path sequences
    path genes
    path regulators, stageAs: 'regulators/*'
    path motifs, stageAs: 'motifs/*'
    val config
    val seed
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: model
    tuple val("${task.process}"), val('regdecode'), eval('train_deeprage.py --version'), topic: versions

    script:
    def known = motifs ? [motifs].flatten().collect { meme -> "--motifs ${meme}" }.join(' ') : ''
    """
    cat > config.json <<'END_OF_CONFIG'
    ${config}
    END_OF_CONFIG
    train_deeprage.py --expression ${expression} --sequences ${sequences} --genes ${genes} --regulators ${regulators} --cells '${cells}' \\
        --config config.json --hparams ${hparams} ${known} --replicate ${meta.replicate} --seed ${seed} \\
        --device ${task.accelerator ? 'cuda' : 'cpu'} --threads ${task.cpus} \\
        \${REGDECODE_CHECKPOINT_DIR:+--checkpoint-dir "\$REGDECODE_CHECKPOINT_DIR" --run-id '${meta.organism}.deeprage.${meta.id}'} --out '${meta.id}'
    """

    stub:
    """
    mkdir '${meta.id}'
    touch '${meta.id}/model.safetensors' '${meta.id}/config.json' '${meta.id}/history.tsv' '${meta.id}/metrics.json' '${meta.id}/predictions.h5ad'
    """
}
