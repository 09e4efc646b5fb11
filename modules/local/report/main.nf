process REPORT {
    tag       'all'
    label     'process_single'
    container "regdecode/report:0.1.0"

    input:
    val run
    val primary
    path notes, stageAs: 'inputs/notes/*'
    path leakage, stageAs: 'leakage.tsv'
    path metrics, stageAs: 'inputs/metrics.tsv'
    path versions, stageAs: 'inputs/software_versions.yml'
    path selected, stageAs: 'selected/*'
    path evaluated, stageAs: 'evaluated/*'
    path attributed, stageAs: 'attributed/*'
    path people, stageAs: 'people/*'
    path cell_leakage, stageAs: 'deeprage/leakage.tsv'
    path cell_selected, stageAs: 'deeprage/selected/*'
    path cell_evaluated, stageAs: 'deeprage/evaluated/*'
    path cell_motifs, stageAs: 'deeprage/motifs/*'
    path cell_attributed, stageAs: 'deeprage/attributed/*'
    path page, stageAs: 'report_assets/*'
    val code

    output:
    path 'report.html', emit: page
    path 'notes.tsv', emit: notes
    path 'figures', emit: figures
    path 'multiqc', emit: multiqc

    script:
    """
    cat > inputs/run.json <<'END_OF_RUN'
    ${run}
    END_OF_RUN
    printf '%s' "\${REGDECODE_RUN:-}" | base64 -d > inputs/nextflow.json
    mkdir -p inputs/folds
    [ ! -e deeprage ] || ln -s "\$PWD/deeprage" inputs/deeprage
    for folder in evaluated/*; do
        [ -e "\$folder" ] || continue
        fold=\$(basename "\$folder")
        mkdir -p "inputs/folds/\$fold/history"
        cp leakage.tsv "inputs/folds/\$fold/leakage.tsv"
        ln -s "\$PWD/evaluated/\$fold" "inputs/folds/\$fold/evaluate"
        ln -s "\$PWD/attributed/\$fold" "inputs/folds/\$fold/attribute"
    done
    for folder in selected/*; do
        [ -e "\$folder" ] || continue
        name=\$(basename "\$folder")
        fold=\${name%.*}
        if [ "\${name##*.}" = '${primary}' ]; then ln -s "\$PWD/\$folder" "inputs/folds/\$fold/select"; fi
        for member in "\$folder"/members/*/history.tsv; do
            [ ! -e "\$member" ] || cp "\$member" "inputs/folds/\$fold/history/\${name##*.}.\$(basename "\$(dirname "\$member")").tsv"
        done
    done
    for folder in people/*; do
        [ -e "\$folder" ] || continue
        name=\$(basename "\$folder")
        for place in inputs/folds/*; do
            rest=\${name#"\$(basename "\$place")."}
            [ "\$rest" != "\$name" ] || continue
            what=\${rest%%.*}
            cohort=\${rest#"\$what"}
            mkdir -p "\$place/cohorts/\${cohort#.}"
            ln -s "\$PWD/\$folder" "\$place/\${cohort:+cohorts/\${cohort#.}/}\$what"
        done
    done
    report.py --inputs inputs --assets report_assets --out page
    mv page/report.html page/notes.tsv page/figures page/multiqc .
    """

    stub:
    """
    mkdir figures multiqc
    touch report.html notes.tsv
    """
}
