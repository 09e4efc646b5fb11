// Parameters: typed and checked against nextflow_schema.json, every fault listed at once.

def readSchema(String path) {
    def schema = new groovy.json.JsonSlurper().parseText(file(path).text)
    return schema['$defs'].values().collectMany { group -> group.properties.entrySet().toList() }.collectEntries { entry -> [(entry.key): entry.value] }
}

// How many single-letter edits turn one word into the other.
def distance(String a, String b) {
    def last = a.toList().inject((0..b.size()).toList()) { previous, letter ->
        b.toList().withIndex().inject([previous[0] + 1]) { row, item ->
            row + [[row[item[1]] + 1, previous[item[1] + 1] + 1, previous[item[1]] + (item[0] == letter ? 0 : 1)].min()]
        }
    }
    return last[-1]
}

// "; did you mean x?" where a known name is near, else the list of names.
def suggestion(String name, Collection known) {
    def near = known.min { k -> distance(name.toLowerCase(), k.toString().toLowerCase()) }
    if (near && distance(name.toLowerCase(), near.toString().toLowerCase()) <= Math.max(2, name.size().intdiv(3))) {
        return "did you mean ${near}?"
    }
    return "known: ${known.join(', ')}"
}

// The user's fault: one message and exit status 2, as from the scripts.
def refuse(String message) {
    System.err.println("\n${message}\n")
    System.exit(2)
}

def raise(String what, List faults) {
    if (faults) {
        refuse("${faults.size() == 1 ? 'one fault' : "${faults.size()} faults"} in ${what}:\n${faults.collect { fault -> "  - ${fault}" }.join('\n')}")
    }
}

// A command-line string as the type its schema names; [value, fault].
def castParam(String name, Object value, Map rule) {
    def text = value == null ? '' : value.toString().trim()
    if (text == '') {
        return [null, null]
    }
    if (rule.type == 'integer') {
        return text ==~ /[+-]?\d+/ ? [text as Long, null] : [null, "--${name} ${text}: not a whole number"]
    }
    if (rule.type == 'number') {
        return text.isNumber() ? [text as BigDecimal, null] : [null, "--${name} ${text}: not a number"]
    }
    if (rule.type == 'boolean') {
        return text in ['true', 'false'] ? [text == 'true', null] : [null, "--${name} ${text}: neither true nor false"]
    }
    return [text, null]
}

def valueFaults(String name, Object value, Map rule) {
    if (value == null) {
        return []
    }
    def items = rule.separator ? value.tokenize(rule.separator)*.trim() : [value]
    def faults = []
    if (rule['enum'] && !(value in rule['enum'])) {
        faults += ["--${name} ${value}: ${suggestion(value.toString(), rule['enum'])}"]
    }
    if (rule.separator && !items) {
        faults += ["--${name} ${value}: an empty list"]
    }
    if (rule.items && rule.items['enum']) {
        faults += items.findAll { item -> !(item in rule.items['enum']) }.collect { item -> "--${name}: no '${item}'; ${suggestion(item, rule.items['enum'])}".toString() }
    }
    if (items.toUnique().size() < items.size()) {
        faults += ["--${name} ${value}: an entry is there twice"]
    }
    if (rule.minimum != null && value < rule.minimum) {
        faults += ["--${name} ${value}: less than ${rule.minimum}"]
    }
    if (rule.maximum != null && value > rule.maximum) {
        faults += ["--${name} ${value}: more than ${rule.maximum}"]
    }
    if (rule.pattern && !(value.toString() ==~ rule.pattern)) {
        faults += ["--${name} ${value}: not of the form ${rule.form ?: rule.pattern}"]
    }
    if (rule.format == 'directory-path' && rule.exists && !file(value.toString()).isDirectory()) {
        faults += ["--${name} ${value}: no such folder"]
    }
    return faults*.toString()
}

// A preset's file: assets/<system>/<name>.yml, or the user's own.
def presetFile(String name, String root, String system) {
    def shipped = file("${root}/assets/${system}/${name}.yml")
    return name ==~ /.*\.ya?ml/ ? file(name) : shipped
}

def readYaml(Object path) {
    return new org.yaml.snakeyaml.Yaml(new org.yaml.snakeyaml.constructor.SafeConstructor(new org.yaml.snakeyaml.LoaderOptions())).load(path.text)
}

