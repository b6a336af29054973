# Metrics per case, then tables, figures and the report.

import json


report: "../report/workflow.rst"


def metrics_of(cases):
    """Return the metrics of every cell, in config order, for the test ``cases`` of each dataset, or their batches."""
    pattern = "results/{experiment}/9_metrics/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.csv"
    return [
        tracked(pattern.format(experiment=EXPERIMENT.name, case=case, **cell))
        for cell in EXPERIMENT.cells()
        for case in cases[cell["dataset"]]
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
    """Return what an overlay draws of: the first test case, or its batch."""
    return overlaid(wildcards, EXPERIMENT.batches(wildcards.dataset, "test")[0])


def overlay_files(wildcards):
    """Return the options that name the files of the first test case."""
    files = overlaid(wildcards, EXPERIMENT.datasets[wildcards.dataset].cases("test")[0])
    maps = files.pop("uncertainty")
    chosen = files | ({"uncertainty": str(Path(maps[0]).parent)} if maps else {})
    return " ".join(f"--{option} {shlex.quote(file)}" for option, file in chosen.items())


def overlaid(wildcards, case):
    """Return what an overlay draws of ``case``, with the first seed, the same for every method.

    It is drawn on the grid that it was evaluated on; an image that the method sees disturbed is brought there.
    """
    predictions = "results/{experiment}/8_predictions/{dataset}/{organ}"
    run = f"{EXPERIMENT.annotation(wildcards.method)}/{{method}}/seed-{EXPERIMENT.seeds[0]}/{case}"
    prediction = f"{predictions}/{run}".format(**wildcards)
    seen = EXPERIMENT.image(wildcards.method, "test")
    undisturbed = evaluated_image(wildcards.dataset, case) if seen == "image" else None
    return {
        "image": undisturbed or isotropic_images(wildcards, [case], seen)[0],
        "reference": evaluated_mask(case).format(**wildcards),
        "prediction": tracked(f"{prediction}.nii.gz"),
        "uncertainty": uncertainty_maps(wildcards.method, prediction) if wildcards.picture == "uncertainty" else [],
    }


def evaluated_image(dataset, case):
    """Return the image of a case on the grid that the experiment is evaluated on."""
    stage = "2_cases" if EXPERIMENT.evaluate_on == "original" else "3_isotropic"
    return tracked(f"results/{EXPERIMENT.name}/{stage}/{dataset}/{case}/image.nii.gz")


def evaluation_options(resample):
    """Return the options that bring a prediction to the evaluated grid, ``resample``, and reduce it."""
    chosen = [resample] * (EXPERIMENT.evaluate_on == "original") + [
        "--largest-component"
    ] * EXPERIMENT.largest_component
    return " ".join(chosen)


def evaluated_uncertainty(wildcards):
    """Return the uncertainty maps beside a prediction, where the experiment asks for them and the method has them."""
    prediction = "results/{experiment}/8_predictions/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}"
    return uncertainty_maps(wildcards.method, prediction.format(**wildcards))


def uncertainty_option(wildcards, input):
    """Return the option that names the folder of uncertainty maps, if there are any."""
    return f"--uncertainty {shlex.quote(str(Path(input.uncertainty[0]).parent))}" if input.uncertainty else ""


def trained():
    """Return whether any method is trained."""
    return bool(set(EXPERIMENT.methods) - set(CONTROLS))


def has_variants(base=None):
    """Return whether any method is a variant of a study, or a variant of ``base``."""
    parts = [variant_parts(name) for name in EXPERIMENT.shown]
    return any(levels and base in (None, name) for name, levels in parts)


def in_report(file, category, name):
    """Return a product as Snakemake's own report shows it, with the caption of ``name``."""
    label = {category.lower().removesuffix("s"): Path(file).stem.replace("_", " ")}
    caption = f"../report/{name}.rst"
    return report(f"results/{{experiment}}/{file}", caption=caption, category=category, labels=label)


def report_tables():
    """Return the tables, as far as the experiment has them; Snakemake's report shows those made for reading."""
    shown = ["main", "main_wide", "against_best", "ranking"] + ["study"] * has_variants()
    shown += ["uncertainty"] * bool(EXPERIMENT.uncertainty and trained()) + ["cost/cost"] * trained()
    others = ["statistics", "comparisons", "ranking_shares"] + ["study_wide"] * has_variants()
    beside = [f"{name}.csv" for name in others] + [f"{name}.{suffix}" for name in shown for suffix in ("md", "tex")]
    tables = [in_report(f"tables/{name}.csv", "Tables", Path(name).name) for name in shown]
    return tables + [f"results/{{experiment}}/tables/{file}" for file in beside]


def report_figures():
    """Return the figures, as far as the experiment has them."""
    names = ["dice_boxplot", "ranking"] + ["study"] * has_variants() + ["training"] * trained()
    names += ["pseudo_labels"] * has_variants("pseudo_label")
    names += ["reliability"] * bool(EXPERIMENT.uncertainty and trained())
    panels = [f"panels/{name}/{organ}" for name, entry in EXPERIMENT.datasets.items() for organ in entry.organs]
    pngs = [in_report(f"figures/{name}.png", "Figures", name.partition("/")[0]) for name in names]
    pngs += [in_report(f"figures/{name}.png", "Cases", "panels") for name in panels]
    return pngs + [f"results/{{experiment}}/figures/{name}.svg" for name in names + panels]


def shown_volumes(wildcards):
    """Return the volumes that panels, viewer and reliability show: test cases of all methods but variants."""
    files = {}
    for cell in EXPERIMENT.cells():
        for case in EXPERIMENT.batches(cell["dataset"], "test"):
            files[evaluated_image(cell["dataset"], case)] = None
            files[evaluated_mask(case).format(experiment=wildcards.experiment, **cell)] = None
            prediction = (
                f"results/{wildcards.experiment}/8_predictions/{cell['dataset']}/{cell['organ']}/{cell['annotation']}"
                f"/{cell['method']}/seed-{cell['seed']}/{case}"
            )
            if not variant_parts(cell["method"])[1]:
                files[tracked(f"{prediction}.nii.gz")] = None
            files |= dict.fromkeys(uncertainty_maps(cell["method"], prediction))
    return list(files)


def cell_of_record(cell):
    """Return a cell as the record of provenance has it: with the model that predicts and those it started from."""
    folder = f"7_models/{cell['dataset']}/{cell['organ']}/{cell['annotation']}"
    if cell["method"] in CONTROLS:
        return cell | {"model": None, "first_stages": []}
    stages = [EXPERIMENT.model_of(student) for student in EXPERIMENT.students(cell["method"])]
    model, *stages = [f"{folder}/{name}/seed-{cell['seed']}" for name in (EXPERIMENT.model_of(cell["method"]), *stages)]
    return cell | {"model": model, "first_stages": stages}


def record():
    """Return what a reader needs to get from a number back to files: the config, the datasets, the cells."""
    datasets = {
        name: {
            "modality": dataset.description["modality"],
            "split": str(dataset.split_path),
            "split_sha256": file_digest(dataset.split_path),
            "cases": {part: dataset.cases(part) for part in ("train", "validation", "test")},
            "window": dataset.intensity.get("window"),
        }
        for name, dataset in EXPERIMENT.datasets.items()
    }
    return {
        "experiment": EXPERIMENT.name,
        "evaluated_on": EXPERIMENT.evaluate_on,
        "largest_component": EXPERIMENT.largest_component,
        "config": dict(config),
        "datasets": datasets,
        "cells": [cell_of_record(cell) for cell in EXPERIMENT.cells()],
    }


def run_records(wildcards):
    """Return the records of all trainings whose models predict, and of those that these started from."""
    cells = [cell_of_record(cell) for cell in EXPERIMENT.cells()]
    models = dict.fromkeys(model for cell in cells if cell["model"] for model in (cell["model"], *cell["first_stages"]))
    files = [f"results/{wildcards.experiment}/{model}" for model in models]
    return [f"{file}/{name}" for file in files for name in ("run.json", "losses.csv")]


def window_option(wildcards):
    """Return the option that shows a dataset in its intensity window, where it has one."""
    window = EXPERIMENT.datasets[wildcards.dataset].intensity.get("window")
    return f"--window {window[0]} {window[1]}" if window else ""


def effort_files(wildcards):
    """Return the annotator's effort for every annotation of every cell, in config order."""
    pattern = "results/{experiment}/5_annotations/{dataset}/{organ}/{annotation}/effort.csv"
    annotated = [cell for cell in EXPERIMENT.cells() if cell["annotation"] != "none"]
    return list(dict.fromkeys(pattern.format(experiment=EXPERIMENT.name, **cell) for cell in annotated))


def effort_option(files):
    """Return the option that names the tables of effort, if there are any."""
    return f"--effort {' '.join(map(shlex.quote, files))}" if files else ""


def selections():
    """Return what selects each trained method's model, as ``method=rule`` words."""
    trained = [name for name in EXPERIMENT.shown if name not in CONTROLS]
    return " ".join(shlex.quote(f"{name}={EXPERIMENT.methods[name]['selection']}") for name in trained)


EVALUATED_ON = {
    "original": "each scan's original grid, predictions brought back to it from {spacing} mm (linear, one half)",
    "isotropic": "the isotropic grid of {spacing} mm, references resampled to it",
}


def report_options():
    """Return the options of tables and page that the config chooses."""
    chosen = [f"--viewer-cases {EXPERIMENT.report['viewer_cases']}"]
    chosen += ["--means-without-missed"] * EXPERIMENT.report["means_without_missed"]
    published = EXPERIMENT.report["published"]
    chosen += [f"--published {shlex.quote(published)}"] * bool(published)
    return " ".join(chosen)


def footer():
    """Return what a table must say about its origin, as ``key=value`` words."""
    splits = {name: file_digest(dataset.split_path)[:12] for name, dataset in EXPERIMENT.datasets.items()}
    facts = {
        "experiment": EXPERIMENT.name,
        "spacing": f"{EXPERIMENT.spacing} mm",
        "seeds": " ".join(str(seed) for seed in EXPERIMENT.seeds),
        **{f"split of {name}": f"sha256 {digest}" for name, digest in splits.items()},
        "evaluated on": EVALUATED_ON[EXPERIMENT.evaluate_on].format(spacing=EXPERIMENT.spacing),
        "components": "the largest of each prediction" if EXPERIMENT.largest_component else "all of each prediction",
    }
    return " ".join(shlex.quote(f"{key}={value}") for key, value in facts.items())


rule evaluate:
    input:
        prediction=tracked(
            "results/{experiment}/8_predictions/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.nii.gz"
        ),
        reference=evaluated_mask(),
        uncertainty=evaluated_uncertainty,
    output:
        tracked("results/{experiment}/9_metrics/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.csv"),
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
        how=evaluation_options("--resample-prediction"),
        each=each_case,
        code=code_hash("evaluate"),
    message:
        "{wildcards.dataset}: evaluating {wildcards.method} on the {wildcards.organ} of case {wildcards.case}"
    shell:
        "{weakseg3d} {params.each} evaluate --prediction {input.prediction:q} --reference {input.reference:q} --csv {output:q}"
        " --label dataset={wildcards.dataset} modality={params.modality} organ={wildcards.organ}"
        " annotation={wildcards.annotation} method={wildcards.method} seed={wildcards.seed} case={wildcards.case:q}"
        " {params.uncertainty} {params.how} > {log:q} 2>&1"


# One long table of exactly the cells of this experiment: files of a method dropped from the config stay out.
rule gather_metrics:
    input:
        lambda wildcards: metrics_of({name: EXPERIMENT.batches(name, "test") for name in EXPERIMENT.datasets}),
    output:
        "results/{experiment}/tables/metrics.csv",
    localrule: True
    message:
        "gathering the metrics of all cases"
    run:
        header = None
        with open(output[0], "w", encoding="utf-8") as gathered:
            for path in metrics_of({name: dataset.cases("test") for name, dataset in EXPERIMENT.datasets.items()}):
                first, rows = Path(path).read_text(encoding="utf-8").split("\n", 1)
                if header is None:
                    header = first
                    gathered.write(header + "\n")
                gathered.write(rows)


# Which file made what, so that every number leads back to its cases, its model and its config.
rule provenance:
    output:
        "results/{experiment}/tables/provenance.json",
    localrule: True
    params:
        record=lambda wildcards: record(),
    message:
        "recording which file made what"
    run:
        Path(output[0]).write_text(json.dumps(params.record, indent=1) + "\n", encoding="utf-8")


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
        files=overlay_files,
        how=evaluation_options("--on-reference-grid"),
        code=code_hash("overlay"),
    message:
        "{wildcards.dataset}: drawing {wildcards.method} on the {wildcards.organ}"
    shell:
        "{weakseg3d} overlay {params.files} --out {output:q} --title {params.title:q} {params.window} {params.how}"
        " > {log:q} 2>&1"


rule report:
    input:
        metrics="results/{experiment}/tables/metrics.csv",
        provenance="results/{experiment}/tables/provenance.json",
        runs=run_records,
        volumes=shown_volumes,
        effort=effort_files,
        pictures=pictures,
        published=EXPERIMENT.report["published"] or [],
    output:
        report_tables(),
        report_figures(),
        html=in_report("report.html", "Report", "report"),
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
        effort=lambda wildcards, input: effort_option(input.effort),
        selection=f"--selection {selections()}" if selections() else "",
        options=report_options(),
        code=code_hash("report"),
    message:
        "tables, figures and report"
    shell:
        "{weakseg3d} report --metrics {input.metrics:q} --out {params.out:q} --results {params.out:q}"
        " --footer {params.footer} {params.effort} {params.selection} {params.options} > {log:q} 2>&1"


# After failures, or before the end: what is finished, with a gap for all that is not. Without an output it runs
# whenever it is asked for, and without inputs that could fail.
rule partial_report:
    input:
        provenance=f"results/{EXPERIMENT.name}/tables/provenance.json",
    log:
        f"results/{EXPERIMENT.name}/logs/partial_report.log",
    localrule: True
    conda:
        CORE_ENV
    threads: 1
    params:
        results=f"results/{EXPERIMENT.name}",
        footer=footer(),
        effort=lambda wildcards: effort_option([file for file in effort_files(wildcards) if Path(file).is_file()]),
        selection=f"--selection {selections()}" if selections() else "",
        options=report_options(),
    message:
        "a report of what is finished: {params.results}/partial/report.html"
    shell:
        "{weakseg3d} report --results {params.results:q} --out {params.results:q}/partial"
        " --footer {params.footer} {params.effort} {params.selection} {params.options} > {log:q} 2>&1"


onerror:
    print("The same command with partial_report as its target reports what is finished.", file=sys.stderr)
