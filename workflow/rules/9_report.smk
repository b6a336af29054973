# Metrics per case, then tables, figures and the report.


def test_case_metrics(wildcards):
    """Return the metrics of every test case of every cell, in config order."""
    pattern = "results/{experiment}/9_metrics/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.csv"
    return [
        pattern.format(experiment=wildcards.experiment, case=case, **cell)
        for cell in EXPERIMENT.cells()
        for case in EXPERIMENT.datasets[cell["dataset"]].cases("test")
    ]


def pictures(wildcards):
    """Return the pictures of every dataset, organ and method; those of a study's variants would be too many."""
    pattern = "results/{experiment}/figures/{kind}/{dataset}/{organ}/{method}.png"
    shown = [cell for cell in EXPERIMENT.cells() if not variant_parts(cell["method"])[1]]
    cells = {(cell["dataset"], cell["organ"], cell["method"]): cell for cell in shown}
    kinds = {name: ["overlays"] + ["uncertainty"] * bool(uncertainty_maps(name, "")) for name in EXPERIMENT.methods}
    return [
        pattern.format(experiment=wildcards.experiment, kind=kind, **cell)
        for cell in cells.values()
        for kind in kinds[cell["method"]]
    ]


def overlay_input(wildcards):
    """Return what an overlay draws: the first test case, with the first seed, the same for every method."""
    dataset = EXPERIMENT.datasets[wildcards.dataset]
    case = dataset.cases("test")[0]
    predictions = "results/{experiment}/8_predictions/{dataset}/{organ}"
    run = f"{EXPERIMENT.annotation(wildcards.method)}/{{method}}/seed-{EXPERIMENT.seeds[0]}/{case}"
    prediction = f"{predictions}/{run}".format(**wildcards)
    return {
        "image": isotropic_images(wildcards, [case], EXPERIMENT.image(wildcards.method, "test")),
        "reference": mask_files(wildcards, [case]),
        "prediction": f"{prediction}.nii.gz",
        "uncertainty": uncertainty_maps(wildcards.method, prediction) if wildcards.picture == "uncertainty" else [],
    }


def evaluated_uncertainty(wildcards):
    """Return the uncertainty maps beside a prediction, where the experiment asks for them and the method has them."""
    prediction = "results/{experiment}/8_predictions/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}"
    return uncertainty_maps(wildcards.method, prediction.format(**wildcards))


def uncertainty_option(wildcards, input):
    """Return the option that names the folder of uncertainty maps, if there are any."""
    return f"--uncertainty {shlex.quote(str(Path(input.uncertainty[0]).parent))}" if input.uncertainty else ""


def extra_products():
    """Return what only some experiments have: a study's table and figure, the table of uncertainty."""
    tables = ["study"] * any(variant_parts(name)[1] for name in EXPERIMENT.methods)
    tables += ["uncertainty"] * bool(EXPERIMENT.uncertainty and set(EXPERIMENT.methods) - set(CONTROLS))
    figures = ["results/{experiment}/figures/study.png"] * ("study" in tables)
    return [f"results/{{experiment}}/tables/{name}.{suffix}" for name in tables for suffix in ("csv", "md")] + figures


def window_option(wildcards):
    """Return the option that shows a dataset in its intensity window, where it has one."""
    window = EXPERIMENT.datasets[wildcards.dataset].intensity.get("window")
    return f"--window {window[0]} {window[1]}" if window else ""


def effort_files(wildcards):
    """Return the annotator's effort for every annotation of every cell, in config order."""
    pattern = "results/{experiment}/5_annotations/{dataset}/{organ}/{annotation}/effort.csv"
    annotated = [cell for cell in EXPERIMENT.cells() if cell["annotation"] != "none"]
    return list(dict.fromkeys(pattern.format(experiment=wildcards.experiment, **cell) for cell in annotated))


def selections():
    """Return what selects each trained method's model, as ``method=rule`` words."""
    trained = [name for name in EXPERIMENT.shown if name not in CONTROLS]
    return " ".join(shlex.quote(f"{name}={EXPERIMENT.methods[name]['selection']}") for name in trained)


