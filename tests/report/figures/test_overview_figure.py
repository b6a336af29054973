"""The figure of the overview: points at their effort, with intervals, and lines across where it is not known."""

import math

import pandas as pd
import pytest

from weakseg3d.report.figures.overview import overview_figure
from weakseg3d.report.tables.measures import SHOWN


def table(*methods, dataset="toy", **facts):
    """Return an overview of ``(name, mean, clicks, cm)``, with intervals of 0.1 on both sides."""
    rows = [
        {"dataset": dataset, "modality": "ct", "series": name, "dice_mean": mean, "dice_low": mean - 0.1}
        | {"dice_high": mean + 0.1, "effort_clicks": clicks, "effort_cm": cm}
        | facts
        for name, mean, clicks, cm in methods
    ]
    return pd.DataFrame(rows)


def points(axes):
    """Return ``{label: (efforts, means, lows, highs)}`` of what is drawn at an effort."""
    found = {}
    for container in axes.containers:
        line, _, (bars,) = container.lines
        ends = [(segment[0][1], segment[1][1]) for segment in bars.get_segments()]
        found[container.get_label()] = (*map(list, line.get_data()), *map(list, zip(*ends, strict=True)))
    return found


def names_across(axes):
    return [text.get_text() for text in axes.texts]


def test_means_stand_at_their_effort_with_their_intervals():
    figure = overview_figure(table(("few", 0.5, 10, 0), ("many", 0.7, 100, 0)), SHOWN[0])
    (axes,) = figure.axes
    drawn = points(axes)
    assert drawn["few"] == ([10], [0.5], [0.4], [pytest.approx(0.6)])
    assert drawn["many"][:2] == ([100], [0.7])
    assert (axes.get_ylabel(), axes.get_xscale()) == ("Dice", "log")
    assert axes.get_xlabel() == "effort on one organ of an annotated scan (clicks)"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["few", "many"]


def test_variants_of_a_method_are_one_curve():
    figure = overview_figure(table(("a+clicks-20", 0.7, 20, 0), ("a+clicks-10", 0.5, 10, 0)), SHOWN[0])
    assert points(figure.axes[0])["a"][:2] == ([10, 20], [0.5, 0.7])
    assert figure.axes[0].get_xscale() == "linear"


def test_variants_of_the_same_effort_are_not_joined():
    (axes,) = overview_figure(table(("a+sigma-1", 0.7, 10, 0), ("a+sigma-2", 0.5, 10, 0)), SHOWN[0]).axes
    assert [container.get_label() for container in axes.containers] == ["a", "a"]
    assert {len(container.lines[0].get_xdata()) for container in axes.containers} == {1}


def test_another_unit_and_unknown_efforts_are_lines_across():
    methods = [("a", 0.5, 10, 0), ("b", 0.6, 20, 0), ("drawn", 0.7, 0, 300), ("both", 0.8, 5, 300)]
    figure = overview_figure(table(*methods, ("unknown", 0.9, math.nan, math.nan)), SHOWN[0])
    assert set(points(figure.axes[0])) == {"a", "b"}
    assert sorted(names_across(figure.axes[0])) == ["both", "drawn", "unknown"]


def test_without_any_effort_the_axis_says_so():
    (axes,) = overview_figure(table(("a", 0.5, math.nan, math.nan)), SHOWN[0]).axes
    assert (axes.get_xlabel(), names_across(axes)) == ("effort: unknown", ["a"])


def test_an_interval_that_is_not_known_is_no_bar():
    known = table(("a", 0.5, 10, 0))
    figure = overview_figure(known.assign(dice_low=math.nan, dice_high=math.nan), SHOWN[0])
    assert points(figure.axes[0])["a"][2:] == ([0.5], [0.5])


def test_datasets_have_panels_and_methods_of_one_effort_stand_apart():
    both = pd.concat([table(("a", 0.5, 10, 0), ("b", 0.5, 10, 0), dataset=name) for name in ("x", "y")])
    figure = overview_figure(both, SHOWN[0])
    assert [axes.get_title() for axes in figure.axes] == ["x", "y"]
    figure.draw_without_rendering()
    places = [container.lines[0].get_transform().transform((10, 0.5))[0] for container in figure.axes[0].containers]
    assert places[1] - places[0] == pytest.approx(0.09 * figure.dpi)
