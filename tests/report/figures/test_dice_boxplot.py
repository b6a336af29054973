"""The box plot shows every case, and tells controls and missed organs apart."""

import pandas as pd
import pytest

from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.report.figures.dice_boxplot import CONTROL_COLOUR, METHOD_COLOUR, dice_boxplot


def rows_of(cases):
    """Return Dice rows from (organ, method, case, value, status)."""
    return pd.DataFrame(
        [
            ("toy", "ct", organ, "points", method, "0", case, "dice", value, "1", status)
            for organ, method, case, value, status in cases
        ],
        columns=COLUMNS,
    )


def panels(figure):
    return [axis for axis in figure.axes if axis.get_visible()]


def test_every_case_is_a_dot_and_a_missed_organ_a_cross():
    rows = rows_of(
        [
            ("liver", "weak", "a", 0.8, "ok"),
            ("liver", "weak", "b", 0.0, "empty_prediction"),
            ("liver", "weak", "c", float("nan"), "absent_in_both"),
            ("liver", "truth", "a", 1.0, "ok"),
        ]
    )
    (panel,) = panels(dice_boxplot(rows))
    dots, crosses = (next(line for line in panel.lines if line.get_marker() == marker) for marker in "ox")
    assert sorted(dots.get_xdata()) == [0.8, 1.0]
    assert list(crosses.get_xdata()) == [0.0]


def test_one_panel_per_organ():
    rows = rows_of([(organ, "weak", "a", 0.5, "ok") for organ in ("liver", "spleen", "aorta")])
    figure = dice_boxplot(rows)
    assert [axis.get_title() for axis in panels(figure)] == ["liver, toy (ct)", "spleen, toy (ct)", "aorta, toy (ct)"]


def test_controls_are_hatched():
    rows = rows_of(
        [
            ("liver", method, case, value, "ok")
            for method in ("weak", "truth")
            for case, value in zip("abc", (0.5, 0.6, 0.9), strict=True)
        ]
    )
    weak, truth = panels(dice_boxplot(rows))[0].patches
    assert weak.get_hatch() is None
    assert truth.get_hatch()
    assert METHOD_COLOUR != CONTROL_COLOUR


def test_a_method_missing_on_one_organ_leaves_a_gap():
    rows = rows_of(
        [("liver", "weak", "a", 0.5, "ok"), ("liver", "dense", "a", 0.9, "ok"), ("aorta", "dense", "a", 0.8, "ok")]
    )
    liver, aorta = panels(dice_boxplot(rows))
    assert (len(liver.patches), len(aorta.patches)) == (2, 1)


@pytest.mark.parametrize("cases", [[("liver", "weak", "a", float("nan"), "absent_in_both")]])
def test_nothing_to_draw_is_still_a_figure(cases):
    assert dice_boxplot(rows_of(cases)) is not None
