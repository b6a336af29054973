# One isotropic grid per case, over the same physical box.


rule resample:
    input:
        "results/{experiment}/2_cases/{dataset}/{case}/{kind}.nii.gz",
    output:
        "results/{experiment}/3_isotropic/{dataset}/{case}/{kind}.nii.gz",
    log:
        "results/{experiment}/logs/resample/{dataset}/{case}/{kind}.log",
    benchmark:
        "results/{experiment}/benchmarks/resample/{dataset}/{case}/{kind}.tsv"
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        spacing=EXPERIMENT.spacing,
        code=code_hash("resample"),
    message:
        "{wildcards.dataset}: resampling the {wildcards.kind} of case {wildcards.case} to {params.spacing} mm"
    shell:
        "{weakseg3d} resample --in {input:q} --out {output:q} --kind {wildcards.kind} --spacing {params.spacing}"
        " > {log:q} 2>&1"
