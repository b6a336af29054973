# One binary mask per organ; empty where a case lacks the organ, which later stages then leave out.


rule split_labels:
    input:
        tracked("results/{experiment}/3_isotropic/{dataset}/{case}/label.nii.gz"),
    output:
        tracked("results/{experiment}/4_masks/{dataset}/{organ}/{case}.nii.gz"),
    log:
        "results/{experiment}/logs/split/{dataset}/{organ}/{case}.log",
    benchmark:
        "results/{experiment}/benchmarks/split/{dataset}/{organ}/{case}.tsv"
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        ids=lambda wildcards: ",".join(str(i) for i in EXPERIMENT.datasets[wildcards.dataset].ids(wildcards.organ)),
        each=each_case,
        code=code_hash("split"),
    message:
        "{wildcards.dataset}: mask of the {wildcards.organ} in case {wildcards.case}"
    shell:
        "{weakseg3d} {params.each} split --label {input:q} --ids {params.ids} --out {output:q} --allow-absent > {log:q} 2>&1"


# The same on the scan's own grid, for test cases, where predictions are evaluated as a clinician has them.
use rule split_labels as split_original_labels with:
    input:
        tracked("results/{experiment}/2_cases/{dataset}/{case}/label.nii.gz"),
    output:
        tracked("results/{experiment}/4_masks/{dataset}/{organ}/original/{case}.nii.gz"),
    log:
        "results/{experiment}/logs/split/{dataset}/{organ}/original/{case}.log",
    benchmark:
        "results/{experiment}/benchmarks/split/{dataset}/{organ}/original/{case}.tsv"


def evaluated_mask(case="{case}"):
    """Return the pattern of the mask that a case is compared with, on the grid that the experiment is evaluated on."""
    grid = "original/" if EXPERIMENT.evaluate_on == "original" else ""
    return tracked(f"results/{{experiment}}/4_masks/{{dataset}}/{{organ}}/{grid}{case}.nii.gz")
