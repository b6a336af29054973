"""A trained network on validation cases."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from weakseg3d.errors import UserError
from weakseg3d.evaluation.largest_component import keep_largest_component
from weakseg3d.files import existing_file
from weakseg3d.images.labels import IGNORE
from weakseg3d.images.volumes import check_same_grid, read_image, read_label
from weakseg3d.inference.model import load_model
from weakseg3d.inference.prediction import check_spacing, predicted_mask
from weakseg3d.progress import track
from weakseg3d.texts import read_csv
from weakseg3d.tuning.scores import CaseScore

COLUMNS = ["case", "image", "label"]


def validate(model: str | os.PathLike[str], cases: str | os.PathLike[str], largest_component: bool) -> list[CaseScore]:
    """Return the scores of a ``model`` on the images and labels of a CSV with `COLUMNS`, seen from its own folder.

    Predictions are those of the verb 'predict'; with ``largest_component`` only the largest component of each counts.
    Labels are 0 for background, 1 for the organ, and `IGNORE` where nobody knows. Raises UserError for another header,
    missing files, other values, other grids, and a spacing at which the model was not trained.
    """
    network, recipe = load_model(model)
    scores = []
    for case, image, label in _cases(cases, recipe["spacing"]):
        try:
            mask = predicted_mask(network, recipe, image)
            mask = keep_largest_component(mask) if largest_component else mask
        except UserError:  # its probabilities are not numbers
            mask = None
        scores.append(case_score(case, label, None if mask is None else sitk.GetArrayViewFromImage(mask) > 0))
    return scores


def case_score(case: str, label: NDArray[np.uint8], predicted: NDArray[np.bool_] | None) -> CaseScore:
    """Return the score of what was ``predicted`` (z, y, x) on a ``label`` of the same shape; None is no mask at all."""
    organ, background = label == 1, label == 0
    known = np.count_nonzero(organ), np.count_nonzero(background)
    if predicted is None:
        return CaseScore(case, *known, None, None)
    return CaseScore(case, *known, np.count_nonzero(predicted & organ), np.count_nonzero(predicted & background))


def _cases(path: str | os.PathLike[str], spacing: float) -> Iterator[tuple[str, sitk.Image, NDArray[np.uint8]]]:
    """Yield the cases of a CSV with their images and the arrays (z, y, x) of their labels."""
    table = read_csv(path)
    if table.columns != COLUMNS:
        raise UserError(f"{path}: the header must be '{','.join(COLUMNS)}'")
    if not table.rows:
        raise UserError(f"{path}: lists no cases; add one line per validation case")
    for case, *names in track(table.rows, "validating"):
        files = [existing_file(table.path.parent / Path(name or "?")) for name in names]
        image, label = read_image(files[0]), read_label(files[1])
        check_spacing(image, files[0], spacing)
        check_same_grid(image, label, *files)
        values = sitk.GetArrayViewFromImage(label)
        if not np.isin(values, (0, 1, IGNORE)).all():
            raise UserError(f"{files[1]}: has values other than 0, 1 and {IGNORE}; give a mask or a sparse label")
        yield case, image, values
