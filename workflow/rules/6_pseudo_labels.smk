# From the annotation to a training target on the image's grid.


rule pseudo_label:
    input:
        annotation=FILES.annotation,
        image=PATHS.ISOTROPIC_IMAGE,
    output:
        PATHS.PSEUDO_LABEL,
    log:
        paths.log("pseudo_label", paths.PSEUDO_LABEL),
    benchmark:
        paths.benchmark("pseudo_label", paths.PSEUDO_LABEL)
    wildcard_constraints:
        pseudo_label=any_of(PSEUDO_LABELS.keys() - EXTERNAL_LABELS.keys()),
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        run=RUN.verb("pseudolabel"),
        kind=lambda wildcards: choice_options(PSEUDO_LABELS[wildcards.pseudo_label]),
        code=RUN.code("pseudolabel"),
    message:
        "{wildcards.dataset}: pseudo label of the {wildcards.organ} in case {wildcards.case} ({params.kind})"
    shell:
        "{params.run} --annotation {input.annotation:q} --simulated --image {input.image:q} --out {output:q} {params.kind}"
        " > {log:q} 2>&1"


# Pseudo labels by a program of somebody else's. It gets all scans to learn from at once, so that it loads its model once,
# with their annotations, and no other: test cases never.
rule labelled_cases:
    output:
        PATHS.LABELLED_CASES,
    localrule: True
    params:
        cases=FILES.labelled_cases,
        files=FILES.label_files,
    message:
        "{wildcards.dataset}: scans that get the pseudo label {wildcards.pseudo_label} of the {wildcards.organ}"
    shell:
        '(echo case,image,annotation; for case in {params.cases:q}; do echo "$case,{params.files}"; done) > {output:q}'


rule label_recipe:
    output:
        PATHS.LABEL_RECIPE,
    localrule: True
    params:
        recipe=EXPERIMENT.label_recipe_text,
    message:
        "{wildcards.dataset}: recipe of the pseudo label {wildcards.pseudo_label} of the {wildcards.organ}"
    shell:
        "printf '%s\\n' {params.recipe:q} > {output:q}"


# As for its training, our side of the contract is no reason to run it again.
rule external_label:
    input:
        recipe=PATHS.LABEL_RECIPE,
        cases=PATHS.LABELLED_CASES,
        given=FILES.label_inputs,
    output:
        labels=PATHS.EXTERNAL_LABELS,
        run=PATHS.LABEL_RUN,
    log:
        paths.log("external_label", paths.EXTERNAL_LABELS),
    benchmark:
        paths.benchmark("external_label", paths.EXTERNAL_LABELS)
    wildcard_constraints:
        pseudo_label=any_of(EXTERNAL_LABELS),
    priority: 20
    conda:
        external_env
    threads: EXPERIMENT.threads
    resources:
        mem_mb=16000 if GPUS else 4000,
        runtime=720,
        gpu=lambda wildcards: GPUS * EXPERIMENT.program_of(wildcards)["gpus"],
    params:
        run=EXTERNAL_RUN.verb_on_programs_device("external", EXPERIMENT.program_of),
        name=lambda wildcards: EXPERIMENT.program_of(wildcards)["name"],
        command=lambda wildcards: EXPERIMENT.program_of(wildcards)["predict"],
        options=lambda wildcards, input: options.external_options(
            EXPERIMENT.program_of(wildcards), "conda" in DEPLOYED_BY
        ),
    message:
        "{wildcards.dataset}: pseudo label {params.name} of the {wildcards.organ} in all scans to learn from"
    shell:
        "{params.run} label --name {params.name:q} --facts {input.recipe:q} --cases {input.cases:q}"
        " --command {params.command:q} {params.options} --out {output.labels:q} --record {output.run:q} > {log:q} 2>&1"


# Each of its masks is checked before it counts as a label.
rule adopt_label:
    input:
        labels=PATHS.EXTERNAL_LABELS,
        image=PATHS.ISOTROPIC_IMAGE,
    output:
        PATHS.PSEUDO_LABEL,
    log:
        paths.log("adopt_label", paths.PSEUDO_LABEL),
    benchmark:
        paths.benchmark("adopt_label", paths.PSEUDO_LABEL)
    wildcard_constraints:
        pseudo_label=any_of(EXTERNAL_LABELS),
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        run=RUN.verb("adopt"),
        label=lambda wildcards: options.external_label_options(FILES, wildcards),
        code=RUN.code("adopt"),
    message:
        "{wildcards.dataset}: checking the pseudo label {wildcards.pseudo_label} of the {wildcards.organ} in case {wildcards.case}"
    shell:
        "{params.run} {params.label} --images {input.image:q} --out {output:q} > {log:q} 2>&1"
