"""Reliability diagram: the share of organ among the voxels with a given probability."""

import math

import numpy as np
import seaborn as sns
import SimpleITK as sitk
from matplotlib.lines import Line2D

from weakseg3d.evaluation.calibration import BINS, MARGIN, region_box
from weakseg3d.evaluation.reference_grid import HALF
from weakseg3d.images.resampling import map_on_reference_grid
from weakseg3d.images.volumes import read_image, read_mask
from weakseg3d.report.style import COLUMN_WIDTH, method_styles, new_figure, style_context

FEWEST_VOXELS = 50
"""Bins with fewer voxels are not drawn, because their share is left to chance."""

MAX_METHODS = 14
"""Methods shown, two for each colour; more of them would hide each other."""

PANEL_WIDTH = 1.75
"""Width of a panel in inches; two fit into a column."""

LINE = {"linewidth": 0.9, "markersize": 2.6}


def reliability_bins(probability, reference):
    """Return the voxels, the sum of probabilities and the number of organ voxels in each of `BINS` bins, (3, bins).

    ``probability`` is an array in [0, 1], ``reference`` a boolean one of its shape; bins as in
    `weakseg3d.evaluation.calibration.expected_calibration_error`.
    """
    p, reference = np.asarray(probability, np.float64).ravel(), np.asarray(reference).ravel()
    bin_of = np.clip((p * BINS).astype(int), 0, BINS - 1)
    return np.stack([np.bincount(bin_of, weights, minlength=BINS) for weights in (np.ones_like(p), p, reference)])


def measured_reliability(results):
    """Return ``{(dataset, organ): {method: bins}}`` over all test cases and seeds that have a probability map.

    Bins are those of `reliability_bins`, within the bounding box of prediction and reference widened by `MARGIN`. They
    are counted on the grid of the prediction, onto which the reference is resampled.
    """
    bins, references = {}, {}
    uncertain = [cell for cell in results.cells if cell.get("uncertainty", bool(cell["model"]))]
    methods = list(dict.fromkeys(cell["method"] for cell in uncertain))[:MAX_METHODS]
    for cell in results.cells:
        if cell["method"] not in methods:
            continue
        organ = cell["dataset"], cell["organ"]
        for case in results.datasets[cell["dataset"]]["cases"]["test"]:
            paths = results.probability(cell, case), results.prediction(cell, case), results.reference(*organ, case)
            if not all(path.is_file() for path in paths):
                continue
            probability, prediction = read_image(paths[0]), read_mask(paths[1])
            if (*organ, case) not in references:
                # All methods of an organ share the grid; the references of the organ before are no longer needed.
                references = {key: value for key, value in references.items() if key[:2] == organ}
                references[(*organ, case)] = _on_grid(read_mask(paths[2]), prediction)
            reference = references[(*organ, case)]
            either = reference | (sitk.GetArrayViewFromImage(prediction) != 0)
            box = region_box(either, prediction.GetSpacing()[::-1], MARGIN)
            organ_bins = bins.setdefault(organ, {})
            if box is None:
                continue
            counts = reliability_bins(sitk.GetArrayViewFromImage(probability)[box], reference[box])
            organ_bins[cell["method"]] = organ_bins.get(cell["method"], 0) + counts
    return bins


def _on_grid(mask, grid):
    """Return a mask on the grid of another volume, as a boolean array (z, y, x)."""
    resampled = map_on_reference_grid(sitk.Cast(mask, sitk.sitkFloat32), grid)
    return sitk.GetArrayFromImage(resampled) >= HALF


def reliability_figure(bins):
    """Return the reliability diagram of ``bins``, from `measured_reliability`, with one panel per organ.

    None if there are no bins.
    """
    if not bins:
        return None
    styles = method_styles(list(dict.fromkeys(method for organ_bins in bins.values() for method in organ_bins)))
    columns = min(4, max(2, len(bins)))
    rows = math.ceil(len(bins) / columns)
    with style_context():
        legend_columns = 2 if columns == 2 else 4
        height = rows * (PANEL_WIDTH + 0.15) + 0.25 + 0.16 * math.ceil(len(styles) / legend_columns)
        figure = new_figure(max(COLUMN_WIDTH, PANEL_WIDTH * columns), height)
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axes in grid[len(bins) :]:
            axes.set_visible(False)
        for axes, ((dataset, organ), organ_bins) in zip(grid, bins.items(), strict=False):
            _draw_panel(axes, organ_bins, styles)
            axes.set_title(f"{organ}, {dataset}", loc="left")
        grid[0].set_ylabel("share that is organ")
        handles = [Line2D([], [], **LINE, **style) for style in styles.values()]
        figure.legend(handles, list(styles), loc="outside lower center", ncols=legend_columns, frameon=False)
    return figure


def _draw_panel(axes, organ_bins, styles):
    """Draw the bins of all methods on one organ."""
    axes.plot([0, 1], [0, 1], color="#888888", linewidth=0.7, linestyle=(0, (4, 2.5)))
    for method, (voxels, probabilities, organ_voxels) in organ_bins.items():
        enough = voxels >= FEWEST_VOXELS
        x, y = probabilities[enough] / voxels[enough], organ_voxels[enough] / voxels[enough]
        axes.plot(x, y, label=method, **LINE, **styles[method])
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", xlabel="probability")
    axes.set_xticks([0, 0.5, 1])
    axes.set_yticks([0, 0.5, 1])
    sns.despine(ax=axes)
