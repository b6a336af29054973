# Test cases, segmented by the trained models and by the controls.


rule predict:
    input:
        model=FILES.model,
        image=FILES.test_image,
    output:
        FILES.uncertainty_patterns(),
        mask=PATHS.PREDICTION,
    log:
        paths.log("predict", paths.PREDICTION),
    benchmark:
        paths.benchmark("predict", paths.PREDICTION)
    conda:
        TORCH_ENV
    threads: EXPERIMENT.threads
    resources:
        mem_mb=16000 if GPUS else 4000,
        runtime=60,
        gpu=GPUS,
    params:
        run=RUN.verb_on_device("predict"),
        uncertainty=lambda wildcards, output: options.folder_option("uncertainty", output[:-1]),
        code=RUN.code("predict"),
    message:
        "{wildcards.dataset}: {wildcards.method} segments the {wildcards.organ} in case {wildcards.case}"
    shell:
        "{params.run} --model {input.model:q} --image {input.image:q} --out {output.mask:q} {params.uncertainty} > {log:q} 2>&1"


# A list, as a command of the shell cannot name thousands of files.
rule new_images:
    output:
        PATHS.NEW_IMAGES,
    localrule: True
    params:
        cases=lambda wildcards: EXPERIMENT.datasets[wildcards.dataset].cases("new"),
        files=FILES.new_files,
    message:
        "{wildcards.dataset}: new scans"
    shell:
        '(echo case,image; for case in {params.cases:q}; do echo "$case,{params.files}"; done) > {output:q}'


# Scans that nobody labelled: one label map of all organs for each, on the scan's own grid, and a table of the volumes.
# A run that was stopped goes on where it was; what the table does not name any more is left alone.
rule new_scans:
    input:
        models=FILES.models_of_organs,
        cases=PATHS.NEW_IMAGES,
        images=FILES.new_images,
    output:
        PATHS.NEW_SCANS,
    log:
        paths.log("segment", paths.NEW_SCANS),
    benchmark:
        paths.benchmark("segment", paths.NEW_SCANS)
    conda:
        TORCH_ENV
    threads: EXPERIMENT.threads
    resources:
        mem_mb=16000 if GPUS else 8000,
        runtime=720,
        gpu=GPUS,
    params:
        run=RUN.verb_on_device("segment"),
        models=lambda wildcards: options.models_option(FILES, wildcards),
        out=subpath(output[0], parent=True),
        code=RUN.code("segment"),
    message:
        "{wildcards.dataset}: {wildcards.method} segments the new scans"
    shell:
        "{params.run} {params.models} --list {input.cases:q} --out {params.out:q} > {log:q} 2>&1"


rule control:
    input:
        FILES.control_source,
    output:
        PATHS.PREDICTION,
    log:
        paths.log("control", paths.PREDICTION),
    benchmark:
        paths.benchmark("control", paths.PREDICTION)
    wildcard_constraints:
        method=any_of(EXPERIMENT.controls()),
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        run=RUN.verb("control"),
        kind=lambda wildcards: EXPERIMENT.methods[wildcards.method]["control"],
        threshold=lambda wildcards: EXPERIMENT.methods[wildcards.method]["prediction"]["threshold"],
        code=RUN.code("control"),
    message:
        "{wildcards.dataset}: control '{params.kind}' for the {wildcards.organ} in case {wildcards.case}"
    shell:
        "{params.run} --kind {params.kind} --source {input:q} --out {output:q} --threshold {params.threshold} > {log:q} 2>&1"


rule test_images:
    output:
        PATHS.TEST_IMAGES,
    localrule: True
    params:
        cases=lambda wildcards: EXPERIMENT.datasets[wildcards.dataset].cases("test"),
        columns=FILES.test_columns,
        files=FILES.test_files,
    message:
        "{wildcards.dataset}: images that {wildcards.method} segments"
    shell:
        '(echo {params.columns}; for case in {params.cases:q}; do echo "$case,{params.files}"; done) > {output:q}'


# A program of somebody else's segments all test cases of a cell at once. It gets what its command names: the model that
# it trained or, if it is not trained, maybe the annotations of the very scans, to which no other step gives it a way.
rule external_predict:
    input:
        unpack(FILES.predicted_with),
        cases=PATHS.TEST_IMAGES,
        images=FILES.test_images,
    output:
        PATHS.EXTERNAL_MASKS,
    log:
        paths.log("external_predict", paths.EXTERNAL_MASKS),
    benchmark:
        paths.benchmark("external_predict", paths.EXTERNAL_MASKS)
    conda:
        external_env
    threads: EXPERIMENT.threads
    resources:
        mem_mb=16000 if GPUS else 4000,
        runtime=720,
        gpu=lambda wildcards: GPUS * EXPERIMENT.program_of(wildcards)["gpus"],
    params:
        run=EXTERNAL_RUN.verb_on_programs_device("external", EXPERIMENT.program_of),
        command=lambda wildcards: EXPERIMENT.program_of(wildcards)["predict"],
        options=lambda wildcards, input: options.external_options(
            EXPERIMENT.program_of(wildcards), "conda" in DEPLOYED_BY
        ),
        gpus=lambda wildcards: EXPERIMENT.program_of(wildcards)["gpus"],
        given=lambda wildcards: options.prediction_options(FILES.predicted_with(wildcards)),
    message:
        "{wildcards.dataset}: {wildcards.method} segments the {wildcards.organ} in all test cases"
    shell:
        "{params.run} predict --method {wildcards.method:q} {params.given} --cases {input.cases:q}"
        " --command {params.command:q} {params.options} --gpus {params.gpus} --out {output:q} > {log:q} 2>&1"


# Each of its masks is checked before it counts as a prediction.
rule adopt:
    input:
        masks=PATHS.EXTERNAL_MASKS,
        images=FILES.mask_images,
    output:
        mask=PATHS.PREDICTION,
    log:
        paths.log("adopt", paths.PREDICTION),
    benchmark:
        paths.benchmark("adopt", paths.PREDICTION)
    wildcard_constraints:
        method=any_of(EXPERIMENT.externals(uncertain=False)),
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        run=RUN.verb("adopt"),
        mask=FILES.external_mask,
        maps="",
        code=RUN.code("adopt"),
    message:
        "{wildcards.dataset}: checking what {wildcards.method} made of case {wildcards.case}"
    shell:
        "{params.run} --mask {params.mask:q} --images {input.images:q} --out {output.mask:q} {params.maps} > {log:q} 2>&1"


use rule adopt as adopt_with_uncertainty with:
    output:
        FILES.uncertainty_patterns(),
        mask=PATHS.PREDICTION,
    wildcard_constraints:
        method=any_of(EXPERIMENT.externals(uncertain=True)),
    params:
        run=RUN.verb("adopt"),
        mask=FILES.external_mask,
        maps=lambda wildcards, output: options.external_maps(FILES, wildcards, output[:-1]),
        code=RUN.code("adopt"),


# Masks that were made elsewhere are inputs; nothing here writes to them.
use rule adopt as adopt_given with:
    input:
        masks=FILES.given_masks,
        images=FILES.mask_images,
    wildcard_constraints:
        method=any_of(EXPERIMENT.given()),
    params:
        run=RUN.verb("adopt"),
        mask=lambda wildcards: EXPERIMENT.given_mask(wildcards, wildcards.case),
        maps="",
        code=RUN.code("adopt"),


ruleorder: adopt_given > adopt > adopt_with_uncertainty > control > predict
