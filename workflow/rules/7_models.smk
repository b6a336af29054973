# Volumes as arrays, and one training per dataset, organ, method and seed, on the training cases alone.


# Oriented and scaled once, and mapped into memory by every training.
rule image_array:
    input:
        PATHS.SEEN_IMAGE,
    output:
        PATHS.IMAGE_ARRAY,
    log:
        paths.log("image_array", paths.IMAGE_ARRAY),
    benchmark:
        paths.benchmark("image_array", paths.IMAGE_ARRAY)
    wildcard_constraints:
        image=r"image[^/]*",
        clipping=any_of(["", paths.UNCLIPPED]),
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        run=RUN.verb("array"),
        scaling=lambda wildcards: options.intensity_options(
            EXPERIMENT, wildcards.dataset, clipping=not wildcards.clipping
        ),
        code=RUN.code("array"),
    message:
        "{wildcards.dataset}: array of the image of case {wildcards.case}"
    shell:
        "{params.run} --in {input:q} --out {output:q} {params.scaling} > {log:q} 2>&1"


# An array lies beside its volume, so that its path says, as the volume's does, whether it is dense or weak.
use rule image_array as mask_array with:
    input:
        PATHS.MASK,
    output:
        PATHS.MASK_ARRAY,
    log:
        paths.log("mask_array", paths.MASK_ARRAY),
    benchmark:
        paths.benchmark("mask_array", paths.MASK_ARRAY)
    params:
        run=RUN.verb("array"),
        scaling="",
        code=RUN.code("array"),
    message:
        "{wildcards.dataset}: array of the mask of the {wildcards.organ} in case {wildcards.case}"


use rule mask_array as pseudo_label_array with:
    input:
        PATHS.PSEUDO_LABEL,
    output:
        PATHS.PSEUDO_LABEL_ARRAY,
    log:
        paths.log("pseudo_label_array", paths.PSEUDO_LABEL_ARRAY),
    benchmark:
        paths.benchmark("pseudo_label_array", paths.PSEUDO_LABEL_ARRAY)
    wildcard_constraints:
        pseudo_label=any_of(PSEUDO_LABELS.keys() - EXTERNAL_LABELS.keys()),
    message:
        "{wildcards.dataset}: array of the pseudo label of the {wildcards.organ} in case {wildcards.case}"


# A rule of its own, as a cluster's submission of several short jobs must not hold both what a program of somebody else's
# waits for and what waits for it.
use rule pseudo_label_array as adopted_label_array with:
    wildcard_constraints:
        pseudo_label=any_of(EXTERNAL_LABELS),


# The recipe is a file whose content alone counts: an edit elsewhere in the method's YAML retrains nothing. Neither this
# rule nor the next two have a log or an environment, which `snakemake --lint` asks for: what Snakemake's own shell echoes
# cannot fail short of a full disk, and a log without a benchmark would read as a job that did not finish.
rule recipe:
    output:
        PATHS.RECIPE,
    localrule: True
    params:
        # JSON is YAML, and written the same way by every version.
        recipe=lambda wildcards: EXPERIMENT.recipe_text(wildcards),
    message:
        "{wildcards.dataset}: recipe of {wildcards.method} for the {wildcards.organ}"
    shell:
        "printf '%s\\n' {params.recipe:q} > {output:q}"


# Written by the shell, as a rule in Python would start a Snakemake of its own.
rule training_cases:
    output:
        PATHS.TRAINING_CASES,
    localrule: True
    params:
        lines=FILES.training_lines,
    message:
        "{wildcards.dataset}: training cases of {wildcards.method} for the {wildcards.organ}"
    shell:
        "(echo case,image,target; {params.lines}) > {output:q}"


use rule training_cases as validation_cases with:
    output:
        PATHS.VALIDATION_CASES,
    localrule: True
    params:
        lines=FILES.validation_lines,
    message:
        "{wildcards.dataset}: cases that select the model of {wildcards.method} for the {wildcards.organ}"


