# Metrics per case, then tables, figures and the report.


report: "../report/workflow.rst"


rule evaluate:
    input:
        prediction=PATHS.PREDICTION,
        reference=FILES.reference,
        uncertainty=FILES.uncertainty,
    output:
        PATHS.METRICS,
    log:
        paths.log("evaluate", paths.METRICS),
    benchmark:
        paths.benchmark("evaluate", paths.METRICS)
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        run=RUN.verb("evaluate"),
        modality=lambda wildcards: EXPERIMENT.datasets[wildcards.dataset].description["modality"],
        uncertainty=lambda wildcards, input: options.folder_option("uncertainty", input.uncertainty),
        grid=options.grid_options(EXPERIMENT, "--resample-prediction"),
        code=RUN.code("evaluate"),
    message:
        "{wildcards.dataset}: evaluating {wildcards.method} on the {wildcards.organ} of case {wildcards.case}"
    shell:
        "{params.run} --prediction {input.prediction:q} --reference {input.reference:q} --csv {output:q}"
        " --label dataset={wildcards.dataset:q} modality={params.modality:q} organ={wildcards.organ:q}"
        " annotation={wildcards.annotation:q} method={wildcards.method:q} seed={wildcards.seed} case={wildcards.case:q}"
        " {params.uncertainty} {params.grid} > {log:q} 2>&1"


# People and simulated annotators, two and two: what they gave, and what was learnt from it.
rule agreement:
    input:
        lambda wildcards: compared_files(FILES, PAIRS[wildcards.dataset, wildcards.organ, wildcards.pair]),
    output:
        paths.AGREEMENT,
    log:
        paths.log("agreement", paths.AGREEMENT),
    benchmark:
        paths.benchmark("agreement", paths.AGREEMENT)
    wildcard_constraints:
        pair=any_of(name for _, _, name in PAIRS),
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        run=RUN.verb("agree"),
        pair=lambda wildcards: options.agreement_options(
            FILES, PAIRS[wildcards.dataset, wildcards.organ, wildcards.pair]
        ),
        code=RUN.code("agree"),
    message:
        "{wildcards.dataset}: agreement of annotators on the {wildcards.organ} ({wildcards.pair})"
    shell:
        "{params.run} {params.pair} --csv {output:q} > {log:q} 2>&1"


# An independent witness of the metrics: MedPy, on the first test case of every cell.
rule witness:
    input:
        unpack(FILES.witnessed),
    output:
        PATHS.WITNESS,
    log:
        paths.log("witness", paths.WITNESS),
    benchmark:
        paths.benchmark("witness", paths.WITNESS)
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        run=RUN.verb("evaluate"),
        files=lambda wildcards: options.file_options(FILES.witnessed_case(wildcards)),
        case=lambda wildcards: EXPERIMENT.datasets[wildcards.dataset].cases("test")[0],
        grid=options.grid_options(EXPERIMENT, "--resample-prediction"),
        code=RUN.code("evaluate"),
    message:
        "{wildcards.dataset}: MedPy evaluates {wildcards.method} on the {wildcards.organ} of case {params.case}"
    shell:
        "{params.run} {params.files} --witness {output:q} --label case={params.case:q} {params.grid} > {log:q} 2>&1"


# One long table of exactly the cells of this experiment: files of a method dropped from the config stay out. Like the
# next rule it has no log and no environment, which `snakemake --lint` asks for: it needs Python's own library alone, runs
# where Snakemake runs, and an error of it is in Snakemake's output.
rule gather_metrics:
    input:
        lambda wildcards: FILES.metrics(),
    output:
        PATHS.ALL_METRICS,
    localrule: True
    params:
        files=lambda wildcards, input: FILES.metrics_of_cases(),
    message:
        "gathering the metrics of all cases"
    script:
        "../scripts/gather_metrics.py"


# Which file made what, so that every number leads back to its cases, its model and its config.
rule provenance:
    output:
        PATHS.PROVENANCE,
    localrule: True
    params:
        record=lambda wildcards: provenance(EXPERIMENT, config),
    message:
        "recording which file made what"
    script:
        "../scripts/write_provenance.py"


