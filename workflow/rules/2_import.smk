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
