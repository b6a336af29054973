"""The table, the sentences and the figure of break-even, on efforts whose totals can be counted."""

from pathlib import Path

import pandas as pd
import pytest
import yaml
from report_tables import records, report_on

from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.report_products import figures, readable_tables

METHODS = {  # annotation, Dice
    "clicked": ("points", 0.8),
    "drawn": ("dense", 0.9),
    "nothing": ("none", 0.6),
    "pseudo_label": ("points", 0.7),
    "truth": ("none", 0.98),
}
PAID = ["--paid", "clicked=once", "drawn=once", "nothing=never", "pseudo_label=per_scan"]
HEADER = "dataset,organ,annotation,case,clicks,drawn_cm"


def rows_of(methods=METHODS):
    return pd.DataFrame(
        [
            ["toy", "ct", "spleen", annotation, method, "0", case, "dice", dice + offset, "1", "ok"]
            for method, (annotation, dice) in methods.items()
            for case, offset in {"a": -0.02, "b": -0.01, "c": 0.01, "d": 0.02}.items()
        ],
        columns=COLUMNS,
    )


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The tables for 20 training scans of 7 clicks each, or of 100 cm."""
    folder = tmp_path_factory.mktemp("paid")
    clicks = [f"toy,spleen,points,{case},7,0" for case in range(20)]
    drawn = [f"toy,spleen,dense,{case},0,100" for case in range(20)]
    (folder / "effort.csv").write_text("\n".join([HEADER, *clicks, *drawn]) + "\n", encoding="utf-8")
    return report_on(folder, rows_of(), "--effort", str(folder / "effort.csv"), *PAID)


def test_twenty_clicked_scans_cost_less_from_the_21st_on(tables):
    rows = {row["method"]: row for row in records(tables / "break_even.csv")}
    assert list(rows) == ["clicked", "drawn", "nothing"]
    clicked = rows["clicked"]
    assert (clicked["annotated_scans"], float(clicked["once"]), float(clicked["per_scan"])) == ("20", 140, 7)
    assert (clicked["from_scan"], float(clicked["total_once"]), float(clicked["total_per_scan"])) == ("21", 140, 2100)
    assert (float(clicked["dice_mean"]), float(clicked["per_scan_dice_mean"])) == (0.8, 0.7)


def test_what_is_paid_per_scan_costs_what_the_test_scans_cost(tmp_path):
    trained = [f"toy,spleen,points,{case},7,0,train" for case in range(20)]
    tested = [f"toy,spleen,points,{case},{clicks},0,test" for case, clicks in (("a", 8), ("b", 12))]
    (tmp_path / "effort.csv").write_text("\n".join([f"{HEADER},part", *trained, *tested]) + "\n", encoding="utf-8")
    tables = report_on(tmp_path, rows_of(), "--effort", str(tmp_path / "effort.csv"), *PAID)
    clicked = next(row for row in records(tables / "break_even.csv") if row["method"] == "clicked")
    assert (clicked["annotated_scans"], float(clicked["once"]), float(clicked["per_scan"])) == ("20", 140, 10)
    assert clicked["from_scan"] == "15"
    main = {row["method"]: row["effort_clicks"] for row in records(tables / "main.csv")}
    assert (float(main["clicked"]), float(main["pseudo_label"])) == (7, 10)


def test_outlines_and_clicks_are_not_compared(tables):
    drawn = records(tables / "break_even.csv")[1]
    assert (drawn["unit"], drawn["from_scan"], drawn["reason"]) == ("", "", "no unit in common")


def test_no_click_at_all_costs_less_from_the_first_scan_on(tables):
    nothing = records(tables / "break_even.csv")[2]
    assert (nothing["unit"], nothing["from_scan"], float(nothing["total_once"])) == ("clicks", "1", 0)


def test_page_says_it_with_the_dice_of_both(tables):
    page = (tables.parent / "report.html").read_text(encoding="utf-8")
    sentence = (
        "spleen, toy (ct): annotating 20 scans once and training clicked (140 clicks, Dice 0.800) costs less from scan"
        " 21 on than annotating each scan for pseudo_label (7 clicks a scan, Dice 0.700); for 300 scans to come:"
        " 140 clicks against 2 100 clicks."
    )
    assert sentence in page
    assert (tables.parent / "figures/break_even.png").is_file()
    assert "| 140 clicks / 2 100 clicks |" in (tables / "break_even.md").read_text(encoding="utf-8")


def test_known_times_are_compared_as_well(tmp_path):
    times = [f"toy,spleen,points,{case},7,0,30,1" for case in range(4)]
    times += [f"toy,spleen,dense,{case},0,100,600,1" for case in range(4)]
    text = "\n".join([HEADER + ",seconds,annotators", *times]) + "\n"
    (tmp_path / "effort.csv").write_text(text, encoding="utf-8")
    options = ["--effort", str(tmp_path / "effort.csv"), *PAID, "--scans-to-come", "10"]
    rows = records(report_on(tmp_path, rows_of(), *options) / "break_even.csv")
    # 4 scans outlined in 600 s each against 30 s a scan: 2400 / 30 + 1.
    found = {(row["method"], row["unit"]): row["from_scan"] for row in rows}
    assert found["drawn", "s"] == "81"
    assert found["clicked", "s"] == found["clicked", "clicks"] == "5"
    assert {row["total_per_scan"] for row in rows if row["unit"] == "s"} == {"300.0000"}


def test_an_effort_that_nobody_measured_is_a_reason_and_no_number(tmp_path):
    rows = records(report_on(tmp_path, rows_of(), *PAID) / "break_even.csv")
    assert rows[0]["reason"] == "the effort of clicked was not measured"
    assert (rows[0]["from_scan"], rows[0]["once"]) == ("", "")


def test_without_a_method_paid_per_scan_there_is_no_table(tmp_path):
    tables = report_on(tmp_path, rows_of(), "--paid", "clicked=once", "drawn=once")
    assert not (tables / "break_even.csv").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [(["--paid", "clicked=twice"], "twice"), ([*PAID, "--scans-to-come", "0"], "must be 1 or more")],
)
def test_wrong_options_are_rejected(tmp_path, capsys, options, words):
    assert report_on(tmp_path, rows_of(), *options) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(("name", "expected"), [("config", True), ("nnunet", False), ("threshold", True)])
def test_the_workflow_declares_table_and_figure(name, expected):
    config = yaml.safe_load((Path(__file__).parents[3] / f"config/{name}.yaml").read_text(encoding="utf-8"))
    experiment = load_experiment(config)
    assert ("break_even" in readable_tables(experiment)) is expected
    assert ("break_even" in figures(experiment)) is expected
