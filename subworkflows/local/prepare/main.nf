// The user's files -> features (bins x regulators), normalised expression, and the folds of genes.

include { FETCH       } from '../../../modules/local/fetch/main'
include { REFERENCE   } from '../../../modules/local/reference/main'
include { EXPRESSION  } from '../../../modules/local/expression/main'
include { SCAN_MOTIFS } from '../../../modules/local/scan_motifs/main'
include { BIN_SITES   } from '../../../modules/local/bin_sites/main'
include { SPLIT       } from '../../../modules/local/split/main'
include { fetchPlan ; buildPlan ; scanPlan ; trackPlan ; expressionPlan ; splitPlan ; foldNames } from '../utils/plan'

workflow PREPARE {
    take:
    org     // Map: the organism file
    cfg     // Map: the parameters
    code    // Map: process -> fingerprint

    main:
    // sources: one Map, name in the organism file -> file
    def fetch = fetchPlan(org)
    FETCH(channel.fromList(fetch.tasks).map { t -> [[id: t.id, names: t.names], t.source, t.local] }, code.FETCH)
    sources = FETCH.out.files
        .flatMap { meta, found -> [found].flatten().collect { f -> [meta.names[f.name], f] } }
        .mix(channel.fromList(fetch.direct))
        .toList()
        .map { pairs -> pairs.collectEntries() }

    REFERENCE(channel.fromList(buildPlan(org)).combine(sources).map { b, s -> [[id: b.id], s[b.annotation], b.fasta ? s[b.fasta] : [], b.aliases ? s[b.aliases] : [], b.config] }, code.REFERENCE)
    genes     = REFERENCE.out.tables.filter { meta, _genes, _models, _chromosomes -> meta.id == 'main' }.map { _meta, table, _models, _chromosomes -> table }.first()
    promoters = REFERENCE.out.promoters.filter { meta, _fasta -> meta.id == 'main' }.map { _meta, fasta -> fasta }
    sequences = REFERENCE.out.sequences.filter { meta, _fasta -> meta.id == 'main' }.map { _meta, fasta -> fasta }.first()
    coding    = REFERENCE.out.coding.filter { meta, _fasta -> meta.id == 'main' }.map { _meta, fasta -> fasta }.ifEmpty([]).first()   // none: no CDS

    EXPRESSION(
        channel.fromList(expressionPlan(org)).combine(sources).map { e, s -> [[id: e.id, cohort: e.cohort, file: e.file], s[e.matrix], e.samples ? s[e.samples] : [], e.config] },
        genes, code.EXPRESSION,
    )
    expression = EXPRESSION.out.expression.filter { meta, _h5ad -> meta.file == 'expression' }.map { _meta, h5ad -> h5ad }.first()
    compendium = EXPRESSION.out.expression.filter { meta, _h5ad -> meta.file == (org.deeprage?.expression ? 'deeprage.expression' : 'expression') }.map { _meta, h5ad -> h5ad }.first()
    cohorts    = EXPRESSION.out.expression.filter { meta, _h5ad -> meta.cohort }.map { meta, h5ad -> [meta.cohort, h5ad] }

    SCAN_MOTIFS(channel.fromList(scanPlan(org)).combine(sources).combine(promoters).map { c, s, fasta -> [[id: c.id], fasta, c.motifs.collect { name -> s[name] }, c.config] }, code.SCAN_MOTIFS)

    def tracks = trackPlan(org)
    given   = channel.fromList(tracks.findAll { t -> !t.scan }).combine(sources).map { t, s -> [t.build, t, t.file ? s[t.file] : []] }
    scanned = channel.fromList(tracks.findAll { t -> t.scan }).map { t -> [t.scan, t] }.combine(SCAN_MOTIFS.out.sites.map { meta, bed -> [meta.id, bed] }, by: 0).map { _scan, t, bed -> [t.build, t, bed] }
    BIN_SITES(
        given.mix(scanned).combine(REFERENCE.out.tables.map { meta, table, models, chromosomes -> [meta.id, table, models, chromosomes] }, by: 0)
            .map { _build, t, bed, table, models, chromosomes -> [[id: t.id, source: t.source], bed, table, models, chromosomes, t.config] },
        code.BIN_SITES,
    )
    features = BIN_SITES.out.features.map { _meta, h5ad -> h5ad }.toSortedList { a, b -> a.name <=> b.name }.filter { all -> all }     // none: no DEcode

    def list = org.splits.genes.file
    SPLIT(genes, expression, features, list ? sources.map { s -> s[list] } : [], [id: org.id, folds: foldNames(org)], splitPlan(org), cfg.seed, code.SPLIT)
    folds   = SPLIT.out.splits.flatten().map { tsv -> [tsv.name - '.splits.tsv', tsv] }
    leakage = SPLIT.out.leakage

    notes = REFERENCE.out.notes.mix(EXPRESSION.out.notes, SCAN_MOTIFS.out.notes, BIN_SITES.out.notes, SPLIT.out.notes)

    prepared = genes.map { f -> [id: 'genes', organism: org.id, fold: '', kind: 'genes', file: f] }
        .mix(expression.map { f -> [id: 'expression', organism: org.id, fold: '', kind: 'expression', file: f] })
        .mix(cohorts.map { cohort, f -> [id: "${cohort}.expression".toString(), organism: org.id, fold: '', kind: 'expression', file: f] })
        .mix(channel.fromList(org.deeprage?.expression ? [1] : []).combine(compendium).map { _one, f -> [id: 'deeprage.expression', organism: org.id, fold: '', kind: 'expression', file: f] })
        .mix(BIN_SITES.out.features.map { meta, f -> [id: meta.id, organism: org.id, fold: '', kind: 'features', file: f] })
        .mix(folds.map { fold, f -> [id: "${fold}.splits".toString(), organism: org.id, fold: fold, kind: 'splits', file: f] })
        .mix(leakage.map { f -> [id: 'splits.leakage', organism: org.id, fold: '', kind: 'leakage', file: f] })

    emit:
    sources
    genes
    sequences
    coding
    features
    expression
    compendium
    cohorts
    folds
    leakage
    notes
    prepared
}
