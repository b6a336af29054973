# From the raw layout to one image and one label map per case.


# What the raw files of a case contain: another content imports the case again, another place of the files does not. Like
# other rules of one shell command it has no log and no environment.
rule raw_content:
    output:
        PATHS.RAW_CONTENT,
    localrule: True
    params:
        content=lambda wildcards: RAW_CONTENT.text(wildcards),
    message:
        "{wildcards.dataset}: content of the raw files of case {wildcards.case}"
    shell:
        "printf '%s\\n' {params.content:q} > {output:q}"


rule import_case:
    input:
        source=ancient(PATHS.SOURCE),
        content=PATHS.RAW_CONTENT,
    output:
        image=PATHS.CASE_IMAGE,
        label=PATHS.CASE_LABEL,
    log:
        paths.log("import", paths.CASE_FOLDER),
    benchmark:
        paths.benchmark("import", paths.CASE_FOLDER)
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        run=RUN.verb("import"),
        format=lambda wildcards: EXPERIMENT.datasets[wildcards.dataset].format(),
        raw=subpath(input.source, parent=True),
        out=subpath(output.image, ancestor=2),
        cases=lambda wildcards: EXPERIMENT.cases_of(wildcards.dataset, wildcards.case),
        code=RUN.code("import"),
    message:
        "{wildcards.dataset}: importing case {wildcards.case}"
    shell:
        "{params.run} {wildcards.dataset:q} --raw {params.raw:q} --out {params.out:q} --case {wildcards.case:q} > {log:q} 2>&1"


# Training cases that people annotated need no label. One rule per dataset, as two may have cases of the same name.
for number, (dataset, cases) in enumerate(IMAGE_ONLY.items()):

    rule:
        name:
            f"import_image_{number}"
        input:
            source=ancient(PATHS.SOURCE.replace("{dataset}", dataset)),
            content=PATHS.RAW_CONTENT.replace("{dataset}", dataset),
        output:
            image=PATHS.CASE_IMAGE.replace("{dataset}", dataset),
        log:
            paths.log("import", paths.CASE_FOLDER).replace("{dataset}", dataset),
        benchmark:
            paths.benchmark("import", paths.CASE_FOLDER).replace("{dataset}", dataset)
        wildcard_constraints:
            case=any_of(cases),
        priority: 20
        conda:
            CORE_ENV
        threads: 1
        resources:
            mem_mb=4000,
            runtime=30,
        params:
            run=RUN.verb("import", dataset=dataset),
            format=EXPERIMENT.datasets[dataset].format(),
            raw=subpath(input.source, parent=True),
            out=subpath(output.image, ancestor=2),
            dataset=dataset,
            code=RUN.code("import"),
        message:
            "{params.dataset}: importing the image of case {wildcards.case}, which has no label"
        shell:
            "{params.run} {params.dataset:q} --raw {params.raw:q} --out {params.out:q} --case {wildcards.case:q} --image-only"
            " > {log:q} 2>&1"

    workflow.ruleorder(f"import_image_{number}", "import_case")
