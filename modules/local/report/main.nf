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
    path selected, stageAs: 'selected/*', arity: '1..*'
    path evaluated, stageAs: 'evaluated/*', arity: '1..*'
    path attributed, stageAs: 'attributed/*', arity: '1..*'
    path people, stageAs: 'people/*'
    path page, stageAs: 'report_assets/*'
    val code

    output:
    path 'report.html', emit: page
    path 'figures', emit: figures
    path 'multiqc', emit: multiqc

    script:
    """
    cat > inputs/run.json <<'END_OF_RUN'
    ${run}
    END_OF_RUN
    printf '%s' "\${REGDECODE_RUN:-}" | base64 -d > inputs/nextflow.json
    for folder in evaluated/*; do
        fold=\$(basename "\$folder")
        mkdir -p "inputs/folds/\$fold/history"
        cp leakage.tsv "inputs/folds/\$fold/leakage.tsv"
        ln -s "\$PWD/evaluated/\$fold" "inputs/folds/\$fold/evaluate"
        ln -s "\$PWD/attributed/\$fold" "inputs/folds/\$fold/attribute"
    done
    for folder in selected/*; do
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
    mv page/report.html page/figures page/multiqc .
    """

    stub:
    """
    mkdir figures multiqc
    touch report.html
    """
}
