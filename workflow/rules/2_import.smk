# From the raw layout to one image and one label map per case.


rule import_case:
    input:
        "results/{experiment}/1_raw/{dataset}/source.json",
    output:
        image=tracked("results/{experiment}/2_cases/{dataset}/{case}/image.nii.gz"),
        label=tracked("results/{experiment}/2_cases/{dataset}/{case}/label.nii.gz"),
    log:
        "results/{experiment}/logs/import/{dataset}/{case}.log",
    benchmark:
        "results/{experiment}/benchmarks/import/{dataset}/{case}.tsv"
    priority: 20
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
        # A batch whose cases change is imported anew; all that follows sees that by its record.
        cases=lambda wildcards: EXPERIMENT.cases_of(wildcards.dataset, wildcards.case),
        each=each_case,
        code=code_hash("import_"),
    message:
        "{wildcards.dataset}: importing case {wildcards.case}"
    shell:
        "{weakseg3d} {params.each} import {wildcards.dataset} --raw {params.raw:q} --out {params.out:q} --case {wildcards.case:q}"
        " > {log:q} 2>&1"