rule overlay:
    input:
        unpack(FILES.overlay),
    output:
        PATHS.PICTURE,
    log:
        paths.log("overlay", paths.PICTURE),
    benchmark:
        paths.benchmark("overlay", paths.PICTURE)
    wildcard_constraints:
        picture="overlays|uncertainty",
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        run=RUN.verb("overlay"),
        title=lambda wildcards: f"{wildcards.method}, {wildcards.organ}, {wildcards.dataset}",
        window=lambda wildcards: options.window_options(EXPERIMENT, wildcards.dataset),
        files=lambda wildcards: options.file_options(FILES.overlay_of_case(wildcards)),
        grid=options.grid_options(EXPERIMENT, "--on-reference-grid"),
        code=RUN.code("overlay"),
    message:
        "{wildcards.dataset}: drawing {wildcards.method} on the {wildcards.organ}"
    shell:
        "{params.run} {params.files} --out {output:q} --title {params.title:q} {params.window} {params.grid} > {log:q} 2>&1"


rule report:
    input:
        metrics=PATHS.ALL_METRICS,
        provenance=PATHS.PROVENANCE,
        runs=lambda wildcards: FILES.runs(),
        volumes=lambda wildcards: FILES.shown_volumes(),
        effort=lambda wildcards: FILES.effort(),
        pictures=lambda wildcards: FILES.pictures(),
        witnesses=lambda wildcards: FILES.witnesses(),
        new_scans=lambda wildcards: FILES.new_scans(),
        agreement=lambda wildcards: agreement_tables(EXPERIMENT, PAIRS),
        tried=lambda wildcards: FILES.tried(),
        published=EXPERIMENT.report["published"] or [],
    output:
        report_tables(),
        report_figures(),
        PATHS.SETTINGS,
        html=in_report(PATHS.REPORT, "Report", "report"),
    log:
        paths.log("report"),
    benchmark:
        paths.benchmark("report")
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        run=RUN.verb("report"),
        results=subpath(output.html, parent=True),
        effort=lambda wildcards, input: options.option("effort", input.effort),
        agreement=lambda wildcards, input: options.option("agreement", input.agreement),
        tried=lambda wildcards, input: options.option("tried", input.tried),
        options=options.report_options(EXPERIMENT),
        code=RUN.code("report"),
    message:
        "tables, figures and report"
    shell:
        "{params.run} --metrics {input.metrics:q} --out {params.results:q} --results {params.results:q} {params.effort}"
        " {params.agreement} {params.tried} {params.options} > {log:q} 2>&1"


# After failures, or before the end: what is finished, with a gap for all that is not. Without an output it runs
# whenever it is asked for, and without inputs that could fail.
rule partial_report:
    input:
        provenance=PATHS.PROVENANCE.format(experiment=EXPERIMENT.name),
    log:
        paths.log("partial_report").format(experiment=EXPERIMENT.name),
    localrule: True
    conda:
        CORE_ENV
    threads: 1
    params:
        run=RUN.verb("report"),
        results=subpath(input.provenance, ancestor=2),
        effort=lambda wildcards: options.option("effort", [file for file in FILES.effort() if Path(file).is_file()]),
        agreement=lambda wildcards: options.option(
            "agreement", [file for file in agreement_tables(EXPERIMENT, PAIRS) if Path(file).is_file()]
        ),
        tried=lambda wildcards: options.option("tried", [file for file in FILES.tried() if Path(file).is_file()]),
        options=options.report_options(EXPERIMENT),
    message:
        "a report of what is finished: {params.results}/partial/report.html"
    shell:
        "{params.run} --results {params.results:q} --out {params.results:q}/partial {params.effort} {params.agreement}"
        " {params.tried} {params.options} > {log:q} 2>&1"


# Named without wildcards, so that it is a target. What the config lacks for it is said before anything runs.
rule release:
    input:
        lambda wildcards: releasable(),
    output:
        PATHS.RELEASE.format(experiment=EXPERIMENT.name),
    log:
        paths.log("release").format(experiment=EXPERIMENT.name),
    benchmark:
        paths.benchmark("release").format(experiment=EXPERIMENT.name)
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        run=RUN.verb("release"),
        results=subpath(output[0], ancestor=2),
        options=lambda wildcards: options.release_options(EXPERIMENT),
        code=RUN.code("release"),
    message:
        "the results in one archive, checked by making its tables again: {output}"
    shell:
        "{params.run} {params.results:q} --out {output:q} {params.options} > {log:q} 2>&1"


onerror:
    print("The same command with partial_report as its target reports what is finished.", file=sys.stderr)
    # Snakemake itself says more after this, so the reason of the failure is printed when the process ends.
    atexit.register(print, f"weakseg3d: {failures.summary(log)}", file=sys.stderr, flush=True)
