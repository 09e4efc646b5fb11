// The organism file: read, checked against assets/organism_schema.json, its files found. Every fault is listed at once, with its line.

include { suggestion ; raise    } from './main'
include { trackName ; pairsFile } from './plan'

// Line of every key and item of a YAML text: {"regulators[0].class": 12, ...}.
def nodeLines(Object node, String path) {
    def here = [(path): node.startMark.line + 1]
    if (node instanceof org.yaml.snakeyaml.nodes.MappingNode) {
        return node.value.inject(here) { lines, pair ->
            def name = path ? "${path}.${pair.keyNode.value}".toString() : pair.keyNode.value.toString()
            lines + nodeLines(pair.valueNode, name) + [(name): pair.keyNode.startMark.line + 1]
        }
    }
    if (node instanceof org.yaml.snakeyaml.nodes.SequenceNode) {
        return node.value.withIndex().inject(here) { lines, item -> lines + nodeLines(item[0], "${path}[${item[1]}]".toString()) }
    }
    return here
}

// A YAML node as plain values. Keys stay text (YAML 1.1 takes a bare `on` for true), and only true and false are booleans.
def nodeValue(Object node) {
    if (node instanceof org.yaml.snakeyaml.nodes.MappingNode) {
        return node.value.collectEntries { pair -> [(pair.keyNode.value.toString()): nodeValue(pair.valueNode)] }
    }
    if (node instanceof org.yaml.snakeyaml.nodes.SequenceNode) {
        return node.value.collect { item -> nodeValue(item) }
    }
    def text = node.value
    if (node.scalarStyle != org.yaml.snakeyaml.DumperOptions.ScalarStyle.PLAIN) {
        return text
    }
    if (text in ['', '~', 'null']) { return null }
    if (text in ['true', 'false']) { return text == 'true' }
    if (text ==~ /[-+]?\d{1,9}/) { return text as Integer }
    return text ==~ /[-+]?(\d+\.\d*|\.\d+|\d+)([eE][-+]?\d+)?/ ? text as BigDecimal : text
}

// Keys that stand twice in one mapping: [path, what is wrong].
def repeatedKeys(Object node, String path) {
    if (node instanceof org.yaml.snakeyaml.nodes.SequenceNode) {
        return node.value.withIndex().collectMany { item, i -> repeatedKeys(item, "${path}[${i}]".toString()) }
    }
    if (!(node instanceof org.yaml.snakeyaml.nodes.MappingNode)) {
        return []
    }
    def keys = node.value.collect { pair -> pair.keyNode.value.toString() }
    return keys.findAll { key -> keys.count(key) > 1 }.toUnique().collect { key -> [path ? "${path}.${key}".toString() : key, "the key '${key}' stands twice"] } +
        node.value.collectMany { pair -> repeatedKeys(pair.valueNode, path ? "${path}.${pair.keyNode.value}".toString() : pair.keyNode.value.toString()) }
}

def typeName(Object value) {
    if (value == null) { return 'null' }
    if (value instanceof Map) { return 'object' }
    if (value instanceof List) { return 'array' }
    if (value instanceof Boolean) { return 'boolean' }
    if (value instanceof Integer || value instanceof Long || value instanceof BigInteger) { return 'integer' }
    return value instanceof Number ? 'number' : 'string'
}

def typeFits(Object value, Object wanted) {
    def type  = typeName(value)
    def names = [wanted].flatten()
    return type in names || (type == 'integer' && 'number' in names)
}

// [path, what is wrong] for every departure of `value` from `rule` (the part of JSON Schema that our schema uses).
def schemaFaults(Object value, Map given, String path, Map schema) {
    def rule = given['$ref'] ? schema['$defs'][given['$ref'].tokenize('/')[-1]] : given
    if (rule.type && !typeFits(value, rule.type)) {
        return [[path, "a ${typeName(value)} where ${[rule.type].flatten().join(' or ')} belongs"]]
    }
    def faults = []
    if (rule['enum'] && !(value in rule['enum'])) {
        faults += [[path, "'${value}' is not one of its values; ${suggestion(value.toString(), rule['enum'])}"]]
    }
    if (rule.pattern && value instanceof String && !(value ==~ rule.pattern)) {
        faults += [[path, "'${value}' is not of the form ${rule.pattern}"]]
    }
    if (value instanceof Number && rule.minimum != null && value < rule.minimum) {
        faults += [[path, "${value} is less than ${rule.minimum}"]]
    }
    if (value instanceof Number && rule.maximum != null && value > rule.maximum) {
        faults += [[path, "${value} is more than ${rule.maximum}"]]
    }
    if (value instanceof List && (value.size() < (rule.minItems ?: 0) || value.size() > (rule.maxItems ?: Integer.MAX_VALUE))) {
        faults += [[path, "${value.size()} entries where ${rule.minItems ?: 0}${rule.maxItems == rule.minItems ? '' : " to ${rule.maxItems ?: 'many'}"} belong"]]
    }
    if (value instanceof List && rule.items) {
        faults += value.withIndex().collectMany { item, i -> schemaFaults(item, rule.items, "${path}[${i}]".toString(), schema) }
    }
    if (value instanceof Map) {
        faults += objectFaults(value, rule, path, schema)
    }
    return faults
}

