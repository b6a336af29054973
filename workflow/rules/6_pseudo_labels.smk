# From the annotation to a training target on the image's grid.


def annotation_file(wildcards):
    """Return the annotation of a case."""
    suffix = annotation_suffix(wildcards.annotation)
    return tracked(f"results/{{experiment}}/5_annotations/{{dataset}}/{{organ}}/{{annotation}}/{{case}}.{suffix}")


rule pseudo_label:
    input:
        annotation=annotation_file,
        image=tracked("results/{experiment}/3_isotropic/{dataset}/{case}/image.nii.gz"),
    output:
        tracked("results/{experiment}/6_pseudo_labels/{dataset}/{organ}/{annotation}/{pseudo_label}/{case}.nii.gz"),
    log:
        "results/{experiment}/logs/pseudo_label/{dataset}/{organ}/{annotation}/{pseudo_label}/{case}.log",
    benchmark:
        "results/{experiment}/benchmarks/pseudo_label/{dataset}/{organ}/{annotation}/{pseudo_label}/{case}.tsv"
    priority: 20
    conda:
        CORE_ENV
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        kind=lambda wildcards: stage_options(PSEUDO_LABELS, wildcards.pseudo_label),
        each=each_case,
        code=code_hash("pseudolabel"),
    message:
        "{wildcards.dataset}: pseudo label of the {wildcards.organ} in case {wildcards.case} ({params.kind})"
    shell:
        "{weakseg3d} {params.each} pseudolabel --annotation {input.annotation:q} --image {input.image:q} --out {output:q} {params.kind}"
        " > {log:q} 2>&1"
