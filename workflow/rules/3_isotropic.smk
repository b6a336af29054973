# One isotropic grid per case, over the same physical box.


rule resample:
    input:
        PATHS.CASE,
    output:
        PATHS.ISOTROPIC,
    log:
        paths.log("resample", paths.ISOTROPIC),
    benchmark:
        paths.benchmark("resample", paths.ISOTROPIC)
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        run=RUN.verb("resample"),
        spacing=EXPERIMENT.spacing,
        code=RUN.code("resample"),
    message:
        "{wildcards.dataset}: resampling the {wildcards.kind} of case {wildcards.case} to {params.spacing} mm"
    shell:
        "{params.run} --in {input:q} --out {output:q} --kind {wildcards.kind} --spacing {params.spacing} > {log:q} 2>&1"


# The same image as a worse scanner would have given it.
rule perturb:
    input:
        PATHS.ISOTROPIC_IMAGE,
    output:
        PATHS.PERTURBED_IMAGE,
    log:
        paths.log("perturb", paths.PERTURBED_IMAGE),
    benchmark:
        paths.benchmark("perturb", paths.PERTURBED_IMAGE)
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        run=RUN.verb("perturb"),
        seed=EXPERIMENT.annotation_seed,
        kind=lambda wildcards: choice_options(PERTURBATIONS[wildcards.perturbation]),
        code=RUN.code("perturb"),
    message:
        "{wildcards.dataset}: perturbing the image of case {wildcards.case} ({params.kind})"
    shell:
        "{params.run} --image {input:q} --out {output:q} --seed {params.seed} {params.kind} > {log:q} 2>&1"
