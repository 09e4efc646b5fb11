// A missing container image is named before any task starts.

include { refuse } from './main'

// Images the run's processes ask for, from the container lines of their modules.
def wantedImages(Map org, String modules, boolean gpu) {
    def people = org.individuals ? [] : ['finetune_decode', 'evaluate_people', 'associate', 'replicate', 'knock_out', 'mediate']
    def deep   = org.deeprage ? [] : ['split_cells', 'train_deeprage', 'select_deeprage', 'baselines_deeprage', 'evaluate_deeprage', 'motifs', 'attribute_deeprage']
    def decode = org.regulators ? [] : ['bin_sites', 'split', 'train_decode', 'select_models', 'baselines', 'evaluate', 'attribute', 'activity']
    def unused = people + deep + decode + (org.regulators.any { entry -> entry.motifs } ? [] : ['scan_motifs'])
    return files("${modules}/*/main.nf").findAll { path -> !(path.parent.name in unused) }.collect { path ->
        def line = (path.text =~ /container\s+["']([^"'\$]+)/)
        line.find() ? line.group(1) + (gpu && path.text.contains('process_gpu') ? '-gpu' : '') : null
    }.findAll { name -> name }.toUnique().sort()
}

def isPresent(String engine, String image, Map settings) {
    if (engine in ['docker', 'podman']) {
        return ['sh', '-c', "${engine} image inspect '${image}' >/dev/null 2>&1"].execute().waitFor() == 0
    }
    def stored = image.replaceAll('[/:]', '-') + '.img'
    return [settings.libraryDir, settings.cacheDir].any { folder -> folder && file("${folder}/${stored}").exists() }
}

def checkImages(Map org, String modules, Object engine, String profile) {
    def settings = engine ? nextflow.Global.config[engine.toString()] ?: [:] : [:]
    if (!engine || settings.registry) {
        return
    }
    def missing = wantedImages(org, modules, 'gpu' in profile.tokenize(',')).findAll { image -> !isPresent(engine.toString(), image, settings) }
    if (missing) {
        refuse("no image of ${missing.join(', ')}\n  - build them on this machine: make images\n  - or name the registry that has them: ${engine}.registry = '...' in a config file given with -c")
    }
}
