// What a checked organism file and the parameters ask for, as plain lists: the subworkflows turn them into channels.
// No includes here: the newer parser refuses them in a file that several others include.

def trackName(Map entry) {
    return "${entry['class']}_${entry.on}".toString()
}

def json(Object value) {
    return groovy.json.JsonOutput.toJson(value)
}

// FETCH tasks: one a package or URL, one a local file whose digest is known. [id, source (JSON), local file or []], and the files that need none.
def fetchPlan(Map org) {
    def named  = org.files.collect { name, entry -> [name: name, base: file(name).name, path: entry.path, source: entry.source] }
    def local  = named.findAll { f -> f.path && f.source?.sha256 }.collect { f -> [id: f.name, names: [(f.base): f.name], source: json([files: [(f.base): [sha256: f.source.sha256]]]), local: f.path] }
    def remote = named.findAll { f -> !f.path }.groupBy { f -> f.source['package'] ?: f.source.url }.collect { origin, members ->
        def where = members[0].source['package'] ? ['package': origin] : [url: origin]
        [id: origin, names: members.collectEntries { f -> [(f.base): f.name] }, local: [],
            source: json(where + [files: members.sort { f -> f.base }.collectEntries { f -> [(f.base): f.source.subMap(['member', 'sha256'])] }])]
    }
    return [tasks: (local + remote).sort { t -> t.id }, direct: named.findAll { f -> f.path && !f.source?.sha256 }.collect { f -> [f.name, f.path] }]
}

// One reference a genome build: the organism's own, and each that a regulator class brings.
def buildPlan(Map org) {
    def own   = [id: 'main', annotation: org.reference.annotation, chromosomes: org.reference.chromosomes ?: [:], fasta: org.reference.fasta]
    def other = org.regulators.findAll { entry -> entry.annotation }.collect { entry -> [id: buildOf(entry), annotation: entry.annotation, chromosomes: entry.chromosomes ?: [:], fasta: null] }
    return ([own] + other).unique { b -> b.id }.collect { b ->
        def config = b.annotation.findAll { key, _v -> key != 'file' } + [chromosomes: b.chromosomes.findAll { key, _v -> key != 'aliases' }, windows: b.id == 'main' ? org.windows : org.windows.subMap(['decode'])]
        [id: b.id, annotation: b.annotation.file, fasta: b.fasta, aliases: b.chromosomes.aliases, config: json(config)]
    }
}

def buildOf(Map entry) {
    return entry.annotation ? file(entry.annotation.file).name.tokenize('.')[0] : 'main'
}

def scanPlan(Map org) {
    return org.regulators.findAll { entry -> entry.motifs }.collect { entry ->
        [id: trackName(entry), motifs: entry.motifs, config: json(['class': entry['class']] + entry.subMap(['p_value', 'motif_name', 'motif_rename', 'motif_keep', 'motif_by', 'background', 'pseudocount']))]
    }
}

// One track a regulator class and region; where genes share transcription units, a promoter class is counted before the unit's first gene too.
def trackPlan(Map org) {
    def windows = org.windows.decode
    return org.regulators.collectMany { entry ->
        def links   = entry.links instanceof Map ? entry.links : [file: entry.links]
        def columns = entry.links ? [columns: links.findAll { key, _v -> key != 'file' }] : entry.subMap(['columns'])
        def base    = [name: trackName(entry), 'class': entry['class'], on: entry.links || entry.structure ? 'gene' : entry.on, region: entry.on, promoter: windows.promoter, bin: windows.bin, anchor: windows.anchor,
            min_genes: entry.min_genes] + entry.subMap(['signed']) + columns
        def twin    = windows.unit == 'operon' && entry.on == 'promoter' && !entry.links && !entry.structure ? [base + [name: "${entry['class']}_unit_promoter".toString(), on: 'unit_promoter']] : []
        ([base] + twin).collect { config -> [id: config.name, build: buildOf(entry), scan: entry.motifs ? trackName(entry) : null, file: entry.sites ?: links.file, source: entry.links ? 'links' : entry.structure ? 'structure' : 'sites', config: json(config)] }
    }
}

