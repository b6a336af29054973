# Raw data, verified and unpacked; the embedded phantom is written as such an archive first.


rule phantom:
    output:
        PATHS.ARCHIVE,
    log:
        paths.log("phantom", paths.ARCHIVE),
    benchmark:
        paths.benchmark("phantom", paths.ARCHIVE)
    wildcard_constraints:
        archive=any_of(ARCHIVE_NAMES.values()),
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        run=RUN.verb("phantom"),
        phantom=lambda wildcards: EXPERIMENT.datasets[wildcards.dataset].description["access"]["phantom"],
        out=subpath(output[0], parent=True),
        code=RUN.code("phantom"),
    message:
        "{wildcards.dataset}: writing a phantom of {params.phantom[cases]} cases"
    shell:
        "{params.run} --modality {params.phantom[modality]} --cases {params.phantom[cases]} --seed {params.phantom[seed]}"
        " --out {params.out:q} > {log:q} 2>&1"


rule download:
    input:
        FILES.archive,
    output:
        PATHS.SOURCE,
    log:
        paths.log("download", paths.SOURCE),
    benchmark:
        paths.benchmark("download", paths.SOURCE)
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=720,
    params:
        run=RUN.verb("download"),
        access=lambda wildcards: EXPERIMENT.datasets[wildcards.dataset].description["access"],
        source=lambda wildcards: options.raw_data_options(EXPERIMENT, wildcards.dataset),
        out=subpath(output[0], parent=True),
        code=RUN.code("download"),
    message:
        "{wildcards.dataset}: fetching and verifying the raw data"
    shell:
        "{params.run} {wildcards.dataset:q} --out {params.out:q} {params.source} > {log:q} 2>&1"
