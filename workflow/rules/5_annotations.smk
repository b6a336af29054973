# What an annotator would give: the only way from a dense mask to weak supervision.


rule annotate:
    input:
        tracked("results/{experiment}/4_masks/{dataset}/{organ}/{case}.nii.gz"),
    output:
        tracked("results/{experiment}/5_annotations/{dataset}/{organ}/{annotation}/{case}.{suffix}"),
    log:
        "results/{experiment}/logs/annotate/{dataset}/{organ}/{annotation}/{case}.{suffix}.log",
    benchmark:
        "results/{experiment}/benchmarks/annotate/{dataset}/{organ}/{annotation}/{case}.{suffix}.tsv"
    wildcard_constraints:
        suffix="mrk.json|nii.gz",
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        seed=EXPERIMENT.annotation_seed,
        kind=lambda wildcards: stage_options(ANNOTATIONS, wildcards.annotation),
        each=each_case,
        code=code_hash("annotate"),
    message:
        "{wildcards.dataset}: annotating the {wildcards.organ} in case {wildcards.case} ({params.kind})"
    shell:
        "{weakseg3d} {params.each} annotate --mask {input:q} --out {output:q} --seed {params.seed} --allow-absent {params.kind}"
        " > {log:q} 2>&1"


def annotated_files(wildcards, cases):
    """Return what an annotator gives for ``cases``: for full supervision, the masks."""
    if wildcards.annotation == "dense":
        return mask_files(wildcards, cases)
    folder = "results/{experiment}/5_annotations/{dataset}/{organ}/{annotation}".format(**wildcards)
    return [tracked(f"{folder}/{case}.{annotation_suffix(wildcards.annotation)}") for case in cases]


rule effort:
    input:
        lambda wildcards: annotated_files(wildcards, EXPERIMENT.batches(wildcards.dataset, "train")),
    output:
        "results/{experiment}/5_annotations/{dataset}/{organ}/{annotation}/effort.csv",
    log:
        "results/{experiment}/logs/effort/{dataset}/{organ}/{annotation}.log",
    benchmark:
        "results/{experiment}/benchmarks/effort/{dataset}/{organ}/{annotation}.tsv"
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        annotations=lambda wildcards: annotated_files(wildcards, EXPERIMENT.datasets[wildcards.dataset].cases("train")),
        code=code_hash("effort"),
    message:
        "{wildcards.dataset}: effort of annotating the {wildcards.organ} ({wildcards.annotation})"
    shell:
        "{weakseg3d} effort --annotations {params.annotations:q} --csv {output:q} --label dataset={wildcards.dataset}"
        " organ={wildcards.organ} annotation={wildcards.annotation} > {log:q} 2>&1"
