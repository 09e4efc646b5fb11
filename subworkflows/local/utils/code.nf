// Nextflow hashes a script in bin/, not what it imports. One fingerprint a process covers both: the script and, along its import lines, the library.

// Files of the library that the import lines of `text` name. A name that is no module (from regdecode import load_model) brings in what its package imports lazily.
def importedFiles(String text, Object bin, boolean lazily) {
    def lines = (lazily ? /(?m)^[ \t]*(from|import)[ \t]+(regdecode[\w.]*)([ \t]+import[ \t]+(\([^)]*\)|[^\n]*))?/ : /(?m)^(from|import)[ \t]+(regdecode[\w.]*)([ \t]+import[ \t]+(\([^)]*\)|[^\n]*))?/)
    return (text =~ lines).collect { match -> [match[2], match[4] ?: ''] }.collectMany { module, names ->
        def parts    = module.tokenize('.')
        def parents  = (1..parts.size()).collect { n -> [bin.resolve("${parts.take(n).join('/')}/__init__.py"), false] }
        def words    = names.replaceAll(/#[^\n]*/, '').replaceAll(/[()]/, ' ').tokenize(',').collect { name -> name.trim().tokenize(' ')[0] }.findAll { name -> name }
        def members  = words.collectMany { name -> [[bin.resolve("${parts.join('/')}/${name}.py"), true], [bin.resolve("${parts.join('/')}/${name}/__init__.py"), false]] }
        def isModule = bin.resolve("${parts.join('/')}.py").exists()
        def lazy     = !isModule && words.any { name -> !name.startsWith('__') && !bin.resolve("${parts.join('/')}/${name}.py").exists() && !bin.resolve("${parts.join('/')}/${name}").exists() }
        parents + members + [[bin.resolve("${parts.join('/')}.py"), true]] + (lazy ? [[bin.resolve("${parts.join('/')}/__init__.py"), true]] : [])
    }.findAll { item -> item[0].exists() }
}

// All files reached from `todo` ([file, whether its indented imports count]); `known` keeps what each imports, for the scripts to come.
def reach(List todo, Map seen, Object bin, Map known) {
    def fresh = todo.findAll { item -> !seen.containsKey(item[0].toString()) || (item[1] && !seen[item[0].toString()]) }
    if (!fresh) {
        return seen
    }
    def more = seen + fresh.sort { item -> item[1] ? 1 : 0 }.collectEntries { item -> [(item[0].toString()): item[1]] }
    def imported = fresh.collectMany { item -> known.computeIfAbsent(item.toString()) { _key -> importedFiles(item[0].text, bin, item[1]) } }
    return reach(imported, more, bin, known)
}

// Files that are not Python (templates, tables) count with the package they lie in.
def companions(Collection paths) {
    return paths.collect { path -> file(path).parent }.toUnique().collectMany { folder -> folder.listFiles().toList() }
        .findAll { p -> !p.isDirectory() && !(p.name ==~ /.*\.(py|pyc)/) }*.toString()
}

def fingerprint(Object script, Object bin, Map known) {
    def modules = reach([[script, true]], [:], bin, known).keySet()
    def library = modules.findAll { path -> path != script.toString() }
    def all     = (modules + companions(library)).toUnique().sort()
    return all.collect { path -> "${path - bin.toString()}\n${file(path).text}" }.join('\n').sha256().take(12)
}

// {'TRAIN_DECODE': '3fb0...', ...}, one for every script.
def codeFingerprints(String binDir) {
    def bin   = file(binDir)
    def known = [:]
    return files("${binDir}/*.py").sort { p -> p.name }.collectEntries { script -> [(script.baseName.toUpperCase()): fingerprint(script, bin, known)] }
}
