"""The box plot shows every case, and distinguishes controls and missed organs."""

import pandas as pd
import pytest
from drawing import draw
from metrics_rows import table_of

from weakseg3d.report.figures.dice_boxplot import CONTROL_COLOUR, METHOD_COLOUR, dice_boxplot

ABSENT = (float("nan"), "absent_in_both")


def test_every_case_is_a_dot_and_a_missed_organ_a_cross():
    rows = table_of({"weak": {"a": 0.8, "b": (0.0, "empty_prediction"), "c": ABSENT}, "truth": {"a": 1.0}})
    (panel,) = draw(dice_boxplot(rows))
    dots, crosses = (next(line for line in panel.lines if line.get_marker() == marker) for marker in "ox")
    assert sorted(dots.get_xdata()) == [0.8, 1.0]
    assert list(crosses.get_xdata()) == [0.0]


def test_one_panel_per_organ():
    organs = ("liver", "spleen", "aorta")
    rows = pd.concat(table_of({"weak": {"a": 0.5}}, organ=organ) for organ in organs)
    assert [axes.get_title() for axes in draw(dice_boxplot(rows))] == [f"{organ}, toy (ct)" for organ in organs]


def test_controls_are_hatched():
    cases = {"a": 0.5, "b": 0.6, "c": 0.9}
    weak, truth = draw(dice_boxplot(table_of({"weak": cases, "truth": cases})))[0].patches
    assert weak.get_hatch() is None
    assert truth.get_hatch()
    assert METHOD_COLOUR != CONTROL_COLOUR


def test_a_method_missing_on_one_organ_leaves_a_gap():
    rows = [table_of({"weak": {"a": 0.5}, "dense": {"a": 0.9}}), table_of({"dense": {"a": 0.8}}, organ="aorta")]
    spleen, aorta = draw(dice_boxplot(pd.concat(rows)))
    assert (len(spleen.patches), len(aorta.patches)) == (2, 1)


def test_without_any_dice_there_is_still_a_figure():
    assert dice_boxplot(table_of({"weak": {"a": ABSENT}})) is not None


def test_the_dots_of_a_case_are_joined_but_not_through_controls():
    names = ("first", "truth", "second")
    rows = table_of({name: {"a": 0.1 * n, "b": 0.2 * n} for n, name in enumerate(names, start=1)})
    (panel,) = draw(dice_boxplot(rows))
    pairs = [list(line.get_xdata()) for line in panel.lines if line.get_color() == "#999999"]
    assert sorted(pairs) == [pytest.approx([0.1, 0.3]), pytest.approx([0.2, 0.6])]


@pytest.mark.parametrize("methods", [1, 2, 9])
def test_any_number_of_methods_fits(methods):
    cases = {f"method_{n}": {"a": 0.5, "b": 0.6} for n in range(methods)}
    rows = pd.concat([table_of(cases, organ=organ) for organ in ("liver", "aorta")], ignore_index=True)
    left, right = draw(dice_boxplot(rows))
    # Panels fill the figure.
    assert right.get_position().x1 > 0.95
    assert right.get_position().x0 - left.get_position().x1 < 0.05
