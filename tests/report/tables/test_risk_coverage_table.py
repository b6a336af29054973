"""The table of risk-coverage curves: whether uncertainty ranks the bad cases first, on cases whose order is known."""

import csv
import math

import pandas as pd
import pytest

from weakseg3d.cli import main
from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.report.tables.risk_coverage import findings, readable_risk_coverage, risk_coverage_table

DICE = [0.9, 0.8, 0.7, 0.6, 0.5]


def rows_of(entropies, dice=DICE, method="weak", seed="0", variances=None, status="ok"):
    """Return rows of the long table with Dice and entropy in the organ, and with variances if there are any."""
    metrics = {"dice": ("1", dice), "organ_entropy": ("bit", entropies)}
    if variances:
        metrics["mean_variance"] = ("1", variances)
    return [
        ["toy", "ct", "spleen", "points", method, seed, case, metric, value, unit, status]
        for metric, (unit, values) in metrics.items()
        for case, value in zip("abcde", values, strict=False)
    ]


def table_of(*parts):
    return risk_coverage_table(pd.DataFrame([row for part in parts for row in part], columns=COLUMNS))


def test_areas_by_hand():
    # Risks 0.1, 0.2, 0.3 in this order, and in the order c, b, a.
    forwards, backwards = table_of(rows_of([0.1, 0.2, 0.3], variances=[0.03, 0.02, 0.01])).to_dict("records")
    assert (forwards["uncertainty"], backwards["uncertainty"]) == ("organ_entropy", "mean_variance")
    assert forwards["aurc"] == forwards["aurc_best"] == pytest.approx((0.1 + 0.15 + 0.2) / 3)
    assert backwards["aurc"] == pytest.approx((0.3 + 0.25 + 0.2) / 3)
    assert backwards["e_aurc"] == pytest.approx(0.1)
    assert forwards["aurc_random"] == backwards["aurc_random"] == pytest.approx(0.2)
    assert (forwards["p"], backwards["p"]) == pytest.approx((1 / 6, 1))
    assert (forwards["n_cases"], forwards["n_seeds"], forwards["n_tests"]) == (3, 1, 1)
    assert forwards["finding"] == "too few cases to tell"


def test_what_is_found_depends_on_order_and_number_of_cases():
    first, second = [0.1, 0.2, 0.3, 0.4, 0.5], [0.3, 0.2, 0.1, 0.5, 0.4]
    table = table_of(rows_of(first), rows_of(second, method="other"))
    assert list(table["finding"]) == ["yes", "not shown"]
    assert table["p_holm"][0] == pytest.approx(2 / 120)
    alone = table_of(rows_of(first[:4]))
    assert alone["finding"].tolist() == ["yes"]
    assert alone["p"].tolist() == pytest.approx([1 / 24])
    # Two tests on four cases: 2 / 24 is not below 0.05.
    both = table_of(rows_of(first[:4]), rows_of(first[:4], method="other"))
    assert both["finding"].tolist() == ["too few cases to tell"] * 2


def test_equal_cases_are_too_few_to_tell():
    table = table_of(rows_of([0.1, 0.2, 0.3, 0.4, 0.5], dice=[0.5] * 5))
    assert (table["p"].tolist(), table["finding"].tolist()) == ([1], ["too few cases to tell"])


def test_seeds_are_no_cases():
    parts = [rows_of([0.1, 0.2, 0.3], seed=seed) for seed in "012"]
    (line,) = table_of(*parts).to_dict("records")
    assert (line["n_cases"], line["n_seeds"]) == (3, 3)
    assert line["p"] == pytest.approx(1 / 6)


def test_a_network_without_passes_has_no_row_for_its_variance():
    assert table_of(rows_of([0.1, 0.2], variances=[0.0, 0.0]))["uncertainty"].tolist() == ["organ_entropy"]


def test_a_missed_organ_is_a_case_and_an_absent_one_is_not():
    missed = [[*row[:6], "f", *row[7:]] for row in rows_of([1.0], dice=[0.0], status="empty_prediction")]
    absent = [[*row[:6], "g", *row[7:]] for row in rows_of([1.0], dice=[0.0], status="absent_in_reference")]
    (line,) = table_of(rows_of([0.1, 0.2]), missed, absent).to_dict("records")
    assert line["n_cases"] == 3
    assert line["aurc"] == pytest.approx((0.1 + 0.15 + 1.3 / 3) / 3)


def test_a_gap_leaves_no_area_and_no_test():
    table = table_of(rows_of([0.1, 0.2, 0.3, 0.4, 0.5]), rows_of([0.1, 0.2, 0.3, 0.4], method="late"))
    assert table["n_lacking"].tolist() == [0, 1]
    assert table["n_tests"].tolist() == [1, 1]
    assert table["finding"].tolist() == ["yes", ""]
    assert math.isnan(table["aurc"][1])
    text = readable_risk_coverage(table).text
    assert text[["AURC ↓", "p", "lacking"]].to_numpy().tolist() == [["0.200", "0.008", "0"], ["–", "–", "1"]]


def test_sentences_count_what_was_found():
    table = table_of(
        rows_of([0.1, 0.2, 0.3, 0.4, 0.5], variances=[0.1] * 5), rows_of([0.3, 0.2, 0.1, 0.5, 0.4], method="other")
    )
    assert findings(table) == [
        "Entropy in the organ ranks the bad cases first (p < 0.05) for 1 of 2 methods and organs; for 1 this is not "
        "shown.",
        "Mean variance ranks the bad cases first (p < 0.05) for 0 of 1 methods and organs; for 1 there are too "
        "few cases to tell.",
    ]


def test_verb_writes_the_table_and_the_page_says_what_was_found(tmp_path):
    with open(tmp_path / "metrics.csv", "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows_of([0.1, 0.2, 0.3, 0.4, 0.5])])
    out = tmp_path / "out"
    assert main(["report", "--metrics", str(tmp_path / "metrics.csv"), "--out", str(out), "--title", "Toy"]) == 0
    assert (out / "tables/risk_coverage.csv").read_text(encoding="utf-8") == (
        "dataset,modality,organ,method,annotation,uncertainty,aurc,aurc_best,aurc_random,e_aurc,p,p_holm,n_tests,"
        "n_cases,n_seeds,n_lacking,finding\n"
        "toy,ct,spleen,weak,points,organ_entropy,0.2000,0.2000,0.3000,0.0000,0.008333,0.008333,1,5,1,0,yes\n"
    )
    page = (out / "report.html").read_text(encoding="utf-8")
    assert '<td class="level">Entropy in the organ</td><td>0.200</td>' in page
    assert "Entropy in the organ ranks the bad cases first (p &lt; 0.05) for 1 of 1" in page
    assert r"$\downarrow$" in (out / "tables/risk_coverage.tex").read_text(encoding="utf-8")
