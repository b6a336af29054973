"""The page's viewer of slices: scans and masks, small enough to travel in one HTML file."""

import base64
import io

import matplotlib.image
import numpy as np
import SimpleITK as sitk

from weakseg3d.evaluation.reference_grid import HALF, map_on_reference_grid
from weakseg3d.images.volumes import read_image, read_mask
from weakseg3d.report.figures.overlays import PERCENTILES, slice_to_show, turned

LARGEST = (128, 128, 48)
"""A scan has at most so many columns, rows and slices in the viewer; a larger one is averaged over whole voxels."""

MOST_BYTES = 12_000_000
"""All that the viewer holds takes no more than this; further cases are left out and named in a warning."""

QUALITY = 80
"""Of the JPEG that holds a scan's slices."""

HIDDEN = ("truth", "empty")
"""Controls that are nothing to look at beside the reference."""


def viewer_cases(results, rows, methods, most):
    """Return what the viewer shows, a list of dicts ready for JSON, and a sentence for what had no room or no file.

    ``results`` is a `Results`, ``rows`` the metrics, ``methods`` the names shown, ``most`` the number of test cases of
    each dataset and organ, in the order of the split. Each dict holds ``dataset``, ``organ`` and ``case``, ``size``
    (columns, rows, slices), ``aspect`` (height of a pixel over its width), the ``image`` as a sprite of slices
    (`sprite`), the first ``slice`` to show, and ``masks``: reference and predictions (first seed) as `runs` with their
    ``dice`` and ``status``. Volumes are turned to the patient's axes: rows run from anterior, columns from the
    patient's right, slices from the feet.
    """
    shown, used, full, gone, images = [], 0, [], [], {}
    dice = rows[rows["metric"] == "dice"].drop_duplicates(["dataset", "organ", "method", "case"])
    dice = dice.set_index(["dataset", "organ", "method", "case"])[["value", "status"]]
    for dataset, organ in rows[["dataset", "organ"]].drop_duplicates().itertuples(index=False, name=None):
        for case in results.datasets[dataset]["cases"]["test"][:most]:
            name = f"{case} ({organ}, {dataset})"
            if not (results.image(dataset, case).is_file() and results.reference(dataset, organ, case).is_file()):
                gone.append(name)
                continue
            if (dataset, case) not in images:
                images[dataset, case] = small_image(results, dataset, organ, case)
            grid, picture = images[dataset, case]
            entry = _entry(results, dice, methods, (dataset, organ, case), grid, picture)
            size = len(picture) + sum(len(mask["runs"]) for mask in entry["masks"])
            if used + size > MOST_BYTES:
                full.append(name)
                continue
            used += size
            shown.append(entry)
    left_out = [f"the viewer has no room for {', '.join(full)}; lower 'viewer_cases'"] if full else []
    return shown, left_out + ([f"the viewer lacks the image or reference of {', '.join(gone)}"] if gone else [])


def small_image(results, dataset, organ, case):
    """Return a scan's grid in the viewer, an image, and the `sprite` of its slices."""
    image = turned(
        map_on_reference_grid(
            read_image(results.image(dataset, case)), read_mask(results.reference(dataset, organ, case))
        )
    )
    factors = [-(-size // largest) for size, largest in zip(image.GetSize(), LARGEST, strict=True)]
    small = sitk.BinShrink(image, factors)
    return small, sprite(sitk.GetArrayFromImage(small), results.datasets[dataset]["window"])


def sprite(array, window=None):
    """Return the slices of a scan (z, y, x) below each other in one JPEG, as a ``data:`` address.

    ``window`` is the lowest and highest grey level shown, by default the volume's `PERCENTILES`.
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


def _entry(results, dice, methods, key, grid, picture):
    """Return what the viewer shows of one case of one organ."""
    dataset, organ, case = key
    reference = _on_grid(read_mask(results.reference(dataset, organ, case)), grid)
    masks = [{"name": "reference", "runs": runs(reference), "dice": None, "status": ""}]
    for method in methods:
        cell = results.cell(dataset=dataset, organ=organ, method=method)
        if cell is None or method in HIDDEN or not results.prediction(cell, case).is_file():
            continue
        mask = _on_grid(results.evaluated_prediction(cell, case), grid)
        value, status = (
            dice.loc[dataset, organ, method, case] if (dataset, organ, method, case) in dice.index else (None, "")
        )
        value = None if value is None or np.isnan(value) else round(float(value), 4)
        masks.append({"name": method, "runs": runs(mask), "dice": value, "status": status})
    spacing_x, spacing_y, _ = grid.GetSpacing()
    return {
        "dataset": dataset,
        "organ": organ,
        "case": case,
        "size": list(grid.GetSize()),
        "aspect": spacing_y / spacing_x,
        "slice": slice_to_show(reference, reference),
        "image": picture,
        "masks": masks,
    }


def _on_grid(mask, grid):
    return sitk.GetArrayFromImage(map_on_reference_grid(sitk.Cast(mask, sitk.sitkFloat32), grid)) >= HALF
