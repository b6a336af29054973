# Volumes as arrays, and one training per dataset, organ, method and seed, on the training cases alone.

import json
import os


def as_array(path):
    """Return the name of the array beside a volume, or of its record."""
    return path.replace(".nii.gz", ".npy")


def scaling(wildcards):
    """Return ``--window low high`` or ``--percentiles low high``, as the dataset says."""
    ((kind, limits),) = EXPERIMENT.datasets[wildcards.dataset].intensity.items()
    return f"--{kind} {limits[0]} {limits[1]}"


def learnt_targets(wildcards, cases):
    """Return what the method learns of ``cases``: dense masks only under dense supervision."""
    if method_of(wildcards)["supervision"] == "dense":
        return [as_array(path) for path in mask_files(wildcards, cases)]
    return [as_array(path) for path in pseudo_label_files(wildcards, cases)]


def training_targets(wildcards):
    """Return what the method learns of the training cases."""
    return learnt_targets(wildcards, EXPERIMENT.batches(wildcards.dataset, "train"))


def selecting_targets(wildcards, cases):
    """Return what of ``cases`` selects the model: masks only where the method says so."""
    if method_of(wildcards)["selection"] == "dense_validation":
        return [as_array(path) for path in mask_files(wildcards, cases)]
    return learnt_targets(wildcards, cases)


def validation_batches(wildcards):
    """Return the batches of the cases that select the model."""
    return EXPERIMENT.batches(wildcards.dataset, EXPERIMENT.validation_part(wildcards.dataset, wildcards.method))


def validation_targets(wildcards):
    """Return what selects the model."""
    return selecting_targets(wildcards, validation_batches(wildcards))


def validation_images(wildcards):
    """Return the images of the cases that select the model, as the method sees training images."""
    return seen_images(wildcards, validation_batches(wildcards))


def training_images(wildcards):
    """Return the images of the training cases as the method sees them."""
    return seen_images(wildcards, EXPERIMENT.batches(wildcards.dataset, "train"))


def seen_images(wildcards, cases):
    """Return the images of ``cases`` as the method sees them in training."""
    return [as_array(path) for path in isotropic_images(wildcards, cases, EXPERIMENT.image(wildcards.method, "train"))]


def validation_list(wildcards):
    """Return the list of cases that select the model, for a method that selects it by any."""
    if method_of(wildcards).get("selection", "last") == "last":
        return []
    return "results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/validation.csv"


def validation_option(wildcards, input):
    """Return the option that names the list of cases that select the model, if there is one."""
    return f"--validation {shlex.quote(str(input.validation))}" if input.validation else ""


def first_stages(wildcards):
    """Return the two models that a distillation starts from."""
    folder = "results/{experiment}/7_models/{dataset}/{organ}/{annotation}".format(**wildcards)
    students = [EXPERIMENT.model_of(student) for student in EXPERIMENT.students(wildcards.method)]
    return [f"{folder}/{student}/seed-{wildcards.seed}/model.pt" for student in students]


def recipe_text(wildcards):
    """Return the training recipe as text."""
    return json.dumps(EXPERIMENT.recipe(wildcards.dataset, wildcards.method, int(wildcards.seed)), indent=2)


def devices(wildcards):
    """Return on how many devices, each with a process of its own, the method trains one model."""
    return method_of(wildcards)["training"]["devices"]


# Each training on GPUs of its own, where there are several.
on_device = f"CUDA_VISIBLE_DEVICES= {weakseg3d}" if EXPERIMENT.accelerator == "cpu" else f"{weakseg3d}.jobs.devices"
DISTILLED = [name for name in EXPERIMENT.methods if EXPERIMENT.students(name)]


# Oriented and scaled once, and mapped into memory by every training.
rule image_array:
    input:
        tracked("results/{experiment}/3_isotropic/{dataset}/{case}/{image}.nii.gz"),
    output:
        tracked("results/{experiment}/3_isotropic/{dataset}/{case}/{image}.npy"),
    log:
        "results/{experiment}/logs/image_array/{dataset}/{case}/{image}.log",
    benchmark:
        "results/{experiment}/benchmarks/image_array/{dataset}/{case}/{image}.tsv"
    wildcard_constraints:
        image=r"image[^/]*",
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        scaling=scaling,
        each=each_case,
        code=code_hash("array"),
    message:
        "{wildcards.dataset}: array of the image of case {wildcards.case}"
    shell:
        "{weakseg3d} {params.each} array --in {input:q} --out {output:q} {params.scaling} > {log:q} 2>&1"


