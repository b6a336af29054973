# What an annotator would give: the only way from a dense mask to weak supervision.


rule annotate:
    input:
        "results/{experiment}/4_masks/{dataset}/{organ}/{case}.nii.gz",
    output:
        "results/{experiment}/5_annotations/{dataset}/{organ}/{annotation}/{case}.{suffix}",
    log:
        "results/{experiment}/logs/annotate/{dataset}/{organ}/{annotation}/{case}.{suffix}.log",
    benchmark:
        "results/{experiment}/benchmarks/annotate/{dataset}/{organ}/{annotation}/{case}.{suffix}.tsv"
    wildcard_constraints:
        suffix="mrk.json|nii.gz",
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        seed=EXPERIMENT.annotation_seed,
        kind=lambda wildcards: stage_options(ANNOTATIONS, wildcards.annotation),
        code=code_hash("annotate"),
    message:
        "{wildcards.dataset}: annotating the {wildcards.organ} in case {wildcards.case} ({params.kind})"
    shell:
        "{weakseg3d} annotate --mask {input:q} --out {output:q} --seed {params.seed} --allow-absent {params.kind}"
        " > {log:q} 2>&1"