def objectFaults(Map value, Map rule, String path, Map schema) {
    def known   = rule.properties ?: [:]
    def prefix  = path ? "${path}." : ''
    def missing = (rule.required ?: []).findAll { key -> !value.containsKey(key) }.collect { key -> [path, "the key '${key}' is missing"] }
    def oneOf   = rule.exactlyOne && value.keySet().count { key -> key in rule.exactlyOne } != 1 ? [[path, "exactly one of ${rule.exactlyOne.join(', ')} belongs here"]] : []
    return missing + oneOf + value.collectMany { key, item ->
        if (known.containsKey(key)) {
            return schemaFaults(item, known[key], "${prefix}${key}".toString(), schema)
        }
        if (rule.additionalProperties instanceof Map) {
            return schemaFaults(item, rule.additionalProperties, "${prefix}${key}".toString(), schema)
        }
        return rule.additionalProperties == false ? [["${prefix}${key}".toString(), "unknown key '${key}'; ${suggestion(key.toString(), known.keySet())}"]] : []
    }
}

// Every file the organism names: [where it is named, its name].
def namedFiles(Map spec) {
    def reference  = spec.reference
    def regulators = spec.regulators.withIndex().collectMany { entry, i ->
        def at = "regulators[${i}]"
        [["${at}.sites", entry.sites], ["${at}.links", entry.links instanceof Map ? entry.links.file : entry.links], ["${at}.annotation.file", entry.annotation?.file]] +
            (entry.motifs ?: []).withIndex().collect { name, k -> ["${at}.motifs[${k}]", name] }
    }
    def others = [['reference.annotation.file', reference.annotation.file], ['reference.fasta', reference.fasta], ['reference.chromosomes.aliases', reference.chromosomes?.aliases],
        ['expression.matrix', spec.expression.matrix], ['expression.samples', spec.expression.samples], ['splits.genes.file', spec.splits.genes.file]]
    def cohorts = (spec.individuals ?: []).withIndex().collectMany { entry, i ->
        def at = "individuals[${i}]"
        [["${at}.matrix", entry.matrix], ["${at}.samples", entry.samples], ["${at}.genotypes.matrix", entry.genotypes?.matrix], ["${at}.genotypes.positions", entry.genotypes?.positions],
            ["${at}.pairs", pairsFile(entry)]]
    }
    def deep = spec.deeprage ? [['deeprage.regulators', spec.deeprage.regulators], ['deeprage.known_targets.file', spec.deeprage.known_targets?.file], ['deeprage.regimes.new_gene.file', spec.deeprage.regimes.new_gene?.file],
        ['deeprage.regimes.new_condition.file', spec.deeprage.regimes.new_condition?.file]] + (spec.deeprage.motifs ?: []).withIndex().collect { name, k -> ["deeprage.motifs[${k}]", name] } : []
    return (others + regulators + cohorts + deep).findAll { item -> item[1] }.collect { item -> [item[0].toString(), item[1].toString()] }
}

