// Every table -> one self-contained page, its figures, and MultiQC content.

include { REPORT    } from '../../../modules/local/report/main'
include { runRecord } from '../utils/plan'

workflow REPORTS {
    take:
    org
    cfg
    code
    notes         // notes.json files
    leakage       // leakage.tsv
    selected      // [meta, model folder]
    evaluated     // [meta, folder]
    scores        // metrics.tsv of every fold and cohort
    attributed    // [meta, folder]
    people        // folders of tables about people
    cell_leakage        // leakage.tsv of DeepRAGE's cells
    cell_selected       // model folders of DeepRAGE
    cell_evaluated      // folders of DeepRAGE's figures
    cell_motifs         // folders of what its filters read
    cell_attributed     // folders of what its bases do

    main:
    // REPORT reads the topic's versions, so it must not emit to the topic: the run would hang.
    versions = channel.topic('versions').unique()
        .map { process, tool, version -> [process.tokenize(':')[-1], "  ${tool}: ${version}".toString()] }
        .groupTuple()
        .map { process, lines -> "${process}:\n${lines.toUnique().sort().join('\n')}".toString() }
        .collectFile(name: 'software_versions.yml', newLine: true, sort: true)

    // Equal texts (stub runs) are told apart by their path: the order decides the file's place, and so whether REPORT stays cached.
    metrics = scores.collectFile(name: 'metrics.tsv', keepHeader: true, sort: { tsv -> tsv.text + tsv.toString() })

    REPORT(
        runRecord(org, cfg, workflow.manifest), cfg.presets[0].name,
        notes.toSortedList { a, b -> a.name <=> b.name },
        leakage.ifEmpty([]), metrics, versions,
        selected.map { _meta, folder -> folder }.toSortedList { a, b -> a.toString() <=> b.toString() },
        evaluated.map { _meta, folder -> folder }.toSortedList { a, b -> a.name <=> b.name },
        attributed.map { _meta, folder -> folder }.toSortedList { a, b -> a.name <=> b.name },
        people.toSortedList { a, b -> a.name <=> b.name },
        cell_leakage.ifEmpty([]),
        cell_selected.toSortedList { a, b -> a.name <=> b.name },
        cell_evaluated.toSortedList { a, b -> a.name <=> b.name },
        cell_motifs.toSortedList { a, b -> a.name <=> b.name },
        cell_attributed.toSortedList { a, b -> a.name <=> b.name },
        files("${projectDir}/assets/report/*").sort { f -> f.name },
        code.REPORT,
    )
    published = REPORT.out.page.mix(REPORT.out.notes, REPORT.out.figures, REPORT.out.multiqc)

    emit:
    published
    metrics
    versions
}
