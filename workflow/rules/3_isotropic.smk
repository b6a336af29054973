# One isotropic grid per case, over the same physical box.


rule resample:
    input:
        tracked("results/{experiment}/2_cases/{dataset}/{case}/{kind}.nii.gz"),
    output:
        tracked("results/{experiment}/3_isotropic/{dataset}/{case}/{kind}.nii.gz"),
    log:
        "results/{experiment}/logs/resample/{dataset}/{case}/{kind}.log",
    benchmark:
        "results/{experiment}/benchmarks/resample/{dataset}/{case}/{kind}.tsv"
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        spacing=EXPERIMENT.spacing,
        each=each_case,
        code=code_hash("resample"),
    message:
        "{wildcards.dataset}: resampling the {wildcards.kind} of case {wildcards.case} to {params.spacing} mm"
    shell:
        "{weakseg3d} {params.each} resample --in {input:q} --out {output:q} --kind {wildcards.kind} --spacing {params.spacing}"
        " > {log:q} 2>&1"


# The same image as a worse scanner would have given it.
rule perturb:
    input:
        tracked("results/{experiment}/3_isotropic/{dataset}/{case}/image.nii.gz"),
    output:
        tracked("results/{experiment}/3_isotropic/{dataset}/{case}/image_{perturbation}.nii.gz"),
    log:
        "results/{experiment}/logs/perturb/{dataset}/{case}/{perturbation}.log",
    benchmark:
        "results/{experiment}/benchmarks/perturb/{dataset}/{case}/{perturbation}.tsv"
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        seed=EXPERIMENT.annotation_seed,
        kind=lambda wildcards: stage_options(PERTURBATIONS, wildcards.perturbation),
        each=each_case,
        code=code_hash("perturb"),
    message:
        "{wildcards.dataset}: perturbing the image of case {wildcards.case} ({params.kind})"
    shell:
        "{weakseg3d} {params.each} perturb --image {input:q} --out {output:q} --seed {params.seed} {params.kind} > {log:q} 2>&1"
