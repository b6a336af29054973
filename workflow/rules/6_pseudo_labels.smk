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
