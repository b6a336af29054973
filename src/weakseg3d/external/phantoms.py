"""Phantom cases on which `weakseg3d.external.checking` tries the programs of others."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from weakseg3d.annotations import ANNOTATIONS, is_drawn
from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.experiment.choices import choice_words
from weakseg3d.images.volumes import write_volume
from weakseg3d.phantom.ct import ct_case

CASES = ("first", "second")
"""Names that are no numbers, so that a method cannot rely on those."""
ABSENT = "without_organ"
"""A case for programs that get annotations of the scans that they segment: here nobody could click on the organ."""
SPACING = 5.0
"""Spacing of the isotropic grid in mm: about 70 x 50 x 60 voxels."""
ORGAN, LABEL, NO_LABEL = "spleen", 1, 13
"""The organ, its id in the phantom's label map, and an id of nothing."""
SCANS: dict[str, Any] = {"dataset": "phantom_ct", "modality": "CT", "organ": ORGAN, "seed": 0, "threads": 1}
SCANS |= {"spacing": SPACING, "intensity": {"window": [-175, 250]}}
"""What a program is told of the scans."""


class Phantom(NamedTuple):
    """The files of a case; it has no annotation where the method has none."""

    image: Path
    mask: Path
    annotation: Path | None


def phantom(number: int, case: str, folder: Path) -> Phantom:
    """Return the files of a phantom case, which nobody has annotated yet."""
    image, label = ct_case(0, number)
    paths = {kind: folder / f"{case}_{kind}.nii.gz" for kind in ("scan", "map", "image", "label", "mask")}
    write_volume(image, paths["scan"])
    write_volume(label, paths["map"])
    for source, kind in (("scan", "image"), ("map", "label")):
        files = ["--in", str(paths[source]), "--out", str(paths[kind])]
        run_verb(["resample", "--kind", kind, "--spacing", str(SPACING), *files])
    identifier = NO_LABEL if case == ABSENT else LABEL
    files = ["--label", str(paths["label"]), "--out", str(paths["mask"])]
    run_verb(["split", "--allow-absent", "--ids", str(identifier), *files])
    return Phantom(paths["image"], paths["mask"], None)


def annotated(share: Mapping[str, Any], phantoms: Mapping[str, Phantom], folder: Path) -> dict[str, Phantom]:
    """Return the cases with the annotations of a share, which lie in ``folder``."""
    drawn = is_drawn(ANNOTATIONS.choice(share["annotation"]).entry)
    folder.mkdir()
    found = {}
    for case, files in phantoms.items():
        annotation = folder / f"{case}_annotation.{'nii.gz' if drawn else 'mrk.json'}"
        words = ["--mask", str(files.mask), "--out", str(annotation), "--allow-absent"]
        run_verb(["annotate", *words, *choice_words(share["annotation"])])
        found[case] = files._replace(annotation=annotation)
    return found


def run_verb(command: list[str]) -> None:
    """Run a verb of ours, whose failure is no fault of the method's."""
    if main(command):
        raise UserError(f"the phantom's files could not be made by '{command[0]}'; see the message above")
