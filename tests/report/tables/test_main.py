"""The main table: intervals, marks of the best methods, and means without missed organs."""

import re

import pandas as pd
import pytest
from compared_methods import METHODS, MIDDLE, STRONG, rows_of
from report_tables import records, report_on

from weakseg3d.report.tables.cell_statistics import cell_statistics
from weakseg3d.report.tables.main import main_table, readable_main


def test_the_mean_lies_within_its_interval():
    table = main_table(rows_of(METHODS)).set_index("method")
    strong = table.loc["strong"]
    assert strong["dice_median"] == pytest.approx(0.835)
    assert strong["dice_mean"] == pytest.approx(0.845)
    assert 0.80 < strong["dice_low"] < 0.845 < strong["dice_high"] < 0.95
    assert tuple(table.loc["truth", ["dice_low", "dice_high"]]) == (1, 1)
    text = readable_main(table.reset_index()).text.set_index("Method")
    assert text.loc["truth \\*", "Dice 95 % interval"] == "1.000–1.000"


def test_the_best_is_bold_the_second_underlined_and_significantly_worse_ones_have_a_dagger(tmp_path):
    tables = report_on(tmp_path, rows_of(METHODS))
    text = (tables / "main.md").read_text(encoding="utf-8")
    # Eight wins of eight: p = 2 / 2^8 = 0.0078; with three pairs, Holm's correction makes it 0.0234 for all.
    assert re.search(r"\| strong \| \*\*0\.845 ± 0\.047\*\* \|", text)
    assert re.search(r"\| middle \| <u>0\.824 ± 0\.048</u> † \|", text)
    assert re.search(r"\| weak \| 0\.535 ± 0\.024 † \|", text)
    assert re.search(r"\| truth \\\* \| 1\.000 ± 0\.000 \|", text)
    p = {row["method"]: row["dice_p"] for row in records(tables / "main.csv")}
    assert p == {"strong": "", "middle": "0.02344", "weak": "0.02344", "truth": ""}


def test_seeds_are_pooled(tmp_path):
    rows = pd.concat([rows_of({"strong": STRONG}), rows_of({"strong": MIDDLE}, seed="1")])
    tables = report_on(tmp_path, rows)
    (row,) = records(tables / "main.csv")
    assert (row["n"], row["n_seeds"]) == ("16", "2")
    assert float(row["dice_mean"]) == pytest.approx((sum(STRONG) + sum(MIDDLE)) / 16, abs=1e-4)
    assert "with all seeds, pooled" in (tables / "main.md").read_text(encoding="utf-8")


def test_means_without_missed_organs_stand_beside_those_with_them(tmp_path):
    rows = rows_of({"strong": STRONG, "missing": [0.9, 0.8, "missed", 0.7]})
    rows = rows[rows["case"].isin(list("abcd"))]
    tables = report_on(tmp_path, rows, "--means-without-missed")
    row = next(row for row in records(tables / "main.csv") if row["method"] == "missing")
    assert (row["dice_mean"], row["dice_found_mean"]) == ("0.6000", "0.8000")
    assert (row["hd95_mean"], row["hd95_found_mean"]) == ("26.5000", "2.0000")
    assert row["n_missed"] == "1"
    assert "| Dice, found only |" in (tables / "main.md").read_text(encoding="utf-8")
    statistics = cell_statistics(rows).set_index(["method", "metric"])
    assert statistics.loc[("missing", "dice"), ["mean", "found_mean", "n", "n_found"]].tolist() == pytest.approx(
        [0.6, 0.8, 4, 3]
    )
