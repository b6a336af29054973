# What an annotator would give: the only way from a dense mask to weak supervision.


rule annotate:
    input:
        PATHS.MASK,
    output:
        PATHS.ANNOTATION,
    log:
        paths.log("annotate", paths.ANNOTATION),
    benchmark:
        paths.benchmark("annotate", paths.ANNOTATION)
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
        run=RUN.verb("annotate"),
        seed=lambda wildcards: seed_of(wildcards.annotation),
        kind=lambda wildcards: choice_options(ANNOTATIONS[wildcards.annotation]),
        code=RUN.code("annotate"),
    message:
        "{wildcards.dataset}: annotating the {wildcards.organ} in case {wildcards.case} ({params.kind})"
    shell:
        "{params.run} --mask {input:q} --out {output:q} --seed {params.seed} --allow-absent {params.kind} > {log:q} 2>&1"


# What people made, in the form of a simulated annotation. Their files are inputs; nothing here writes to them.
rule collect_annotation:
    input:
        FILES.peoples_files,
        image=PATHS.ISOTROPIC_IMAGE,
    output:
        PATHS.ANNOTATION,
    log:
        paths.log("collect", paths.ANNOTATION),
    benchmark:
        paths.benchmark("collect", paths.ANNOTATION)
    wildcard_constraints:
        annotation=any_of(EXPERIMENT.peoples_annotations()),
        suffix="mrk.json|nii.gz",
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        run=RUN.verb("collect"),
        files=lambda wildcards: options.peoples_options(EXPERIMENT, wildcards),
        code=RUN.code("collect"),
    message:
        "{wildcards.dataset}: annotation of the {wildcards.organ} in case {wildcards.case}, made by people"
    shell:
        "{params.run} {params.files} --image {input.image:q} --out {output:q} > {log:q} 2>&1"


ruleorder: collect_annotation > annotate


rule effort:
    input:
        FILES.measured,
    output:
        PATHS.EFFORT,
    log:
        paths.log("effort", paths.EFFORT),
    benchmark:
        paths.benchmark("effort", paths.EFFORT)
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        run=RUN.verb("effort"),
        annotations=lambda wildcards: options.effort_options(FILES, wildcards),
        code=RUN.code("effort"),
    message:
        "{wildcards.dataset}: effort of annotating the {wildcards.organ} ({wildcards.annotation})"
    shell:
        "{params.run} {params.annotations} --csv {output:q} --label dataset={wildcards.dataset:q}"
        " organ={wildcards.organ:q} annotation={wildcards.annotation:q} > {log:q} 2>&1"


# Of methods that show or are given the annotations of the scans that they segment: for each new scan it is paid again.
use rule effort as test_effort with:
    input:
        lambda wildcards: FILES.measured(wildcards, "test"),
    output:
        PATHS.TEST_EFFORT,
    log:
        paths.log("effort", paths.TEST_EFFORT),
    benchmark:
        paths.benchmark("effort", paths.TEST_EFFORT)
    params:
        run=RUN.verb("effort"),
        annotations=lambda wildcards: options.effort_options(FILES, wildcards, "test") + " --label part=test",
        code=RUN.code("effort"),
    message:
        "{wildcards.dataset}: effort of annotating the {wildcards.organ} in test cases ({wildcards.annotation})"
