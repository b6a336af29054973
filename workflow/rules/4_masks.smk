# One binary mask per organ; empty where a case lacks the organ, which later stages then leave out.


rule split_labels:
    input:
        PATHS.ISOTROPIC_LABEL,
    output:
        PATHS.MASK,
    log:
        paths.log("split", paths.MASK),
    benchmark:
        paths.benchmark("split", paths.MASK)
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        run=RUN.verb("split"),
        ids=lambda wildcards: ",".join(map(str, EXPERIMENT.datasets[wildcards.dataset].label_ids(wildcards.organ))),
        code=RUN.code("split"),
    message:
        "{wildcards.dataset}: mask of the {wildcards.organ} in case {wildcards.case}"
    shell:
        "{params.run} --label {input:q} --ids {params.ids} --out {output:q} --allow-absent > {log:q} 2>&1"


# The same on the scan's own grid, for test cases, where predictions are evaluated as a clinician has them.
use rule split_labels as split_original_labels with:
    input:
        PATHS.CASE_LABEL,
    output:
        PATHS.ORIGINAL_MASK,
    log:
        paths.log("split", paths.ORIGINAL_MASK),
    benchmark:
        paths.benchmark("split", paths.ORIGINAL_MASK)
