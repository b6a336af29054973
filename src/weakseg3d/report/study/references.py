"""References in a panel of a study: dashed lines across the panel, with names at its border."""

import numpy as np
from scipy.optimize import isotonic_regression

LINE = {"color": "#555555", "linewidth": 0.7, "linestyle": (0, (4, 2.5)), "zorder": 1}
LABEL = {"color": "#333333", "fontsize": 7, "annotation_clip": False}
LEADER = {"arrowstyle": "-", "color": "#999999", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0}

LEADER_LENGTH = 0.1
"""Distance in inches from the border of the panel to a name."""

GAP = 0.13
"""Smallest distance in inches between two names."""


def draw_across(axes, references, size, labelled=True):
    """Draw horizontal lines at the mean Dice of ``references`` (rows of the study's table), named on the right.

    ``size`` is the approximate width and height of the panel in inches.
    """
    low, high = axes.get_ylim()
    end = 1 + LEADER_LENGTH / size[0]
    for name, mean, place in _labels(references, GAP / size[1] * (high - low), high):
        axes.axhline(mean, label=name, **LINE)
        if labelled:
            transform = axes.get_yaxis_transform()
            _write(axes, name, (1, mean), (end, place), xycoords=transform, textcoords=transform, va="center")


def draw_upright(axes, references, size):
    """Draw vertical lines at the mean Dice of ``references`` (rows of the study's table), named at the top.

    ``size`` is the approximate width and height of the panel in inches.
    """
    low, high = axes.get_xlim()
    end = 1 + LEADER_LENGTH / size[1]
    for name, mean, place in _labels(references, GAP / size[0] * (high - low), high):
        axes.axvline(mean, label=name, **LINE)
        transform = axes.get_xaxis_transform()
        style = {"ha": "center", "rotation": 90}
        _write(axes, name, (mean, 1), (place, end), xycoords=transform, textcoords=transform, **style)


def spread(values, gap, highest):
    """Return places for the labels of ``values``: as near as possible, ``gap`` apart, none above ``highest``."""
    values = np.asarray(values, float)
    order = np.argsort(values, kind="stable")
    steps = gap * np.arange(len(values))
    # Places that are at least the gap apart are equal steps plus a sequence that never decreases.
    shifts = isotonic_regression(values[order] - steps).x if len(values) else steps
    places = np.empty_like(values)
    places[order] = np.minimum(shifts, highest - steps[-1:]) + steps
    return places


def _labels(references, gap, highest):
    means = references["dice_mean"]
    return zip(references["method"], means, spread(means, gap, highest), strict=True)


def _write(axes, name, start, end, **style):
    axes.annotate(name, start, end, arrowprops=LEADER, **LABEL, **style)
