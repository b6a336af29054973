"""The contract, tried on two phantom cases: what `method check` does."""

import csv
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from weakseg3d.annotations import ANNOTATIONS, is_drawn
from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.experiment.choices import choice_words
from weakseg3d.experiment.external_commands import ENVIRONMENT_FILES
from weakseg3d.experiment.external_facts import facts_of, target_of
from weakseg3d.experiment.paths import PROBABILITY
from weakseg3d.external.environment import command_environment
from weakseg3d.external.masks import foreign_mask, foreign_probability
from weakseg3d.external.predicting import predict
from weakseg3d.external.training import train
from weakseg3d.files import file_digest
from weakseg3d.images.volumes import write_volume
from weakseg3d.phantom.ct import ct_case

CASES = ("first", "second")
"""Names that are no numbers, so that a method cannot rely on those."""
SPACING = 5.0
"""Spacing of the isotropic grid in mm: about 70 x 50 x 60 voxels."""
ORGAN, LABEL = "spleen", 1
"""The organ, and its id in the phantom's label map."""


def check(name: str, method: Mapping[str, Any]) -> str:
    """Run the commands of a checked ``method`` on two phantom cases and say in one sentence what they did.

    The images differ in size, and the second grid is oblique. Raises UserError, which says what is wrong.
    """
    external = method["external"]
    environment = external.get("environment", "")
    if environment.endswith(ENVIRONMENT_FILES):
        print(
            f"weakseg3d method: {environment} is built by Snakemake alone (--use-conda), so this runs in the active"
            " environment",
            file=sys.stderr,
        )
        environment = ""
    variables = command_environment(environment or None, False, external["gpus"])
    with tempfile.TemporaryDirectory(prefix="weakseg3d-check-") as temporary:
        folder = Path(temporary)
        cases = {case: _phantom(number, case, method, folder) for number, case in enumerate(CASES, start=1)}
        _write_list(folder / "cases.csv", ["case", "image", "target"], cases)
        _write_list(folder / "test.csv", ["case", "image"], cases)
        cell = {"method": name, "dataset": "phantom_ct", "modality": "CT", "organ": ORGAN, "seed": 0, "threads": 1}
        facts = facts_of(method, **cell, spacing=SPACING, intensity={"window": [-175, 250]})
        program = external.get("program")
        before = {path: file_digest(path) for files in cases.values() for path in files}
        start = time.monotonic()
        train(facts, folder / "cases.csv", external["train"], folder / "seed-0", variables, program)
        trained = time.monotonic()
        model, masks = folder / "seed-0" / "model.json", folder / "masks.json"
        predict(name, model, folder / "test.csv", external["predict"], masks, variables, program)
        predicted = time.monotonic()
        voxels = [_organ_voxels(masks.with_suffix(""), case, files[0], external) for case, files in cases.items()]
        changed = [path for path, digest in before.items() if file_digest(path) != digest]
        if changed:
            raise UserError(f"{changed[0]}: was changed by the method, which may write into its {{out}} alone")
    found = " and ".join(str(number) for number in voxels)
    return (
        f"keeps the contract; trained on two phantom cases in {trained - start:.0f} s, predicted them in"
        f" {predicted - trained:.0f} s, and found {found} voxels of the {ORGAN}"
    )


def _phantom(number: int, case: str, method: Mapping[str, Any], folder: Path) -> list[Path]:
    """Return image and target of a phantom case, written into ``folder``."""
    image, label = ct_case(0, number)
    paths = {kind: folder / f"{case}_{kind}.nii.gz" for kind in ("scan", "map", "image", "label", "mask")}
    write_volume(image, paths["scan"])
    write_volume(label, paths["map"])
    for source, kind in (("scan", "image"), ("map", "label")):
        verb = f"resample --kind {kind} --spacing {SPACING} --in {paths[source]} --out {paths[kind]}"
        _run(verb.split())
    _run(["split", "--ids", str(LABEL), "--label", str(paths["label"]), "--out", str(paths["mask"])])
    return [paths["image"], _target(case, method, paths, folder)]


def _target(case: str, method: Mapping[str, Any], paths: Mapping[str, Path], folder: Path) -> Path:
    target = target_of(method)
    if method["supervision"] == "dense":
        return paths["mask"]
    drawn = is_drawn(ANNOTATIONS.choice(method["annotation"]).entry)
    annotation = folder / f"{case}_annotation.{'nii.gz' if drawn else 'mrk.json'}"
    _run(["annotate", "--mask", str(paths["mask"]), "--out", str(annotation), *choice_words(method["annotation"])])
    if target == "annotation":
        return annotation
    label = folder / f"{case}_pseudo.nii.gz"
    files = ["--annotation", str(annotation), "--image", str(paths["image"]), "--out", str(label)]
    _run(["pseudolabel", *files, *choice_words(method["pseudo_label"])])
    return label


def _run(command: list[str]) -> None:
    if main(command):
        raise UserError(f"the phantom's files could not be made by '{command[0]}'; see the message above")


def _write_list(path: Path, columns: list[str], cases: Mapping[str, list[Path]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([case, *map(str, files)][: len(columns)] for case, files in cases.items())


def _organ_voxels(folder: Path, case: str, image: Path, external: Mapping[str, Any]) -> int:
    """Return the number of voxels in a mask, once it and its probability are checked."""
    import SimpleITK as sitk

    if external["probabilities"]:
        foreign_probability(folder / f"{case}{PROBABILITY}.nii.gz", [str(image)])
    mask = foreign_mask(folder / f"{case}.nii.gz", [str(image)])
    return int(sitk.GetArrayViewFromImage(mask).sum())
