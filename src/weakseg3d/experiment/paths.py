"""Where every file of an experiment lies: each path is spelt here and nowhere else. The Snakefile explains them.

A constant is a pattern with Snakemake's wildcards. ``{annotation}`` and ``{pseudo_label}`` are made by `path_part`.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from types import SimpleNamespace
from typing import Any

RESULTS = "results/{experiment}"
"""The folder of an experiment. What follows it in a pattern is the same in every experiment."""

ARCHIVE = RESULTS + "/1_raw/{dataset}/{archive}"
SOURCE = RESULTS + "/1_raw/{dataset}/source.json"

RAW_CONTENT = RESULTS + "/1_raw/{dataset}/.content/{case}.json"
"""A digest of the raw files of a case (`weakseg3d.experiment.raw_content`)."""

CASE_FOLDER = RESULTS + "/2_cases/{dataset}/{case}"
CASE = CASE_FOLDER + "/{kind}.nii.gz"
CASE_IMAGE = CASE_FOLDER + "/image.nii.gz"
CASE_LABEL = CASE_FOLDER + "/label.nii.gz"
CASE_SCRIBBLES = CASE_FOLDER + "/scribbles.nii.gz"
"""The published scribbles of a case, where it has any; the import of its image writes them beside it."""

ISOTROPIC = RESULTS + "/3_isotropic/{dataset}/{case}/{kind}.nii.gz"
ISOTROPIC_IMAGE = RESULTS + "/3_isotropic/{dataset}/{case}/image.nii.gz"
ISOTROPIC_LABEL = RESULTS + "/3_isotropic/{dataset}/{case}/label.nii.gz"
PERTURBED_IMAGE = RESULTS + "/3_isotropic/{dataset}/{case}/image_{perturbation}.nii.gz"
SEEN_IMAGE = RESULTS + "/3_isotropic/{dataset}/{case}/{image}.nii.gz"
"""An isotropic image as some method sees it: undisturbed or perturbed."""
IMAGE_ARRAY = RESULTS + "/3_isotropic/{dataset}/{case}/{clipping}{image}.npy"
"""An array of such an image; ``{clipping}`` is empty where its intensities are clipped, else `UNCLIPPED`."""
UNCLIPPED = "unclipped_"

MASK = RESULTS + "/4_masks/{dataset}/{organ}/{case}.nii.gz"
MASK_ARRAY = RESULTS + "/4_masks/{dataset}/{organ}/{case}.npy"
ORIGINAL_MASK = RESULTS + "/4_masks/{dataset}/{organ}/original/{case}.nii.gz"
"""The mask on the scan's own grid."""

ANNOTATION = RESULTS + "/5_annotations/{dataset}/{organ}/{annotation}/{case}.{suffix}"
EFFORT = RESULTS + "/5_annotations/{dataset}/{organ}/{annotation}/effort.csv"
TEST_EFFORT = RESULTS + "/5_annotations/{dataset}/{organ}/{annotation}/effort_test.csv"
"""The effort of annotating the test scans, of methods that are given those annotations."""

LABELS = RESULTS + "/6_pseudo_labels/{dataset}/{organ}/{annotation}/{pseudo_label}"
"""The folder of the pseudo labels of one kind."""
PSEUDO_LABEL = LABELS + "/{case}.nii.gz"
PSEUDO_LABEL_ARRAY = LABELS + "/{case}.npy"
LABELLED_CASES = LABELS + "/cases.csv"
"""The scans of which a program of somebody else's makes pseudo labels, with their annotations."""
LABEL_RECIPE = LABELS + "/recipe.json"
LABEL_RUN = LABELS + "/run.json"
"""What such a program was told, and what it took."""
EXTERNAL_LABEL = LABELS + "/external/{case}{suffix}.nii.gz"
"""A label as it wrote it; with the ``{suffix}`` `PROBABILITY`, one that is soft."""
EXTERNAL_LABELS = LABELS + "/external.json"
"""The digests of those labels, by which Snakemake knows them."""

METHOD = RESULTS + "/7_models/{dataset}/{organ}/{annotation}/{method}"
"""The folder of a method's models, one for each seed."""
TRAINING_CASES = METHOD + "/cases.csv"
VALIDATION_CASES = METHOD + "/validation.csv"
TRAINING = METHOD + "/seed-{seed}"
"""The folder of one training."""
RECIPE = TRAINING + "/recipe.yaml"
MODEL = TRAINING + "/model.pt"
RUN = TRAINING + "/run.json"
LOSSES = TRAINING + "/losses.csv"
SCORED_CASES = METHOD + "/scored.csv"
"""The validation cases, with the labels that choose among the trials of a study."""
SCORES = TRAINING + "/scores.csv"
"""The scores of a trial on them."""
TRIED = TRAINING + "/tried.csv"
"""The trials of a variant whose model is the best of them, with their scores."""
TEST_IMAGES = METHOD + "/test.csv"
"""The images that a program of somebody else's segments, and their annotations where it is given those."""
EXTERNAL_MODEL = TRAINING + "/model.json"
"""The digests of what such a program's training made, in the folder beside it that is called the same."""