// Names in a design formula: columns of the sample sheet, and marker_<gene> of the genotypes. A word before a bracket is a function, Q('...')
// holds a name with spaces, other quoted text is a level.
def designNames(String formula) {
    def quoted = (formula =~ /Q\(\s*["']([^"']+)["']\s*\)/).collect { match -> match[1] }
    def plain  = formula.replaceAll(/["'][^"']*["']/, ' ')
    return (quoted + (plain =~ /([A-Za-z_][\w.]*)(\s*[(=])?/).collect { match -> [match[1], match[2]] }.findAll { item -> !item[1] }.collect { item -> item[0] }).toUnique()
}

// What a schema cannot say of the cohorts.
def cohortFaults(Map spec) {
    def ids = (spec.individuals ?: []).collect { entry -> entry.id }
    return (spec.individuals ?: []).withIndex().collectMany { entry, i ->
        def at      = "individuals[${i}]"
        def names   = designNames(entry.design)
        def known   = names + (entry.contrasts ?: [:]).keySet()
        def markers = (entry.genotypes?.near ?: []).collect { gene -> "marker_${gene}".toString() }
        def twice   = ids.indexOf(entry.id) < i ? [["${at}.id", "two cohorts are called ${entry.id}"]] : []
        def tested  = entry.test.findAll { name -> !(name in known) && !(designNames(name) && known.containsAll(designNames(name))) }.collect { name -> ["${at}.test", "'${name}' is neither in the design nor a contrast; ${suggestion(name, known)}"] }
        def strange = names.findAll { name -> name.startsWith('marker_') && !(name in markers) }.collect { name -> ["${at}.design", "no genotype ${name}; ${markers ? suggestion(name, markers) : 'genotypes.near names the genes'}"] }
        def sheet   = entry.samples ? [] : names.findAll { name -> !name.startsWith('marker_') }.collect { name -> ["${at}.design", "'${name}' is a column of a sample sheet, and there is none: samples is missing"] }
        def removed = (entry.covariates ?: []).findAll { name -> name in names }.collect { name -> ["${at}.covariates", "'${name}' is regressed out of the expression, so that the design cannot test it; leave it in one of the two"] }
        twice + tested + strange + sheet + removed
    }
}

// What a schema cannot say of the sequence models.
def deeprageFaults(Map spec) {
    if (!spec.deeprage) {
        return []
    }
    def regimes = spec.deeprage.regimes
    def series  = regimes.new_condition?.by == 'series' && !spec.deeprage.series
    def both    = regimes.new_gene_and_condition && !(regimes.new_gene && regimes.new_condition)
    def grouped = regimes.random_pair?.over == 'matrix' && ((spec.expression + (spec.deeprage.expression ?: [:])).group_by)
    return (spec.windows.sequence ? [] : [['deeprage', 'sequence models read promoters: windows.sequence is missing']]) +
        (spec.reference.fasta ? [] : [['deeprage', 'sequence models read a genome: reference.fasta is missing']]) +
        (regimes.any { _name, rule -> rule } ? [] : [['deeprage.regimes', 'no regime: name at least one']]) +
        (series ? [['deeprage.regimes.new_condition.by', 'whole series are held out: name the column of the sample sheet that holds them (deeprage.series)']] : []) +
        (spec.deeprage.series && !spec.expression.samples ? [['deeprage.series', 'the series are a column of a sample sheet: expression.samples is missing']] : []) +
        (both ? [['deeprage.regimes.new_gene_and_condition', 'it crosses the folds of new_gene and new_condition: give both']] : []) +
        (regimes.new_condition?.by == 'unit' ? [['deeprage.regimes.new_condition.by', 'conditions have no transcription units: by: series or random, or a file of folds']] : []) +
        (regimes.new_gene?.by == 'series' ? [['deeprage.regimes.new_gene.by', 'genes have no series: by: random or unit, or a file of folds']] : []) +
        (grouped ? [['deeprage.regimes.random_pair.over', 'the samples are grouped, so that no pair is a cell of the matrix: over: used']] : [])
}

// What a schema cannot say.
def crossFaults(Map spec) {
    def windows = spec.windows.decode
    def tracks  = spec.regulators.collect { entry -> trackName(entry) }
    def twice   = tracks.findAll { name -> tracks.count(name) > 1 }.toUnique().collect { name -> ['regulators', "two entries make the track ${name}; give one of them another class"] }
    def motifs  = spec.regulators.withIndex().findAll { entry, _i -> entry.motifs && !spec.reference.fasta }.collect { _entry, i -> ["regulators[${i}].motifs", 'motifs are scanned in a genome: reference.fasta is missing'] }
    def regions = spec.regulators.withIndex().findAll { entry, _i -> entry.motifs && entry.on != 'promoter' }.collect { _entry, i -> ["regulators[${i}].on", 'motifs are scanned in promoters: on: promoter'] }
    def byUnit  = ['decode', 'sequence'].findAll { name -> spec.windows[name]?.unit == 'operon' }.collect { name -> "windows.${name}.unit is operon" } +
        (spec.deeprage?.regimes?.new_gene?.by == 'unit' ? ['deeprage.regimes.new_gene is by unit'] : [])
    def operon  = byUnit && spec.reference.annotation.kind == 'table' && !spec.reference.annotation.columns?.unit && spec.reference.annotation.unit_gap == null ? [['reference.annotation.columns', "${byUnit[0]}: name the column that holds it (unit: ...), or the annotation's unit_gap"]] : []
    def need    = [chromosome: ['test', 'validation'], block: ['size', 'test', 'validation'], folds: ['file'], list: ['file'], random: ['test', 'validation']][spec.splits.genes.by]
    def splits  = !spec.regulators ? [] : need.findAll { key -> spec.splits.genes[key] == null }.collect { key -> ['splits.genes', "by: ${spec.splits.genes.by} needs the key '${key}'"] }
    return twice + motifs + regions + operon + splits + cohortFaults(spec) + deeprageFaults(spec)
}

// Where each named file is: [name: [path: a local file or null, source: its entry under sources or null]].
def findFiles(Map spec, Object yaml, Object dataDir) {
    return namedFiles(spec).collect { item -> item[1] }.toUnique().collectEntries { name ->
        def places = (name.startsWith('/') || name.contains('://') ? [file(name)] : [dataDir ? file("${dataDir}/${name}") : null, yaml.parent.resolve(name)]).findAll { p -> p }
        [(name): [path: places.find { p -> p.exists() }, source: sourceOf(spec, name), places: places*.toString()]]
    }
}

// What the sources block says of a file: {package | url | origin, member, sha256}, or null.
def sourceOf(Map spec, String name) {
    def block = (spec.sources ?: []).find { entry -> entry.files.containsKey(name) }
    return block ? block.subMap(['package', 'origin']) + block.files[name] : null
}

def fileFaults(Map spec, Map found) {
    return namedFiles(spec).findAll { item -> !found[item[1]].path && !(found[item[1]].source?.get('package') || found[item[1]].source?.url) }.collect { item ->
        def origin = found[item[1]].source?.origin
        [item[0], "no file ${item[1]} (looked for ${found[item[1]].places.join(', ')})${origin ? "; it comes from ${origin}" : ''}; put it there, or give its folder with --data_dir${origin ? '' : ', or a package or url under sources'}${item[0].startsWith('individuals') ? '; or leave people out with --systems decode' : item[0].startsWith('deeprage') ? '; or leave DeepRAGE out with --systems decode,people' : ''}"]
    }
}

// A name (a shipped organism) or a path to an organism file -> its settings, with `files` (see findFiles).
def loadOrganism(Map cfg, String assets) {
    def shipped = file("${assets}/organisms/${cfg.organism}.yml")
    def yaml    = shipped.exists() ? shipped : file(cfg.organism)
    if (!yaml.exists() || yaml.isDirectory()) {
        def names = files("${assets}/organisms/*.yml")*.baseName.sort()
        raise('the parameters', ["--organism ${cfg.organism}: neither a shipped organism nor a file; ${suggestion(cfg.organism, names)}"])
    }
    def schema = new groovy.json.JsonSlurper().parseText(file("${assets}/organism_schema.json").text)
    def root   = null
    try {
        root = new org.yaml.snakeyaml.Yaml().compose(new StringReader(yaml.text))
    }
    catch (org.yaml.snakeyaml.error.YAMLException fault) {
        raise("the organism file ${yaml}", ["not YAML: ${fault.message.readLines().collect { line -> line.trim() }.join(' ')}"])
    }
    if (!root) {
        raise("the organism file ${yaml}", ['it is empty'])
    }
    def spec   = nodeValue(root)
    def lines  = nodeLines(root, '')
    def faults = repeatedKeys(root, '') + schemaFaults(spec, schema, '', schema)
    if (!faults && cfg.test_split) {
        spec = spec + [splits: [genes: spec.splits.genes + [test: testSplit(cfg.test_split)]]]
    }
    if (!faults) {
        spec = onlySystems(spec, cfg.system_list)
    }
    faults = faults ?: crossFaults(spec)
    def found = faults ? [:] : findFiles(spec, yaml, cfg.data_dir)
    faults = faults ?: fileFaults(spec, found)
    raise("the organism file ${yaml}", faults.collect { fault -> "${lines[fault[0]] ? "line ${lines[fault[0]]}, " : ''}${fault[0] ?: 'top level'}: ${fault[1]}".toString() })
    return spec + [files: found]
}

// Without the blocks of systems that are left out, so that their files are not even looked for.
def onlySystems(Map spec, List systems) {
    def left = (('people' in systems) ? [] : ['individuals']) + (('deeprage' in systems) ? [] : ['deeprage'])
    return spec.findAll { key, _v -> !(key in left) } + (('decode' in systems) ? [:] : [regulators: [], splits: [genes: spec.splits.genes.findAll { key, _v -> key != 'file' }]])
}

// --test_split 'chr8' or '0,1;2,3': test members, folds in turn after a semicolon.
def testSplit(String text) {
    def folds = text.tokenize(';').collect { fold -> fold.tokenize(',')*.trim().collect { item -> item.isInteger() ? item as Integer : item.isNumber() ? item as Double : item } }
    return folds.size() > 1 ? folds : folds[0].size() == 1 && folds[0][0] instanceof Double ? folds[0][0] : folds[0]
}
