# Test cases, segmented by the trained models and by the controls.


def control_source(wildcards):
    """Return what a control copies: the mask it is compared with, or the method's own pseudo label."""
    if method_of(wildcards)["control"] == "pseudo_label":
        return pseudo_label_files(wildcards, [wildcards.case])
    return evaluated_mask()


def model(wildcards):
    """Return the model a method predicts with; variants that differ in their test images alone share one."""
    folder = "results/{experiment}/7_models/{dataset}/{organ}/{annotation}"
    return f"{folder}/{EXPERIMENT.model_of(wildcards.method)}/seed-{{seed}}/model.pt".format(**wildcards)


def test_image(wildcards):
    """Return the image of a test case as a method sees it."""
    return isotropic_images(wildcards, [wildcards.case], EXPERIMENT.image(wildcards.method, "test"))


CONTROLS = [name for name, method in EXPERIMENT.methods.items() if "control" in method]


def maps_beside(prediction):
    """Return the uncertainty maps beside ``prediction`` (a path less its suffix), where the config asks for them."""
    maps = ["probability", "entropy", "variance"] if EXPERIMENT.uncertainty else []
    return [tracked(f"{prediction}_uncertainty/{name}.nii.gz") for name in maps]


def uncertainty_maps(method, prediction):
    """Return the `maps_beside` a prediction of ``method``: a control has none."""
    return [] if method in CONTROLS else maps_beside(prediction)


rule predict:
    input:
        model=model,
        image=test_image,
    output:
        maps_beside(
            "results/{experiment}/8_predictions/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}",
        ),
        mask=tracked(
            "results/{experiment}/8_predictions/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.nii.gz"
        ),
    log:
        "results/{experiment}/logs/predict/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.log",
    benchmark:
        "results/{experiment}/benchmarks/predict/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.tsv"
    conda:
        TORCH_ENV
    threads: EXPERIMENT.threads
    resources:
        mem_mb=16000 if gpus_per_job() else 4000,
        runtime=60,
        gpu=gpus_per_job(),
    params:
        uncertainty=lambda wildcards, output: (
            f"--uncertainty {shlex.quote(str(Path(output[0]).parent))}" if EXPERIMENT.uncertainty else ""
        ),
        each=each_case,
        code=code_hash("predict"),
    message:
        "{wildcards.dataset}: {wildcards.method} segments the {wildcards.organ} in case {wildcards.case}"
    shell:
        "{on_device} {params.each} predict --model {input.model:q} --image {input.image:q} --out {output.mask:q}"
        " {params.uncertainty} > {log:q} 2>&1"


rule control:
    input:
        control_source,
    output:
        tracked("results/{experiment}/8_predictions/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.nii.gz"),
    log:
        "results/{experiment}/logs/control/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.log",
    benchmark:
        "results/{experiment}/benchmarks/control/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.tsv"
    wildcard_constraints:
        method=alternatives(CONTROLS),
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        kind=lambda wildcards: method_of(wildcards)["control"],
        threshold=lambda wildcards: method_of(wildcards)["prediction"]["threshold"],
        each=each_case,
        code=code_hash("control"),
    message:
        "{wildcards.dataset}: control '{params.kind}' for the {wildcards.organ} in case {wildcards.case}"
    shell:
        "{weakseg3d} {params.each} control --kind {params.kind} --source {input:q} --out {output:q} --threshold {params.threshold}"
        " > {log:q} 2>&1"


ruleorder: control > predict