// Matrices to normalise: the organism's own, the same for sequence models where they want it otherwise, and each cohort's.
// [id, file, cohort (null: the organism's own), matrix, samples, config].
def expressionPlan(Map org) {
    def keys = ['kind', 'columns', 'filter', 'pseudocount', 'quantile', 'normalise', 'covariates', 'drop', 'separator', 'unannotated', 'aggregate', 'group_by']
    def said = org.expression.findAll { key, _v -> !(key in ['matrix', 'samples']) }
    def own  = [id: org.id, file: 'expression', cohort: null, matrix: org.expression.matrix, samples: org.expression.samples, config: json(said)]
    def deep = org.deeprage?.expression ? [own + [id: "${org.id}.deeprage".toString(), file: 'deeprage.expression', config: json(said + org.deeprage.expression)]] : []
    return [own] + deep + cohorts(org).collect { entry -> [id: entry.id, file: "${entry.id}.expression".toString(), cohort: entry.id, matrix: entry.matrix, samples: entry.samples, config: json(entry.subMap(keys))] }
}

// Cohorts of the run, in the order of their ids.
def cohorts(Map org) {
    return (org.individuals ?: []).toSorted { a, b -> a.id <=> b.id }
}

// The file of a cohort's gene pairs; null where the strongest predicted pairs are screened.
def pairsFile(Map entry) {
    return entry.pairs in [null, 'auto'] ? null : entry.pairs
}

// What is asked of each cohort: [id, model, pairs, genotypes, positions, config of the association].
def peoplePlan(Map org) {
    return cohorts(org).collect { entry ->
        def genotypes = entry.genotypes ? [genotypes: entry.genotypes.findAll { key, _v -> !(key in ['matrix', 'positions']) }] : [:]
        [id: entry.id, model: entry.model != false, pairs: pairsFile(entry), genotypes: entry.genotypes?.matrix, positions: entry.genotypes?.positions,
            config: json(entry.subMap(['design', 'test', 'contrasts', 'trend', 'robust', 'latent', 'latent_from', 'permutations', 'top']) + genotypes)]
    }
}

// Arms of which people's models are made too: both sides shuffled in turn, where there are two sides.
def peopleArms(Map org, Map cfg) {
    return ['all'] + trainPlan(org, cfg)*.arm.toUnique().findAll { arm -> arm in ['shuffled_rna', 'shuffled_promoter'] }
}

// Split settings; `required`: the tracks whose classes every gene must have a site of.
def splitPlan(Map org) {
    def required = org.regulators.findAll { entry -> entry.required }.collect { entry -> trackName(entry) }
    def rule     = org.splits.genes.file ? org.splits.genes + [file: file(org.splits.genes.file).name] : org.splits.genes
    return json(rule + [required: required])
}

// Names of the folds, as SPLIT gives them (for stub runs).
def foldNames(Map org) {
    def rule = org.splits.genes
    def test = rule.test instanceof List ? (rule.test[0] instanceof List ? rule.test : [rule.test]) : null
    return test ? test.collect { fold -> fold.join('+') } : [rule.by]
}

// TRAIN tasks of one fold: [model, hparams, family, replicate, arm].
def trainPlan(Map org, Map cfg) {
    def whole   = cfg.presets.collectMany { preset -> preset.members.collectMany { family, n -> (1..n).collect { k -> [model: preset.name, hparams: preset.hparams, family: family, replicate: k, arm: 'all'] } } }
    def first   = cfg.presets[0]
    def regions = org.regulators.collect { entry -> entry.on }
    def rna     = regions.contains('rna')
    def other   = regions.any { on -> on != 'rna' }
    def arms    = !cfg.ablation ? [] : rna && other ? ['shuffled_rna', 'shuffled_promoter', 'shuffled_all'] : ['shuffled_all']
    def single  = cfg.single_task_outputs ? (1..cfg.single_task_outputs).collect { i -> "single_task:${i}/${cfg.single_task_outputs}".toString() } : []
    def extra   = (arms + single).collectMany { arm -> (1..cfg.ablation_replicates).collect { k -> [model: first.name, hparams: first.hparams, family: 'network', replicate: k, arm: arm] } }
    return whole + extra
}

