"""The data for the page's viewer of slices: scans and masks, small enough to fit into one HTML file."""

import base64
import io
from dataclasses import dataclass

import matplotlib.image
import numpy as np
import SimpleITK as sitk

from weakseg3d.evaluation.reference_grid import HALF
from weakseg3d.images.resampling import map_on_reference_grid
from weakseg3d.images.volumes import read_image, read_mask
from weakseg3d.report.figures.overlays import PERCENTILES, slice_to_show, turned

MAX_SIZE = (128, 128, 48)
"""A scan has at most this many columns, rows and slices in the viewer; a larger one is averaged over whole voxels."""

MAX_BYTES = 12_000_000
"""All data of the viewer takes at most this much; cases that do not fit are left out and named in a warning."""

QUALITY = 80
"""Quality of the JPEG with the slices of a scan."""

HIDDEN = ("truth", "empty")
"""Controls that would show nothing of interest next to the reference."""


@dataclass(frozen=True)
class Scan:
    """A scan as the viewer shows it."""

    grid: sitk.Image
    """The volume, turned to the patient's axes and made coarser."""
    image: str
    """The `sprite` of its slices."""


def within_size(entries):
    """Return the ``entries`` of the viewer that fit into `MAX_BYTES` together, and the names of the others."""
    kept, left_out, used_bytes = [], [], 0
    for entry in entries:
        size = len(entry["image"]) + sum(len(mask["runs"]) for mask in entry["masks"])
        if used_bytes + size > MAX_BYTES:
            left_out.append(f"{entry['case']} ({entry['organ']}, {entry['dataset']})")
            continue
        used_bytes += size
        kept.append(entry)
    return kept, left_out


def viewer_cases(results, rows, methods, cases_per_organ):
    """Return the test cases that the viewer shows, as dicts ready for JSON, and a warning about those without files.

    ``results`` is a `Results`, ``rows`` are the metrics, ``methods`` the names shown, and ``cases_per_organ`` is the
    number of test cases for each dataset and organ, in the order of the split. Each dict contains ``dataset``,
    ``organ`` and ``case``, ``size`` (columns, rows, slices), ``aspect`` (height of a pixel divided by its width), the
    ``image`` as a `sprite`, the first ``slice`` to show, and ``masks``: reference and predictions (first seed) as
    `runs`, with their ``dice`` and ``status``. Volumes are turned to the patient's axes: rows run from anterior,
    columns from the patient's right, slices from the feet.
    """
    entries, scores, scans, without_files = [], _scores(rows), {}, []
    for dataset, organ in rows[["dataset", "organ"]].drop_duplicates().itertuples(index=False, name=None):
        for case in results.datasets[dataset]["cases"]["test"][:cases_per_organ]:
            if not (results.image(dataset, case).is_file() and results.reference(dataset, organ, case).is_file()):
                without_files.append(f"{case} ({organ}, {dataset})")
                continue
            if (dataset, case) not in scans:
                scans[dataset, case] = small_scan(results, dataset, organ, case)
            entry = {"dataset": dataset, "organ": organ, "case": case}
            entry |= _shown(results, scans[dataset, case], entry)
            entry["masks"] += _predictions(results, scans[dataset, case], entry, methods, scores)
            entries.append(entry)
    warnings = []
    if without_files:
        warnings.append(f"the viewer lacks the image or reference of {', '.join(without_files)}")
    return entries, warnings


def _scores(rows):
    """Return ``{(dataset, organ, method, case): (Dice, status)}`` of the first seed of every method."""
    keys = ["dataset", "organ", "method", "case"]
    dice = rows[rows["metric"] == "dice"].drop_duplicates(keys)
    scores = dice[["value", "status"]].itertuples(index=False, name=None)
    return dict(zip(dice[keys].itertuples(index=False, name=None), scores, strict=True))


def small_scan(results, dataset, organ, case):
    """Return a case's image on the grid of its reference as a `Scan`."""
    image, reference = read_image(results.image(dataset, case)), read_mask(results.reference(dataset, organ, case))
    return coarse(turned(map_on_reference_grid(image, reference)), results.datasets[dataset]["window"])


def coarse(image, window=None):
    """Return a volume, turned to the patient's axes, as a `Scan` of at most `MAX_SIZE`; ``window`` as for `sprite`."""
    factors = [-(-size // largest) for size, largest in zip(image.GetSize(), MAX_SIZE, strict=True)]
    small = sitk.BinShrink(image, factors)
    return Scan(small, sprite(sitk.GetArrayFromImage(small), window))


def sprite(array, window=None):
    """Return the slices of a scan (z, y, x), stacked below each other in one JPEG, as a ``data:`` address.

    ``window`` is the lowest and highest grey level shown, by default the `PERCENTILES` of the volume.
    """
    low, high = window or np.percentile(array, PERCENTILES)
    grey = np.clip((array - low) / max(high - low, 1e-6), 0, 1)
    stream = io.BytesIO()
    pixels = (grey * 255).round().astype(np.uint8).reshape(-1, array.shape[2])
    matplotlib.image.imsave(
        stream, np.stack([pixels] * 3, axis=-1), format="jpg", pil_kwargs={"quality": QUALITY, "optimize": True}
    )
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def runs(mask):
    """Return a mask (z, y, x) as the lengths of its runs in that order, background first, in base 36 with spaces."""
    flat = np.concatenate([[0], np.asarray(mask, bool).ravel().view(np.uint8), [2]])
    ends = np.flatnonzero(np.diff(flat))
    lengths = np.diff(np.concatenate([[0], ends]))
    return " ".join(np.base_repr(length, 36).lower() for length in lengths)


def _shown(results, scan, labels):
    """Return the scan and the reference of a case, which is identified by ``labels``, as parts of its entry."""
    reference = on_grid(read_mask(results.reference(labels["dataset"], labels["organ"], labels["case"])), scan.grid)
    spacing_x, spacing_y, _ = scan.grid.GetSpacing()
    return {
        "size": list(scan.grid.GetSize()),
        "aspect": spacing_y / spacing_x,
        "slice": slice_to_show(reference),
        "image": scan.image,
        "masks": [{"name": "reference", "runs": runs(reference), "dice": None, "status": ""}],
    }


def _predictions(results, scan, labels, methods, scores):
    """Return the masks of all predictions of a case, which is identified by ``labels``."""
    masks = []
    for method in methods:
        cells = results.cells_of(dataset=labels["dataset"], organ=labels["organ"], method=method)
        if not cells or method in HIDDEN or not results.prediction(cells[0], labels["case"]).is_file():
            continue
        mask = on_grid(results.evaluated_prediction(cells[0], labels["case"]), scan.grid)
        key = labels["dataset"], labels["organ"], method, labels["case"]
        dice, status = scores.get(key, (np.nan, ""))
        dice = None if np.isnan(dice) else round(float(dice), 4)
        masks.append({"name": method, "runs": runs(mask), "dice": dice, "status": status})
    return masks


def on_grid(mask, grid):
    """Return a mask on the grid of another volume, as a boolean array (z, y, x)."""
    return sitk.GetArrayFromImage(map_on_reference_grid(sitk.Cast(mask, sitk.sitkFloat32), grid)) >= HALF
