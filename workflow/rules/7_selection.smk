# Among the trials of a study's variant, validation cases choose one: what it has learnt becomes the variant's model.


rule scored_cases:
    output:
        PATHS.SCORED_CASES,
    localrule: True
    params:
        cases=lambda wildcards: EXPERIMENT.datasets[wildcards.dataset].cases("validation"),
        files=FILES.scored_files,
    message:
        "{wildcards.dataset}: validation cases that score {wildcards.method} on the {wildcards.organ}"
    shell:
        '(echo case,image,label; for case in {params.cases:q}; do echo "$case,{params.files}"; done) > {output:q}'


rule validate:
    input:
        model=FILES.model,
        cases=PATHS.SCORED_CASES,
        images=FILES.scored_images,
        labels=FILES.scored_labels,
    output:
        PATHS.SCORES,
    log:
        paths.log("validate", paths.SCORES),
    benchmark:
        paths.benchmark("validate", paths.SCORES)
    # What a selection waits for.
    priority: 20
    conda:
        TORCH_ENV
    threads: EXPERIMENT.threads
    resources:
        mem_mb=16000 if GPUS else 4000,
        runtime=60,
        gpu=GPUS,
    params:
        run=RUN.verb_on_device("validate"),
        component="--largest-component" * EXPERIMENT.largest_component,
        code=RUN.code("validate"),
    message:
        "{wildcards.dataset}: scoring {wildcards.method} on the {wildcards.organ}, seed {wildcards.seed}"
    shell:
        "{params.run} --model {input.model:q} --cases {input.cases:q} --out {output:q} {params.component} > {log:q} 2>&1"


# The folder of the variant is then like that of any training, so that whatever reads a model needs to know no more.
rule select:
    input:
        scores=FILES.scores_of_trials,
        models=FILES.models_of_trials,
        runs=lambda wildcards: FILES.models_of_trials(wildcards, paths.RUN),
        losses=lambda wildcards: FILES.models_of_trials(wildcards, paths.LOSSES),
    output:
        model=PATHS.MODEL,
        run=PATHS.RUN,
        losses=PATHS.LOSSES,
        tried=PATHS.TRIED,
    log:
        paths.log("select", paths.TRAINING),
    benchmark:
        paths.benchmark("select", paths.TRAINING)
    wildcard_constraints:
        method=any_of(EXPERIMENT.selected()),
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        run=RUN.verb("select"),
        trials=lambda wildcards: options.trials_options(FILES, wildcards),
        out=subpath(output.model, parent=True),
        code=RUN.code("select"),
    message:
        "{wildcards.dataset}: choosing a setting of {wildcards.method} for the {wildcards.organ}, seed {wildcards.seed}"
    shell:
        "{params.run} {params.trials} --out {params.out:q} > {log:q} 2>&1"


ruleorder: select > external_train > distill > train
