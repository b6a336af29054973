# Volumes as arrays, and one training per dataset, organ, method and seed, on the training cases alone.

import csv
import json
import os


def as_array(path):
    """Return the name of the array beside a volume."""
    return path.removesuffix(".nii.gz") + ".npy"


def scaling(wildcards):
    """Return ``--window low high`` or ``--percentiles low high``, as the dataset says."""
    ((kind, limits),) = EXPERIMENT.datasets[wildcards.dataset].intensity.items()
    return f"--{kind} {limits[0]} {limits[1]}"


def training_targets(wildcards):
    """Return what the method may learn from: dense masks only under dense supervision."""
    cases = EXPERIMENT.datasets[wildcards.dataset].cases("train")
    if method_of(wildcards)["supervision"] == "dense":
        return [as_array(path) for path in mask_files(wildcards, cases)]
    return [as_array(path) for path in pseudo_label_files(wildcards, cases)]


def training_images(wildcards):
    """Return the images of the training cases as the method sees them."""
    cases = EXPERIMENT.datasets[wildcards.dataset].cases("train")
    images = isotropic_images(wildcards, cases, EXPERIMENT.image(wildcards.method, "train"))
    return [as_array(path) for path in images]


def recipe_text(wildcards):
    """Return the training recipe as text."""
    return json.dumps(EXPERIMENT.recipe(wildcards.dataset, wildcards.method, int(wildcards.seed)), indent=2)


# Oriented and scaled once, and mapped into memory by every training.
rule image_array:
    input:
        "results/{experiment}/3_isotropic/{dataset}/{case}/{image}.nii.gz",
    output:
        "results/{experiment}/3_isotropic/{dataset}/{case}/{image}.npy",
    log:
        "results/{experiment}/logs/image_array/{dataset}/{case}/{image}.log",
    benchmark:
        "results/{experiment}/benchmarks/image_array/{dataset}/{case}/{image}.tsv"
    wildcard_constraints:
        image=r"image[^/]*",
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        scaling=scaling,
        code=code_hash("array"),
    message:
        "{wildcards.dataset}: array of the image of case {wildcards.case}"
    shell:
        "{weakseg3d} array --in {input:q} --out {output:q} {params.scaling} > {log:q} 2>&1"


# The array keeps its volume's name, so that its path says, as the volume's does, whether it is dense or weak.
rule target_array:
    input:
        "results/{experiment}/{target}/{case}.nii.gz",
    output:
        "results/{experiment}/{target}/{case}.npy",
    log:
        "results/{experiment}/logs/target_array/{target}/{case}.log",
    benchmark:
        "results/{experiment}/benchmarks/target_array/{target}/{case}.tsv"
    wildcard_constraints:
        target=r"(?:4_masks|6_pseudo_labels)/.+",
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code_hash("array"),
    message:
        "array of {wildcards.target} of case {wildcards.case}"
    shell:
        "{weakseg3d} array --in {input:q} --out {output:q} > {log:q} 2>&1"


# The recipe is a file whose content alone counts: an edit elsewhere in the method's YAML retrains nothing.
rule recipe:
    output:
        "results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/recipe.yaml",
    localrule: True
    params:
        # JSON is YAML, and written the same way by every version.
        recipe=recipe_text,
    message:
        "{wildcards.dataset}: recipe of {wildcards.method} for the {wildcards.organ}"
    shell:
        "printf '%s\\n' {params.recipe:q} > {output:q}"


rule training_cases:
    output:
        "results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/cases.csv",
    localrule: True
    params:
        cases=lambda wildcards: EXPERIMENT.datasets[wildcards.dataset].cases("train"),
        images=training_images,
        targets=training_targets,
    message:
        "{wildcards.dataset}: training cases of {wildcards.method} for the {wildcards.organ}"
    run:
        folder = Path(output[0]).parent
        with open(output[0], "w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(["case", "image", "target"])
            for case, *paths in zip(params.cases, params.images, params.targets, strict=True):
                writer.writerow([case, *(os.path.relpath(path, folder) for path in paths)])


rule train:
    input:
        recipe="results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/recipe.yaml",
        cases="results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/cases.csv",
        images=training_images,
        targets=training_targets,
    output:
        model="results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/model.pt",
        run="results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/run.json",
        losses="results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/losses.csv",
    log:
        "results/{experiment}/logs/train/{dataset}/{organ}/{annotation}/{method}/seed-{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/train/{dataset}/{organ}/{annotation}/{method}/seed-{seed}.tsv"
    # The longest jobs first, so that the short ones fill the other cores at the end.
    priority: 10
    conda:
        TORCH_ENV
    threads: EXPERIMENT.threads
    resources:
        mem_mb=16000 if gpus_per_job() else 4000,
        runtime=2880,
        gpu=gpus_per_job(),
    params:
        out=lambda wildcards, output: Path(output.model).parent,
        code=code_hash("train"),
    message:
        "{wildcards.dataset}: training {wildcards.method} for the {wildcards.organ}, seed {wildcards.seed}"
    shell:
        "{weakseg3d} train --recipe {input.recipe:q} --cases {input.cases:q} --out {params.out:q} --resume > {log:q} 2>&1"
