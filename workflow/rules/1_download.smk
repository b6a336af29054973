# Raw data, verified and unpacked; the embedded phantom is written as such an archive first.


def phantom_of(wildcards):
    """Return the parameters of an embedded dataset."""
    return dataset_of(wildcards)["access"]["phantom"]


def raw_archive(wildcards):
    """Return the archive to be made first, for an embedded dataset."""
    access = dataset_of(wildcards)["access"]
    if "phantom" not in access:
        return []
    return "results/{experiment}/1_raw/{dataset}/" + ARCHIVE_NAMES[access["phantom"]["modality"]]


def source_options(wildcards):
    """Return the options that name raw data the user placed and the folder that users share, as far as given."""
    path, shared = EXPERIMENT.datasets[wildcards.dataset].raw, config.get("raw_folder", "")
    named = [f"--source {shlex.quote(path)}"] if path else [f"--shared {shlex.quote(shared)}"] if shared else []
    return " ".join([*named, *(["--offline"] if config.get("offline", False) else [])])


rule phantom:
    output:
        "results/{experiment}/1_raw/{dataset}/{archive}",
    log:
        "results/{experiment}/logs/phantom/{dataset}/{archive}.log",
    benchmark:
        "results/{experiment}/benchmarks/phantom/{dataset}/{archive}.tsv"
    wildcard_constraints:
        archive=alternatives(ARCHIVE_NAMES.values()),
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        modality=lambda wildcards: phantom_of(wildcards)["modality"],
        cases=lambda wildcards: phantom_of(wildcards)["cases"],
        seed=lambda wildcards: phantom_of(wildcards)["seed"],
        out=lambda wildcards, output: Path(output[0]).parent,
        code=code_hash("phantom"),
    message:
        "{wildcards.dataset}: writing a phantom of {params.cases} cases"
    shell:
        "{weakseg3d} phantom --modality {params.modality} --cases {params.cases} --seed {params.seed}"
        " --out {params.out:q} > {log:q} 2>&1"


rule download:
    input:
        raw_archive,
    output:
        "results/{experiment}/1_raw/{dataset}/source.json",
    log:
        "results/{experiment}/logs/download/{dataset}.log",
    benchmark:
        "results/{experiment}/benchmarks/download/{dataset}.tsv"
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=720,
    params:
        access=lambda wildcards: dataset_of(wildcards)["access"],
        source=source_options,
        out=lambda wildcards, output: Path(output[0]).parent,
        code=code_hash("download"),
    message:
        "{wildcards.dataset}: fetching and verifying the raw data"
    shell:
        "{weakseg3d} download {wildcards.dataset} --out {params.out:q} {params.source} > {log:q} 2>&1"