// What DeepRAGE reads: names of files in the organism file, and a config for each of its steps, so that an edit of one redoes no other.
def deepragePlan(Map org) {
    if (!org.deeprage) {
        return [on: false, motifs: [], tables: [], folds: [], coding: false, options: '', split: '', learn: '', explain: '', attribute: '']
    }
    def block   = org.deeprage
    def regimes = block.regimes
    def learnt  = block.subMap(['regulators', 'regulator_column', 'missing', 'classes', 'series'])
    def drawn   = regimes.random_pair instanceof Map && regimes.random_pair.over == 'matrix'
    return [on: true, regulators: block.regulators, motifs: block.motifs ?: [], targets: block.known_targets?.file, coding: block.coding != false, folds: cellFolds(regimes),
        tables: [regimes.new_gene?.file, regimes.new_condition?.file].findAll { name -> name }, matrix: drawn ? org.expression.matrix : null,
        options: (org.expression.separator ? "--separator '${org.expression.separator}' " : '') + (org.expression.columns?.gene ? "--gene-column '${org.expression.columns.gene}'" : ''),
        split: json(learnt + [regimes: regimes]), learn: json(learnt), explain: json(learnt + block.subMap(['known_targets', 'explain'])),
        attribute: (repeated('--gene', block.attribute?.genes) + repeated('--condition', block.attribute?.conditions)).join(' ')]
}

// An option repeated for every name, each quoted for the shell.
def repeated(String option, List names) {
    def quote = "'"
    return (names ?: []).collect { name -> "${option} '${name.replace(quote, /'\''/)}'".toString() }
}

// Names of the folds that SPLIT_CELLS gives, as far as the organism file says (for stub runs).
def cellFolds(Map regimes) {
    return regimes.findAll { _regime, rule -> rule }.collectMany { regime, rule ->
        def listed = rule instanceof Map && rule.folds ? rule.folds : regime == 'random_pair' ? [0] : [0, 1]
        listed.collect { fold -> "${regime}.${fold}".toString() }
    }
}

// Name of a fold within its regime, so that numbers sort as numbers.
def foldKey(String fold) {
    def name = fold.tokenize('.').drop(1).join('.')
    return name.isInteger() ? name.padLeft(12, '0') : name
}

// Folds that are tested, of all that SPLIT_CELLS wrote: the regimes asked for in their order, the first folds of each. The first of all is explained.
def testedCells(List files, Map cfg) {
    def order  = ['new_gene', 'new_condition', 'random_pair', 'new_gene_and_condition']
    def asked  = cfg.deeprage_regimes ? cfg.deeprage_regimes.tokenize(',')*.trim() : order
    def named  = files.collect { f -> [fold: f.name - '.cells.h5ad', file: f] }.collect { c -> c + [regime: c.fold.tokenize('.')[0]] }
    def sorted = named.toSorted { a, b -> foldKey(a.fold) <=> foldKey(b.fold) }
    def tested = order.findAll { regime -> regime in asked }.collectMany { regime -> sorted.findAll { c -> c.regime == regime }.take(cfg.deeprage_folds as int) }
    return tested.withIndex().collect { c, i -> c + [explained: i == 0] }
}

// Networks of one fold: [model, hparams, replicate].
def deeprageTrainPlan(Map cfg) {
    return cfg.deeprage_presets.collectMany { preset -> (1..preset.members).collect { k -> [model: preset.name, hparams: preset.hparams, replicate: k] } }
}

// The comparators asked for that the regime can have; [] for all of these.
def cellBaselines(Map cfg, String regime, boolean motifs) {
    def where = [svd: ['random_pair'], chained_ridge: ['random_pair'], regulator_ridge: ['new_condition', 'new_gene_and_condition']]
    def asked = cfg.deeprage_baselines ? cfg.deeprage_baselines.tokenize(',')*.trim() : []
    return asked.findAll { name -> (!where[name] || regime in where[name]) && (motifs || !(name in ['motif_ridge', 'sequence_ridge', 'geneclass'])) }
}

// What was run, for the report: nothing that changes from run to run.
def runRecord(Map org, Map cfg, Object manifest) {
    def chosen = cfg.findAll { key, _value -> !(key in ['presets', 'deeprage_presets', 'baseline_list', 'system_list', 'outdir', 'publish_dir_mode', 'max_cpus', 'max_memory', 'checkpoint_dir', 'gpus_per_task', 'help', 'data_dir']) }
    def files  = org.files.collectEntries { name, entry -> [(name): entry.source ? (entry.source['package'] ?: entry.source.url ?: entry.source.origin ?: 'checked') : 'given'] }
    return json([pipeline: [name: manifest.name, version: manifest.version], params: chosen, organism: org.findAll { key, _v -> !(key in ['files', 'sources']) }, files: files,
        presets: cfg.presets.collect { p -> [name: p.name, members: p.members] }, folds: foldNames(org)] +
        (org.deeprage ? [deeprage: [presets: cfg.deeprage_presets.collect { p -> [name: p.name, members: p.members] }]] : [:]))
}