def footer():
    """Return what a table must say about its origin, as ``key=value`` words."""
    splits = {name: file_digest(dataset.split_path)[:12] for name, dataset in EXPERIMENT.datasets.items()}
    facts = {
        "experiment": EXPERIMENT.name,
        "spacing": f"{EXPERIMENT.spacing} mm",
        "seeds": " ".join(str(seed) for seed in EXPERIMENT.seeds),
        **{f"split of {name}": f"sha256 {digest}" for name, digest in splits.items()},
        "evaluated on": "the isotropic grid",
    }
    return " ".join(shlex.quote(f"{key}={value}") for key, value in facts.items())


rule evaluate:
    input:
        prediction="results/{experiment}/8_predictions/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.nii.gz",
        reference="results/{experiment}/4_masks/{dataset}/{organ}/{case}.nii.gz",
        uncertainty=evaluated_uncertainty,
    output:
        "results/{experiment}/9_metrics/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.csv",
    log:
        "results/{experiment}/logs/evaluate/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.log",
    benchmark:
        "results/{experiment}/benchmarks/evaluate/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.tsv"
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        modality=lambda wildcards: dataset_of(wildcards)["modality"],
        uncertainty=uncertainty_option,
        code=code_hash("evaluate"),
    message:
        "{wildcards.dataset}: evaluating {wildcards.method} on the {wildcards.organ} of case {wildcards.case}"
    shell:
        "{weakseg3d} evaluate --prediction {input.prediction:q} --reference {input.reference:q} --csv {output:q}"
        " --label dataset={wildcards.dataset} modality={params.modality} organ={wildcards.organ}"
        " annotation={wildcards.annotation} method={wildcards.method} seed={wildcards.seed} case={wildcards.case:q}"
        " {params.uncertainty} > {log:q} 2>&1"


# One long table of exactly the cells of this experiment: files of a method dropped from the config stay out.
rule gather_metrics:
    input:
        test_case_metrics,
    output:
        "results/{experiment}/tables/metrics.csv",
    localrule: True
    message:
        "gathering the metrics of all cases"
    run:
        header = None
        with open(output[0], "w", encoding="utf-8") as gathered:
            for path in input:
                first, rows = Path(path).read_text(encoding="utf-8").split("\n", 1)
                if header is None:
                    header = first
                    gathered.write(header + "\n")
                gathered.write(rows)


rule overlay:
    input:
        unpack(overlay_input),
    output:
        "results/{experiment}/figures/{picture}/{dataset}/{organ}/{method}.png",
    log:
        "results/{experiment}/logs/{picture}/{dataset}/{organ}/{method}.log",
    benchmark:
        "results/{experiment}/benchmarks/{picture}/{dataset}/{organ}/{method}.tsv"
    wildcard_constraints:
        picture="overlays|uncertainty",
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        title=lambda wildcards: f"{wildcards.method}, {wildcards.organ}, {wildcards.dataset}",
        window=window_option,
        uncertainty=uncertainty_option,
        code=code_hash("overlay"),
    message:
        "{wildcards.dataset}: drawing {wildcards.method} on the {wildcards.organ}"
    shell:
        "{weakseg3d} overlay --image {input.image:q} --reference {input.reference:q} --prediction {input.prediction:q}"
        " --out {output:q} --title {params.title:q} {params.window} {params.uncertainty} > {log:q} 2>&1"


rule report:
    input:
        metrics="results/{experiment}/tables/metrics.csv",
        effort=effort_files,
        pictures=pictures,
    output:
        extra_products(),
        "results/{experiment}/tables/main.csv",
        "results/{experiment}/tables/main.md",
        "results/{experiment}/figures/dice_boxplot.png",
        html="results/{experiment}/report.html",
    log:
        "results/{experiment}/logs/report.log",
    benchmark:
        "results/{experiment}/benchmarks/report.tsv"
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        out=lambda wildcards, output: Path(output.html).parent,
        footer=footer(),
        effort=lambda wildcards, input: f"--effort {' '.join(map(shlex.quote, input.effort))}" if input.effort else "",
        selection=f"--selection {selections()}" if selections() else "",
        code=code_hash("report"),
    message:
        "tables, figures and report"
    shell:
        "{weakseg3d} report --metrics {input.metrics:q} --out {params.out:q} --footer {params.footer}"
        " {params.effort} {params.selection} > {log:q} 2>&1"
