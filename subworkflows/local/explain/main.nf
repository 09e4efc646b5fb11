// Which regulators the first preset's ensemble uses, for every gene and output.

include { ATTRIBUTE } from '../../../modules/local/attribute/main'

workflow EXPLAIN {
    take:
    cfg
    code
    features
    expression
    folds       // [fold, splits.tsv]
    selected    // [meta, model folder]

    main:
    explained = selected.filter { meta, _folder -> meta.model == cfg.presets[0].name }.map { meta, folder -> [meta.fold, meta, folder] }
    ATTRIBUTE(
        explained.combine(folds, by: 0).combine(expression).map { fold, meta, folder, splits, h5ad -> [meta + [folder: fold], folder, h5ad, splits] },
        features, cfg.attribution_engine, code.ATTRIBUTE,
    )
    attributed = ATTRIBUTE.out.folder
    regulators = ATTRIBUTE.out.regulators.map { meta, tsv -> [meta.fold, tsv] }

    attributions = ATTRIBUTE.out.files.transpose().map { meta, file -> [id: "${meta.fold}.${file.name.tokenize('.')[0]}".toString(), organism: meta.organism, fold: meta.fold, kind: file.name.tokenize('.')[0], file: file] }

    emit:
    attributed
    regulators
    attributions
}