// The presets named by --models: [name, hparams (a file), members: {family: count}].
def presets(String models, Object replicates, String root) {
    return models.tokenize(',')*.trim().collect { name ->
        def hparams = presetFile(name, root, 'decode')
        def said    = readYaml(hparams)
        def members = ([network: 4] + (said.trees ? [trees: 1] : [:]) + (said.members ?: [:])).findAll { _family, count -> count > 0 }
        if (replicates != null && members.network) {
            members = members + [network: replicates as int]
        }
        [name: said.model ?: hparams.baseName, hparams: hparams, members: members]
    }
}

// The presets named by --deeprage_models: [name, hparams (a file), members: how many networks].
def deepragePresets(String models, Object replicates, String root) {
    return models.tokenize(',')*.trim().collect { name ->
        def hparams = presetFile(name, root, 'deeprage')
        def said    = readYaml(hparams)
        [name: said.model ?: hparams.baseName, hparams: hparams, members: (replicates ?: said.members ?: 1) as int]
    }
}

// Presets that are neither shipped nor a file.
def presetFaults(String option, Object models, String root, String system) {
    return (models ?: '').tokenize(',')*.trim().findAll { name -> !presetFile(name, root, system).exists() }.collect { name ->
        def shipped = files("${root}/assets/${system}/*.yml")*.baseName.sort()
        "--${option}: no preset '${name}' and no such YAML file; ${suggestion(name, shipped)}".toString()
    }
}

def sameName(String option, List found) {
    def names = found*.name
    return names.findAll { name -> names.count(name) > 1 }.toUnique().collect { name -> "--${option}: two presets say 'model: ${name}'".toString() }
}

def resolveParams(Map given, String schemaPath, String root) {
    def rules  = readSchema(schemaPath)
    def camel  = given.keySet().findAll { name -> name.contains('-') }.collect { name -> name.replaceAll(/-(\w)/) { match -> match[1].toUpperCase() } }
    def faults = given.keySet().findAll { name -> !rules.containsKey(name) && !(name in camel) }.collect { name ->
        "--${name}: unknown; ${suggestion(name.replace('-', '_'), rules.keySet())}".toString()
    }
    def values = [:]
    rules.each { name, rule ->
        def cast = castParam(name, given[name], rule)
        values[name] = cast[0]
        faults = faults + (cast[1] ? [cast[1].toString()] : valueFaults(name, cast[0], rule))
        if (rule.required && cast[0] == null && !cast[1]) {
            faults = faults + ["--${name}: needed".toString()]
        }
    }
    faults = faults + presetFaults('models', values.models, root, 'decode') + presetFaults('deeprage_models', values.deeprage_models, root, 'deeprage')
    values.system_list = (values.systems ?: '').tokenize(',')*.trim()
    if ('people' in values.system_list && !('decode' in values.system_list)) {
        faults = faults + ["--systems ${values.systems}: people's models start from those of decode; name both".toString()]
    }
    raise('the parameters', faults)
    values.presets = presets(values.models, values.replicates, root)
    values.deeprage_presets = deepragePresets(values.deeprage_models, values.deeprage_replicates, root)
    raise('the parameters', sameName('models', values.presets) + sameName('deeprage_models', values.deeprage_presets))
    values.baseline_list = values.baselines.tokenize(',')*.trim()
    return values
}

// How the run was started, for the report. It travels in the environment of the tasks, which is no part of their hash: a report that nothing
// else has changed stays cached, and says how the run that made it was started.
def describeRun(Object run, Object version) {
    def facts = [version: version, command: run.commandLine, start: run.start.format('yyyy-MM-dd HH:mm'), profile: run.profile, containers: run.containerEngine ?: 'none', revision: run.commitId ?: run.revision, 'run name': run.runName]
    def text  = groovy.json.JsonOutput.toJson(facts.collectEntries { key, value -> [(key): value == null ? '' : value.toString()] })
    nextflow.Global.config.env = (nextflow.Global.config.env ?: [:]) + [REGDECODE_RUN: text.bytes.encodeBase64().toString()]
}

def helpText(String schemaPath) {
    def schema = new groovy.json.JsonSlurper().parseText(file(schemaPath).text)
    def groups = schema['$defs'].values().collect { group ->
        def lines = group.properties.collect { name, rule ->
            def choice = rule['enum'] ? " (${rule['enum'].join(' | ')})" : ''
            "  --${name.padRight(22)}${rule.description}${choice}${rule.default != null ? " [${rule.default}]" : ''}"
        }
        "${group.title}\n${lines.join('\n')}"
    }
    return "nextflow run main.nf [-profile docker,gpu] [--organism NAME|FILE.yml] [--data_dir FOLDER]\n\n${groups.join('\n\n')}\n"
}
