process FINETUNE_DECODE {
    tag       "${meta.id}"
    label     'process_train'
    label     'process_gpu'
    container "regdecode/finetune_decode:0.1.0${task.accelerator ? '-gpu' : ''}"

    input:
    tuple val(meta), path(models, stageAs: 'models/*', arity: '1..*'), path(expression), path(splits)
    path features, arity: '1..*'
    path hparams
    val seed
    val code

    output:
    tuple val(meta), path("${meta.id}"), emit: model
    tuple val("${task.process}"), val('regdecode'), eval('finetune_decode.py --version'), topic: versions

    script:
    def start  = models.collect { folder -> "--model ${folder}" }.join(' ')
    def tracks = features.collect { h5ad -> "--features ${h5ad}" }.join(' ')
    """
    finetune_decode.py ${start} ${tracks} --expression ${expression} --splits ${splits} --hparams ${hparams} --arm ${meta.arm} --cohort ${meta.cohort} \\
        --seed ${seed} --device ${task.accelerator ? 'cuda' : 'cpu'} --threads ${task.cpus} \\
        \${REGDECODE_CHECKPOINT_DIR:+--checkpoint-dir "\$REGDECODE_CHECKPOINT_DIR" --run-id '${meta.organism}.${meta.id}'} --out '${meta.id}'
    """

    stub:
    """
    mkdir '${meta.id}'
    touch '${meta.id}/model.safetensors' '${meta.id}/config.json' '${meta.id}/history.tsv' '${meta.id}/metrics.json'
    """
}
