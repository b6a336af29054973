# Test cases, segmented by the trained models and by the controls.


rule predict:
    input:
        model=FILES.model,
        image=FILES.test_image,
    output:
        FILES.uncertainty_patterns(),
        mask=PATHS.PREDICTION,
    log:
        paths.log("predict", paths.PREDICTION),
    benchmark:
        paths.benchmark("predict", paths.PREDICTION)
    conda:
        TORCH_ENV
    threads: EXPERIMENT.threads
    resources:
        mem_mb=16000 if GPUS else 4000,
        runtime=60,
        gpu=GPUS,
    params:
        run=RUN.verb_on_device("predict"),
        uncertainty=lambda wildcards, output: options.folder_option("uncertainty", output[:-1]),
        code=RUN.code("predict"),
    message:
        "{wildcards.dataset}: {wildcards.method} segments the {wildcards.organ} in case {wildcards.case}"
    shell:
        "{params.run} --model {input.model:q} --image {input.image:q} --out {output.mask:q} {params.uncertainty} > {log:q} 2>&1"


rule control:
    input:
        FILES.control_source,
    output:
        PATHS.PREDICTION,
    log:
        paths.log("control", paths.PREDICTION),
    benchmark:
        paths.benchmark("control", paths.PREDICTION)
    wildcard_constraints:
        method=any_of(EXPERIMENT.controls()),
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        run=RUN.verb("control"),
        kind=lambda wildcards: EXPERIMENT.methods[wildcards.method]["control"],
        threshold=lambda wildcards: EXPERIMENT.methods[wildcards.method]["prediction"]["threshold"],
        code=RUN.code("control"),
    message:
        "{wildcards.dataset}: control '{params.kind}' for the {wildcards.organ} in case {wildcards.case}"
    shell:
        "{params.run} --kind {params.kind} --source {input:q} --out {output:q} --threshold {params.threshold} > {log:q} 2>&1"


ruleorder: control > predict
