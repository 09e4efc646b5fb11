// Starts Nextflow 25.04 with its `output {}` block on: a preview there, stable from 25.10.
def preview = nextflow.NextflowMeta.instance.preview
preview.@output = true
nextflow.cli.Launcher.main(args)
