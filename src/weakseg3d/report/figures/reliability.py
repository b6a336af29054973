"""Reliability diagram: what share of the voxels of a probability are organ."""

import math

import matplotlib
import numpy as np
import seaborn as sns
import SimpleITK as sitk
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from weakseg3d.evaluation.calibration import BINS, MARGIN, region_box
from weakseg3d.evaluation.reference_grid import HALF, map_on_reference_grid
from weakseg3d.images.volumes import read_image, read_mask
from weakseg3d.report.figures.style import COLUMN_WIDTH, STYLE

FEWEST_VOXELS = 50
"""Bins with fewer voxels are not drawn: their share is chance."""

STYLES = (
    {"color": "#0072b2", "marker": "o"},
    {"color": "#d55e00", "marker": "s"},
    {"color": "#009e73", "marker": "^"},
    {"color": "#cc79a7", "marker": "D"},
    {"color": "#56b4e9", "marker": "v"},
    {"color": "#e69f00", "marker": "P"},
    {"color": "#000000", "marker": "X"},
)

MOST = 14
"""Methods shown, two for each colour; those of a large study would hide each other."""

PANEL = 1.75
"""Width of a panel in inches, two of which fit a column."""


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

    Bins are those of `reliability_bins`, within the bounding box of prediction and reference widened by `MARGIN`, on
    the grid of the prediction, to which the reference is brought.
    """
    bins, references = {}, {}
    methods_shown = list(dict.fromkeys(cell["method"] for cell in results.cells if cell["model"]))[:MOST]
    for cell in results.cells:
        if cell["method"] not in methods_shown:
            continue
        organ = cell["dataset"], cell["organ"]
        for case in results.datasets[cell["dataset"]]["cases"]["test"]:
            path = results.probability(cell, case)
            needed = path, results.prediction(cell, case), results.reference(*organ, case)
            if not all(file.is_file() for file in needed):
                continue
            probability, prediction = read_image(path), read_mask(results.prediction(cell, case))
            if (*organ, case) not in references:
                # All methods of an organ share the grid; those of the organ before are no longer needed.
                references = {key: value for key, value in references.items() if key[:2] == organ}
                mask = sitk.Cast(read_mask(results.reference(*organ, case)), sitk.sitkFloat32)
                mask = map_on_reference_grid(mask, prediction)
                references[(*organ, case)] = sitk.GetArrayFromImage(mask) >= HALF
            reference = references[(*organ, case)]
            either = reference | (sitk.GetArrayViewFromImage(prediction) != 0)
            box = region_box(either, prediction.GetSpacing()[::-1], MARGIN)
            methods = bins.setdefault(organ, {})
            if box is None:
                continue
            counted = reliability_bins(sitk.GetArrayViewFromImage(probability)[box], reference[box])
            methods[cell["method"]] = methods.get(cell["method"], 0) + counted
    return bins


def reliability_figure(bins):
    """Return the reliability diagram of what `measured_reliability` returns, one panel per organ; None without any."""
    if not bins:
        return None
    methods = list(dict.fromkeys(method for parts in bins.values() for method in parts))
    styles = {method: STYLES[place % len(STYLES)] for place, method in enumerate(methods)}
    columns = min(4, max(2, len(bins)))
    lines = math.ceil(len(bins) / columns)
    with matplotlib.rc_context({**sns.axes_style("ticks"), **STYLE, "axes.linewidth": 0.6}):
        legend_columns = 2 if columns == 2 else 4
        height = lines * (PANEL + 0.15) + 0.25 + 0.16 * math.ceil(len(methods) / legend_columns)
        figure = Figure(figsize=(max(COLUMN_WIDTH, PANEL * columns), height), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False).ravel()
        for axis in axes[len(bins) :]:
            axis.set_visible(False)
        for axis, ((dataset, organ), parts) in zip(axes, bins.items(), strict=False):
            axis.plot([0, 1], [0, 1], color="#888888", linewidth=0.7, linestyle=(0, (4, 2.5)))
            for method, (voxels, probabilities, organ_voxels) in parts.items():
                shown = voxels >= FEWEST_VOXELS
                x, y = probabilities[shown] / voxels[shown], organ_voxels[shown] / voxels[shown]
                axis.plot(x, y, label=method, linewidth=0.9, markersize=2.6, **styles[method])
            axis.set_title(f"{organ}, {dataset}", loc="left")
            axis.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", xlabel="probability")
            axis.set_xticks([0, 0.5, 1])
            axis.set_yticks([0, 0.5, 1])
            sns.despine(ax=axis)
        axes[0].set_ylabel("share that is organ")
        handles = [matplotlib.lines.Line2D([], [], linewidth=0.9, markersize=2.6, **style) for style in styles.values()]
        figure.legend(handles, methods, loc="outside lower center", ncols=legend_columns, frameon=False)
    return figure
