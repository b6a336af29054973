"""Format of many challenges: images in folders called images..., label maps of the same names in folders labels...

AMOS has imagesTr and imagesVa, WORD imagesTr, imagesVal and imagesTs, CycleMix's MSCMR train/images, val/images and
TestSet/images. ScribbleBench (https://github.com/MIC-DKFZ/ScribbleBench) rearranges all of them as nnU-Net does.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from weakseg3d.datasets.file_search import NIFTI, Sources, paired, stem, walk
from weakseg3d.datasets.formats.nifti import Pair, read_pair, read_scan
from weakseg3d.errors import UserError
from weakseg3d.images.volumes import read_label

LAYOUT = (
    "images<Part>/<case>.nii.gz with labels<Part>/<case>.nii.gz (<case>_manual.nii.gz; <case>_scribble.nii.gz for "
    "scribbles), <Part> being Tr, Va and the like, in any folders; or as ScribbleBench arranges them, "
    "imagesTr/<case>_0000.nii.gz with labelsTr_dense/<case>.nii.gz"
)
TOP_FOLDER = None

CHANNEL = "_0000"
"""What nnU-Net and ScribbleBench append to the name of a case's only image."""

MANUAL = "_manual"
"""What MS-CMRSeg appends to the name of a case's label map."""

SCRIBBLE = "_scribble"
"""What the authors of published scribbles append to the name of a case."""

DENSE = "_dense"
"""Label maps of ScribbleBench, whose folder of the same name without this suffix contains its simulated scribbles."""


def find_cases(raw: str | os.PathLike[str], options: Mapping[str, Any]) -> dict[str, Sources]:
    """Return ``{case: {"image": path, "label": path, "scribbles": path or None, "place": …}}``.

    An image without a label map is not a case. ``options["numbers"]`` are the smallest and the largest number with
    which the name of a case may end; the others are left out. ``options["misplaced"]`` are the cases whose label map
    lacks the position and direction of the image; their ``place`` is the image, and that of the others None. Raises
    UserError for two files of one case.
    """
    images: dict[str, Path] = {}
    labels: dict[str, Path] = {}
    scribbles: dict[str, Path] = {}
    for path in _volumes(raw):
        name, folder = stem(path), path.parent.name.lower()
        if name.endswith(SCRIBBLE):
            # CycleMix has the same scribbles once more in a folder of their own.
            if name.removesuffix(SCRIBBLE) not in scribbles or folder.startswith("labels"):
                scribbles[name.removesuffix(SCRIBBLE)] = path
        elif folder.startswith("images"):
            _add(images, name.removesuffix(CHANNEL), path)
        elif folder.startswith("labels") and not path.parent.with_name(path.parent.name + DENSE).is_dir():
            _add(labels, name.removesuffix(MANUAL), path)
    labelled = {case: path for case, path in images.items() if case in labels}
    cases = {case: sources for case, sources in paired(labelled, labels).items() if _is_wanted(case, options)}
    misplaced = options.get("misplaced", ())
    return {
        case: {**sources, "scribbles": scribbles.get(case), "place": sources["image"] if case in misplaced else None}
        for case, sources in cases.items()
    }


def load_case(sources: Sources, options: Mapping[str, Any]) -> Pair:
    """Return image (float32) and label (uint8, ids as in the file).

    Raises UserError as `read_pair` does, and for a misplaced label map of another size.
    """
    if sources["place"] is None:
        return read_pair(sources)
    image, label = read_scan(sources["image"]), read_label(sources["label"])
    if image.GetSize() != label.GetSize():
        raise UserError(
            f"{sources['label']}: {label.GetSize()} voxels, but the image has {image.GetSize()}; leave this case out"
        )
    label.CopyInformation(image)
    return image, label


def _volumes(raw: str | os.PathLike[str]) -> Iterator[Path]:
    return (path for path in walk(raw) if path.name.endswith(NIFTI))


def _add(paths: dict[str, Path], case: str, path: Path) -> None:
    if case in paths:
        raise UserError(f"{path}: case '{case}' is also in {paths[case]}; keep one of the two")
    paths[case] = path


def _is_wanted(case: str, options: Mapping[str, Any]) -> bool:
    if "numbers" not in options:
        return True
    low, high = options["numbers"]
    number = re.search(r"\d+$", case)
    return number is not None and low <= int(number[0]) <= high
