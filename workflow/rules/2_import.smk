# From the raw layout to one image and one label map per case.


rule import_case:
    input:
        "results/{experiment}/1_raw/{dataset}/source.json",
    output:
        image="results/{experiment}/2_cases/{dataset}/{case}/image.nii.gz",
        label="results/{experiment}/2_cases/{dataset}/{case}/label.nii.gz",
    log:
        "results/{experiment}/logs/import/{dataset}/{case}.log",
    benchmark:
        "results/{experiment}/benchmarks/import/{dataset}/{case}.tsv"
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        format=lambda wildcards: [dataset_of(wildcards)["format"], dataset_of(wildcards).get("options")],
        raw=lambda wildcards, input: Path(input[0]).parent,
        out=lambda wildcards, output: Path(output.image).parents[1],
        code=code_hash("import_"),
    message:
        "{wildcards.dataset}: importing case {wildcards.case}"
    shell:
        "{weakseg3d} import {wildcards.dataset} --raw {params.raw:q} --out {params.out:q} --case {wildcards.case:q}"
        " > {log:q} 2>&1"
