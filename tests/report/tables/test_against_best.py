"""The comparison of every method with the best one."""

import pytest
from compared_methods import MIDDLE, STRONG, WEAK, rows_of
from report_tables import report_on

from weakseg3d.report.tables.against_best import against_best, best_methods, compared_rows
from weakseg3d.report.tables.main import main_table
from weakseg3d.report.tables.measures import SHOWN
from weakseg3d.statistics.comparison import comparisons


def test_every_method_is_compared_with_the_best():
    rows = rows_of({"weak": WEAK, "strong": STRONG, "middle": MIDDLE, "truth": [1.0] * 8})
    table = main_table(rows)
    compared = against_best(comparisons(compared_rows(rows, SHOWN)), best_methods(rows, table))
    dice = compared[compared["metric"] == "dice"].set_index("method")
    assert set(dice["best"]) == {"strong"}
    assert list(dice.index) == ["weak", "middle"]
    assert dice.loc["weak", "mean_difference"] == pytest.approx(0.31)
    assert tuple(dice.loc["weak", ["wins", "ties", "losses", "effect"]]) == (8, 0, 0, 1)
    # A lower HD95 is better: best minus method is negative, and the best still wins.
    hd95 = compared[compared["metric"] == "hd95"].set_index("method")
    assert hd95.loc["weak", "mean_difference"] == pytest.approx(-3.1)
    assert tuple(hd95.loc["weak", ["wins", "ties", "losses", "effect"]]) == (8, 0, 0, 1)
    # Swapping a pair swaps the ends of the interval, too.
    for table in (dice, hd95):
        assert ((table["low"] < table["mean_difference"]) & (table["mean_difference"] < table["high"])).all()
    assert set(compared["favours"]) == {"strong"}


def test_five_cases_are_not_called_insignificant(tmp_path):
    tables = report_on(tmp_path, rows_of({"strong": STRONG[:5], "weak": WEAK[:5]}))
    text = (tables / "against_best.md").read_text(encoding="utf-8")
    assert (
        "| Dice | strong | +0.300 | +0.300 to +0.300 | 5/0/0 | +1.00 | – | 0 | 5 | 0 | 5 cases with a difference, where"
        in text
    )
    assert "cannot reach 0.05" in text