rule train:
    input:
        recipe=PATHS.RECIPE,
        cases=PATHS.TRAINING_CASES,
        images=FILES.training_images,
        targets=FILES.training_targets,
        validation=FILES.validation_cases,
        validation_images=FILES.validation_images,
        validation_targets=FILES.validation_targets,
    output:
        model=PATHS.MODEL,
        run=PATHS.RUN,
        losses=PATHS.LOSSES,
    log:
        paths.log("train", paths.TRAINING),
    benchmark:
        paths.benchmark("train", paths.TRAINING)
    # The longest jobs first, so that the short ones fill the other cores at the end; what they wait for has 20.
    priority: 10
    conda:
        TORCH_ENV
    threads: lambda wildcards: EXPERIMENT.threads * EXPERIMENT.devices(wildcards.method)
    resources:
        mem_mb=lambda wildcards: (16000 if GPUS else 4000) * EXPERIMENT.devices(wildcards.method),
        runtime=2880,
        gpu=lambda wildcards: GPUS * EXPERIMENT.devices(wildcards.method),
    params:
        run=RUN.verb_on_device("train"),
        models="",
        validation=lambda wildcards, input: options.option("validation", input.validation),
        out=subpath(output.model, parent=True),
        code=RUN.code("train"),
    message:
        "{wildcards.dataset}: training {wildcards.method} for the {wildcards.organ}, seed {wildcards.seed}, GPUs: {resources.gpu}"
    shell:
        "{params.run} --recipe {input.recipe:q} --cases {input.cases:q} {params.models} {params.validation}"
        " --out {params.out:q} --resume > {log:q} 2>&1"


# PA-Seg's second stage: the same, but for the two models it starts from.
use rule train as distill with:
    input:
        recipe=PATHS.RECIPE,
        cases=PATHS.TRAINING_CASES,
        images=FILES.training_images,
        targets=FILES.training_targets,
        validation=FILES.validation_cases,
        validation_images=FILES.validation_images,
        validation_targets=FILES.validation_targets,
        models=FILES.first_stages,
    wildcard_constraints:
        method=any_of(EXPERIMENT.distilled()),
    params:
        run=RUN.verb_on_device("distill"),
        models=lambda wildcards, input: options.option("models", input.models),
        validation=lambda wildcards, input: options.option("validation", input.validation),
        out=subpath(output.model, parent=True),
        code=RUN.code("distill"),


# A program of somebody else's, in its own environment. What it does is in its own file, whose digest is in the recipe, so
# that our side of the contract, which only copies and measures, is no reason to train again: there is no code here.
rule external_train:
    input:
        recipe=PATHS.RECIPE,
        cases=PATHS.TRAINING_CASES,
        images=FILES.training_images,
        targets=FILES.training_targets,
    output:
        model=PATHS.EXTERNAL_MODEL,
        run=PATHS.RUN,
    log:
        paths.log("external_train", paths.TRAINING),
    benchmark:
        paths.benchmark("external_train", paths.TRAINING)
    wildcard_constraints:
        method=any_of(EXPERIMENT.externals()),
    priority: 10
    conda:
        external_env
    threads: EXPERIMENT.threads
    resources:
        mem_mb=16000 if GPUS else 4000,
        runtime=2880,
        gpu=lambda wildcards: GPUS * EXPERIMENT.program_of(wildcards)["gpus"],
    params:
        run=EXTERNAL_RUN.verb_on_programs_device("external", EXPERIMENT.program_of),
        command=lambda wildcards: EXPERIMENT.program_of(wildcards)["train"],
        options=lambda wildcards, input: options.external_options(
            EXPERIMENT.program_of(wildcards), "conda" in DEPLOYED_BY
        ),
        resume=lambda wildcards: "--resume" * EXPERIMENT.program_of(wildcards)["resume"],
        out=subpath(output.model, parent=True),
    message:
        "{wildcards.dataset}: training {wildcards.method} for the {wildcards.organ}, seed {wildcards.seed}, GPUs: {resources.gpu}"
    shell:
        "{params.run} train --facts {input.recipe:q} --cases {input.cases:q} --command {params.command:q} {params.options}"
        " --out {params.out:q} {params.resume} > {log:q} 2>&1"


ruleorder: external_train > distill > train
