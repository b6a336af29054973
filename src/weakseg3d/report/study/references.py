"""References in a panel of a study: dashed lines across it, with their names at the border."""

import numpy as np
from scipy.optimize import isotonic_regression

LINE = {"color": "#555555", "linewidth": 0.7, "linestyle": (0, (4, 2.5)), "zorder": 1}
LABEL = {"color": "#333333", "fontsize": 7, "annotation_clip": False}
LEADER = {"arrowstyle": "-", "color": "#999999", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0}

LEADER_LENGTH = 0.1
"""Distance in inches from the panel's border to a name."""

GAP = 0.13
"""Least distance in inches between two names."""


def across(axis, references, size, labelled=True):
    """Draw horizontal lines at the mean Dice of ``references`` (rows of the study's table), named on the right.

    ``size`` is about the width and height of the panel in inches.
    """
    low, high = axis.get_ylim()
    end = 1 + LEADER_LENGTH / size[0]
    for name, mean, place in _labels(references, GAP / size[1] * (high - low), high):
        axis.axhline(mean, label=name, **LINE)
        if labelled:
            _write(axis, name, (1, mean), (end, place), axis.get_yaxis_transform(), va="center")


def upright(axis, references, size):
    """Draw vertical lines at the mean Dice of ``references`` (rows of the study's table), named on top.

    ``size`` is about the width and height of the panel in inches.
    """
    low, high = axis.get_xlim()
    end = 1 + LEADER_LENGTH / size[1]
    for name, mean, place in _labels(references, GAP / size[0] * (high - low), high):
        axis.axvline(mean, label=name, **LINE)
        _write(axis, name, (mean, 1), (place, end), axis.get_xaxis_transform(), ha="center", rotation=90)


def spread(values, gap, highest):
    """Return places for the labels of ``values``: as near as can be, ``gap`` apart, none above ``highest``."""
    values = np.asarray(values, float)
    order = np.argsort(values, kind="stable")
    steps = gap * np.arange(len(values))
    # Places that grow by at least the gap are steps plus something that never falls.
    shifts = isotonic_regression(values[order] - steps).x if len(values) else steps
    places = np.empty_like(values)
    places[order] = np.minimum(shifts, highest - steps[-1:]) + steps
    return places


def _labels(references, gap, highest):
    means = references["dice_mean"]
    return zip(references["method"], means, spread(means, gap, highest), strict=True)


def _write(axis, name, start, end, transform, **style):
    axis.annotate(name, start, end, xycoords=transform, textcoords=transform, arrowprops=LEADER, **LABEL, **style)
