"""A method that lacks evaluations has a gap, never a mean over other cases."""

import pandas as pd
from compared_methods import METHODS, STRONG, rows_of
from report_tables import records, report_on

from weakseg3d.report.tables.gaps import missing_evaluations


def test_a_method_without_a_case_has_a_gap_and_a_warning(tmp_path, capsys):
    """Without the hardest case the method would seem better than it is."""
    lame = {**METHODS, "lame": [None, *STRONG[1:]]}
    tables = report_on(tmp_path, rows_of(lame))
    assert "lame on spleen, toy: not evaluated for case a (seed 0)" in capsys.readouterr().err
    row = next(row for row in records(tables / "main.csv") if row["method"] == "lame")
    assert (row["dice_mean"], row["dice_sd"], row["dice_median"], row["hd95_mean"]) == ("", "", "", "")
    assert (row["n"], row["n_lacking"]) == ("7", "1")
    text = (tables / "main.md").read_text(encoding="utf-8")
    assert "| lame | – |" in text
    assert "| lacking |" in text
    assert "A gap, –, stands where" in text
    assert "**0.845 ± 0.047**" in text
    statistics = [row for row in records(tables / "statistics.csv") if row["method"] == "lame"]
    assert [(row["mean"], row["n_lacking"]) for row in statistics] == [("", "1"), ("", "1")]
    assert not [row for row in records(tables / "against_best.csv") if row["best"] == "lame"]


def test_a_method_without_an_organ_has_a_row_with_a_gap(tmp_path, capsys):
    rows = pd.concat([rows_of(METHODS), rows_of({"strong": STRONG}, organ="liver")])
    tables = report_on(tmp_path, rows)
    assert (
        "middle on liver, toy: not evaluated for case a (seed 0), b (seed 0), c (seed 0) and 5 more"
        in capsys.readouterr().err
    )
    liver = [row for row in records(tables / "main.csv") if row["organ"] == "liver"]
    assert [(row["method"], row["n"], row["n_lacking"], row["dice_mean"]) for row in liver] == [
        ("strong", "8", "0", "0.8450"),
        ("middle", "0", "8", ""),
        ("weak", "0", "8", ""),
        ("truth", "0", "8", ""),
    ]
    wide = {row["method"]: row for row in records(tables / "main_wide.csv")}
    assert (wide["middle"]["toy/liver/dice_mean"], wide["middle"]["toy/spleen/dice_mean"]) == ("", "0.8237")


def test_a_seed_that_half_of_the_organs_lack_is_detected():
    spleen = [rows_of({"strong": STRONG}, seed=seed) for seed in "01"]
    rows = pd.concat([*spleen, rows_of({"strong": STRONG}, organ="liver")])
    missing = missing_evaluations(rows)
    assert set(missing["organ"]) == {"liver"}
    assert set(missing["seed"]) == {"1"}
    # A control that has only the first seed lacks nothing.
    assert missing_evaluations(pd.concat([*spleen, rows_of({"truth": [1.0] * 8})])).empty