# The array keeps its volume's name, so that its path says, as the volume's does, whether it is dense or weak.
rule target_array:
    input:
        tracked("results/{experiment}/{target}/{case}.nii.gz"),
    output:
        tracked("results/{experiment}/{target}/{case}.npy"),
    log:
        "results/{experiment}/logs/target_array/{target}/{case}.log",
    benchmark:
        "results/{experiment}/benchmarks/target_array/{target}/{case}.tsv"
    wildcard_constraints:
        target=r"(?:4_masks|6_pseudo_labels)/.+",
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        each=each_case,
        code=code_hash("array"),
    message:
        "array of {wildcards.target} of case {wildcards.case}"
    shell:
        "{weakseg3d} {params.each} array --in {input:q} --out {output:q} > {log:q} 2>&1"


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


def training_cases(wildcards):
    """Return the training cases."""
    return EXPERIMENT.datasets[wildcards.dataset].cases("train")


def validation_cases(wildcards):
    """Return the cases that select the model."""
    return EXPERIMENT.validation_cases(wildcards.dataset, wildcards.method)


def files_of_a_case(wildcards, targets):
    """Return what follows the id of ``$case`` in a list of cases: image and target, seen from the list's folder."""
    folder = "results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}".format(**wildcards)
    files = seen_images(wildcards, ["$case"]) + targets(wildcards, ["$case"])
    return ",".join(os.path.relpath(file, folder) for file in files)


# Written by the shell, since every rule in Python starts a Snakemake of its own; it fills in the cases, since the length
# of a command is bounded.
write_case_list = (
    '(echo case,image,target; for case in {params.cases:q}; do echo "$case,{params.files}"; done) > {output:q}'
)


rule training_cases:
    output:
        "results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/cases.csv",
    localrule: True
    params:
        cases=training_cases,
        files=lambda wildcards: files_of_a_case(wildcards, learnt_targets),
    message:
        "{wildcards.dataset}: training cases of {wildcards.method} for the {wildcards.organ}"
    shell:
        write_case_list


rule validation_cases:
    output:
        "results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/validation.csv",
    localrule: True
    params:
        cases=validation_cases,
        files=lambda wildcards: files_of_a_case(wildcards, selecting_targets),
    message:
        "{wildcards.dataset}: cases that select the model of {wildcards.method} for the {wildcards.organ}"
    shell:
        write_case_list


rule train:
    input:
        recipe="results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/recipe.yaml",
        cases="results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/cases.csv",
        images=training_images,
        targets=training_targets,
        validation=validation_list,
        validation_images=validation_images,
        validation_targets=validation_targets,
    output:
        model="results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/model.pt",
        run="results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/run.json",
        losses="results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/losses.csv",
    log:
        "results/{experiment}/logs/train/{dataset}/{organ}/{annotation}/{method}/seed-{seed}.log",
    benchmark:
        "results/{experiment}/benchmarks/train/{dataset}/{organ}/{annotation}/{method}/seed-{seed}.tsv"
    # The longest jobs first, so that the short ones fill the other cores at the end; what they wait for has 20.
    priority: 10
    conda:
        TORCH_ENV
    threads: lambda wildcards: EXPERIMENT.threads * devices(wildcards)
    resources:
        mem_mb=lambda wildcards: (16000 if gpus_per_job() else 4000) * devices(wildcards),
        runtime=2880,
        gpu=lambda wildcards: gpus_per_job() * devices(wildcards),
    params:
        verb="train",
        models="",
        out=lambda wildcards, output: Path(output.model).parent,
        validation=validation_option,
        code=code_hash("train"),
    message:
        "{wildcards.dataset}: training {wildcards.method} for the {wildcards.organ}, seed {wildcards.seed}, GPUs: {resources.gpu}"
    shell:
        "{on_device} {params.verb} --recipe {input.recipe:q} --cases {input.cases:q} {params.models} {params.validation}"
        " --out {params.out:q} --resume > {log:q} 2>&1"


# PA-Seg's second stage: the same, but for the two models it starts from.
use rule train as distill with:
    input:
        recipe="results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/recipe.yaml",
        cases="results/{experiment}/7_models/{dataset}/{organ}/{annotation}/{method}/cases.csv",
        images=training_images,
        targets=training_targets,
        validation=validation_list,
        validation_images=validation_images,
        validation_targets=validation_targets,
        models=first_stages,
    wildcard_constraints:
        method=alternatives(DISTILLED),
    params:
        verb="distill",
        models=lambda wildcards, input: "--models " + " ".join(shlex.quote(path) for path in input.models),
        out=lambda wildcards, output: Path(output.model).parent,
        validation=validation_option,
        code=code_hash("distill"),


ruleorder: distill > train
