process TRAIN_DECODE {
    tag       "${meta.fold}:${meta.id}"
    label     'process_train'
    label     'process_gpu'
    container "regdecode/train_decode:0.1.0${task.accelerator ? '-gpu' : ''}"

    input:
    tuple val(meta), path(splits), path(hparams)
    path features, arity: '1..*'
    path expression
    val seed
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: model
    tuple val("${task.process}"), val('regdecode'), eval('train_decode.py --version'), topic: versions

    script:
    def tracks = features.collect { h5ad -> "--features ${h5ad}" }.join(' ')
    """
    train_decode.py ${tracks} --expression ${expression} --splits ${splits} --hparams ${hparams} --family ${meta.family} --arm '${meta.arm}' --replicate ${meta.replicate} \\
        --seed ${seed} --device ${task.accelerator ? 'cuda' : 'cpu'} --threads ${task.cpus} \\
        \${REGDECODE_CHECKPOINT_DIR:+--checkpoint-dir "\$REGDECODE_CHECKPOINT_DIR" --run-id '${meta.organism}.${meta.fold}.${meta.id}'} \\
        --out ${meta.id}
    """

    stub:
    """
    mkdir ${meta.id}
    touch ${meta.id}/model.safetensors ${meta.id}/config.json ${meta.id}/history.tsv ${meta.id}/metrics.json
    """
}