PREDICTION = RESULTS + "/8_predictions/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.nii.gz"
EXTERNAL_MASK = (
    RESULTS + "/8_predictions/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/external/{case}{suffix}.nii.gz"
)
"""A mask as a program of somebody else's wrote it; with the ``{suffix}`` `PROBABILITY`, its probability."""
PROBABILITY = "_probability"
EXTERNAL_MASKS = RESULTS + "/8_predictions/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/external.json"
"""The digests of those masks, by which Snakemake knows them."""
UNCERTAINTY = (
    RESULTS + "/8_predictions/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}_uncertainty/{map}.nii.gz"
)
UNCERTAINTY_MAPS = ("probability", "entropy", "variance")
"""The values of ``{map}``."""

NEW_IMAGES = RESULTS + "/8_predictions/{dataset}/new/images.csv"
"""The images of the cases that the split calls new."""
NEW_SCANS = RESULTS + "/8_predictions/{dataset}/new/{method}/seed-{seed}/volumes.csv"
"""The table of the cases that the split calls new; beside it lie their label maps, ``{case}.nii.gz``."""
NEW_SCAN = RESULTS + "/8_predictions/{dataset}/new/{method}/seed-{seed}/{case}.nii.gz"

METRICS = RESULTS + "/9_metrics/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/{case}.csv"
WITNESS = RESULTS + "/9_metrics/{dataset}/{organ}/{annotation}/{method}/seed-{seed}/witness.json"
"""Dice and HD95 of the first test case by MedPy, beside ours."""

AGREEMENT = RESULTS + "/9_agreement/{dataset}/{organ}/{pair}.csv"
"""How well what two annotators gave agrees, case by case."""

TABLE = RESULTS + "/tables/{table}"
ALL_METRICS = RESULTS + "/tables/metrics.csv"
PROVENANCE = RESULTS + "/tables/provenance.json"
SETTINGS = RESULTS + "/tables/settings.json"
"""The inputs and options of the report, from which its tables can be made again."""
FIGURE = RESULTS + "/figures/{figure}"
PICTURE = RESULTS + "/figures/{picture}/{dataset}/{organ}/{method}.png"
LOGS = RESULTS + "/logs"
BENCHMARKS = RESULTS + "/benchmarks"

REPORT = RESULTS + "/report.html"
RELEASE = RESULTS + "/release/{experiment}.zip"
"""The results in one archive to publish."""
PARTIAL_REPORT = RESULTS + "/partial/report.html"


def in_results(pattern: str) -> str:
    """Return a pattern as it is seen from the folder of its experiment."""
    return pattern.removeprefix(RESULTS + "/")


def log(step: str, path: str = RESULTS) -> str:
    """Return the log of the job of ``step`` that makes ``path``, a pattern or a folder."""
    return _beside(f"{LOGS}/{step}", path, ".log")


def benchmark(step: str, path: str = RESULTS) -> str:
    """Return the benchmark (wall time, memory) of the job of ``step`` that makes ``path``, a pattern or a folder."""
    return _beside(f"{BENCHMARKS}/{step}", path, ".tsv")


def _beside(folder: str, path: str, suffix: str) -> str:
    """Return ``path``, less its stage and its suffix, as a file of another ``suffix`` in ``folder``."""
    place = "/".join([folder, *PurePosixPath(path).relative_to(RESULTS).parts[1:]])
    for known in (".nii.gz", ".npy", ".csv", ".json", ".png", ".html"):
        place = place.removesuffix(known)
    return place + suffix


def record(path: str) -> str:
    """Return the record that stands for the files ``path`` of all cases of a batch (`weakseg3d.jobs.batches`).

    ``path`` is a pattern or a path that starts with ``results/EXPERIMENT/``.
    """
    results, experiment, rest = path.split("/", 2)
    return f"{results}/{experiment}/batches/{rest}.json"


def tracked(path: str, batch: str) -> str:
    """Return the file by which Snakemake knows ``path``: itself or, where one job makes several cases, their record.

    ``batch`` is the config's key of that name. Only files of a case have a record.
    """
    return record(path) if batch != "case" and ("/@" in path or "/{case}" in path) else path


def tracked_paths(batch: str) -> SimpleNamespace:
    """Return all patterns of this module under their names, each as Snakemake knows it (`tracked`)."""
    patterns = {name: value for name, value in globals().items() if name.isupper() and isinstance(value, str)}
    return SimpleNamespace(**{name: tracked(pattern, batch) for name, pattern in patterns.items()})


def digest_of(content: Any) -> str:
    """Return eight digits that stand in a path for ``content``, which may be anything that a config can say."""
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def path_part(kind: str, parameters: Mapping[str, Any]) -> str:
    """Return ``kind`` and its parameters as one readable path part, such as ``gaussian_sigma-12.0``."""
    return "_".join([kind, *(f"{key}-{value}" for key, value in parameters.items())])
