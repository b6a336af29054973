"""The contract, tried on phantom cases: what `method check` does."""

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
from weakseg3d.experiment.external_facts import facts_of, gets_annotations, target_of
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
ABSENT = "without_organ"
"""A case for methods that get annotations of the scans that they segment: here nobody could click on the organ."""
SPACING = 5.0
"""Spacing of the isotropic grid in mm: about 70 x 50 x 60 voxels."""
ORGAN, LABEL, NO_LABEL = "spleen", 1, 13
"""The organ, its id in the phantom's label map, and an id of nothing."""


def check(name: str, method: Mapping[str, Any]) -> str:
    """Run the commands of a checked ``method`` on two phantom cases and say in one sentence what they did.

    The images differ in size, and the second grid is oblique. A method that gets annotations of what it segments also
    gets a third case, without the organ and so without a click. Raises UserError, which says what is wrong.
    """
    external, trained, prompted = method["external"], "train" in method["external"], gets_annotations(method)
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
        names = (*CASES, *[ABSENT] * prompted)
        cases = {case: _phantom(number, case, method, folder) for number, case in enumerate(names, start=1)}
        _write_list(folder / "cases.csv", ["case", "image", "target"], cases)
        _write_list(folder / "test.csv", ["case", "image", *["annotation"] * prompted], cases)
        cell = {"method": name, "dataset": "phantom_ct", "modality": "CT", "organ": ORGAN, "seed": 0, "threads": 1}
        facts = facts_of(method, **cell, spacing=SPACING, intensity={"window": [-175, 250]})
        program = external.get("program")
        before = {path: file_digest(path) for files in cases.values() for path in files}
        given: dict[str, Any] = {"facts": facts, "program": program}
        times = [time.monotonic()]
        if trained:
            train(facts, folder / "cases.csv", external["train"], folder / "seed-0", variables, program)
            given["model"] = folder / "seed-0" / "model.json"
        times.append(time.monotonic())
        masks = folder / "masks.json"
        predict(f"method '{name}', prediction", folder / "test.csv", external["predict"], masks, variables, **given)
        times.append(time.monotonic())
        voxels = [_organ_voxels(masks.with_suffix(""), case, files[0], external) for case, files in cases.items()]
        changed = [path for path, digest in before.items() if file_digest(path) != digest]
        if changed:
            raise UserError(f"{changed[0]}: was changed by the method, which may write into its {{out}} alone")
    training, prediction = times[1] - times[0], times[2] - times[1]
    did = f"trained on two phantom cases in {training:.0f} s, predicted them" if trained else "segmented phantom cases"
    found = " and ".join(str(number) for number in voxels[: len(CASES)])
    without = f", and {voxels[-1]} where nobody clicked as there is none" if prompted else ""
    return f"keeps the contract; {did} in {prediction:.0f} s, and found {found} voxels of the {ORGAN}{without}"


def _phantom(number: int, case: str, method: Mapping[str, Any], folder: Path) -> list[Path]:
    """Return the image of a phantom case and what a method learns from or is given with it, as far as it is either."""
    image, label = ct_case(0, number)
    paths = {kind: folder / f"{case}_{kind}.nii.gz" for kind in ("scan", "map", "image", "label", "mask")}
    write_volume(image, paths["scan"])
    write_volume(label, paths["map"])
    for source, kind in (("scan", "image"), ("map", "label")):
        verb = f"resample --kind {kind} --spacing {SPACING} --in {paths[source]} --out {paths[kind]}"
        _run(verb.split())
    identifier = NO_LABEL if case == ABSENT else LABEL
    _run(
        [
            "split",
            "--allow-absent",
            "--ids",
            str(identifier),
            "--label",
            str(paths["label"]),
            "--out",
            str(paths["mask"]),
        ]
    )
    return [paths["image"], *_target(case, method, paths, folder)]


def _target(case: str, method: Mapping[str, Any], paths: Mapping[str, Path], folder: Path) -> list[Path]:
    if method["supervision"] == "dense":
        return [paths["mask"]]
    if "none" in method["annotation"]:
        return []
    drawn = is_drawn(ANNOTATIONS.choice(method["annotation"]).entry)
    annotation = folder / f"{case}_annotation.{'nii.gz' if drawn else 'mrk.json'}"
    files = ["--mask", str(paths["mask"]), "--out", str(annotation), "--allow-absent"]
    _run(["annotate", *files, *choice_words(method["annotation"])])
    if target_of(method) in (None, "annotation"):
        return [annotation]
    label = folder / f"{case}_pseudo.nii.gz"
    files = ["--annotation", str(annotation), "--image", str(paths["image"]), "--out", str(label)]
    _run(["pseudolabel", *files, *choice_words(method["pseudo_label"])])
    return [label]


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
