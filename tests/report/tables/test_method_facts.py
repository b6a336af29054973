"""Effort and selection stand next to the scores in every table."""

import csv

import pytest
from compared_methods import METHODS, rows_of
from report_tables import records, report_on

from weakseg3d.cli import main
from weakseg3d.evaluation.rows import COLUMNS


def write_effort(path, annotation, cases):
    with open(path, "w", encoding="utf-8", newline="") as stream:
        rows = [["toy", "spleen", annotation, *case] for case in cases]
        csv.writer(stream).writerows([["dataset", "organ", "annotation", "case", "clicks", "drawn_cm"], *rows])
    return path


def report(metrics, out, *options):
    return main(["report", "--metrics", str(metrics), "--out", str(out), *options])


@pytest.fixture
def metrics(tmp_path):
    rows = [
        ["toy", "ct", "spleen", annotation, method, "0", case, metric, "0.5", unit, "ok"]
        for method, annotation in (("clicked", "points"), ("drawn", "scribbles"), ("truth", "none"))
        for case in "ab"
        for metric, unit in (("dice", "1"), ("hd95", "mm"))
    ]
    with open(tmp_path / "metrics.csv", "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([COLUMNS, *rows])
    return tmp_path / "metrics.csv"


def test_mean_effort_and_selection_of_every_method(metrics, tmp_path):
    points = write_effort(tmp_path / "points.csv", "points", [("a", 7, 0), ("b", 8, 0)])
    curves = write_effort(tmp_path / "curves.csv", "scribbles", [("a", 1, 20.25), ("b", 1, 30.25)])
    options = ["--effort", str(points), str(curves), "--selection", "clicked=weak_labels", "drawn=dense_validation"]
    assert report(metrics, tmp_path / "out", *options) == 0
    with open(tmp_path / "out/tables/main.csv", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["effort_clicks"], row["effort_cm"], row["selection"]) for row in rows] == [
        ("7.5000", "0.0000", "weak_labels"),
        ("1.0000", "25.2500", "dense_validation"),
        ("", "", ""),
    ]
    text = (tmp_path / "out/tables/main.md").read_text(encoding="utf-8")
    assert "| clicked | 8 clicks |" in text
    assert "| drawn | 1 click + 25 cm |" in text
    assert "| weak labels | points |" in text
    assert "| dense validation | scribbles |" in text
    assert "'dense validation' does" in text
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "1 click + 25 cm" in page
    assert "dense validation" in page


def test_what_people_made_has_its_time_and_its_annotators(metrics, tmp_path):
    text = metrics.read_text(encoding="utf-8").replace(",points,clicked", ",people_points,clicked")
    metrics.write_text(text, encoding="utf-8")
    efforts = tmp_path / "people.csv"
    efforts.write_text(
        "dataset,organ,annotation,case,clicks,drawn_cm,seconds,annotators\n"
        "toy,spleen,people_points,a,7,0,40,2\ntoy,spleen,people_points,b,9,0,44.5,2\n",
        encoding="utf-8",
    )
    simulated = write_effort(tmp_path / "curves.csv", "scribbles", [("a", 1, 20), ("b", 1, 30)])
    assert report(metrics, tmp_path / "out", "--effort", str(efforts), str(simulated)) == 0
    with open(tmp_path / "out/tables/main.csv", encoding="utf-8") as stream:
        rows = {row["method"]: row for row in csv.DictReader(stream)}
    assert (rows["clicked"]["effort_seconds"], rows["clicked"]["annotators"]) == ("42.2500", "2.0000")
    assert (rows["drawn"]["effort_seconds"], rows["drawn"]["annotators"]) == ("", "")
    text = (tmp_path / "out/tables/main.md").read_text(encoding="utf-8")
    assert "| clicked | 8 clicks, 42 s |" in text
    assert "points by people (2 annotators)" in text
    assert "| drawn | 1 click + 25 cm |" in text


def test_tables_without_facts_have_no_columns_for_them(metrics, tmp_path):
    assert report(metrics, tmp_path / "out") == 0
    assert "Selection" not in (tmp_path / "out/tables/main.md").read_text(encoding="utf-8")
    assert "effort" not in (tmp_path / "out/tables/main.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--effort", "missing.csv"], "missing.csv"),
        (["--selection", "clicked=best"], "unknown selection 'best'"),
        (["--selection", "clicked"], "--selection"),
    ],
)
def test_wrong_options_are_rejected(metrics, tmp_path, capsys, options, sentence):
    assert report(metrics, tmp_path / "out", *options) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_another_table_is_rejected_as_effort(metrics, tmp_path, capsys):
    assert report(metrics, tmp_path / "out", "--effort", str(metrics)) == 2
    assert "write it with 'effort --csv'" in capsys.readouterr().err


@pytest.mark.parametrize(("clicks", "drawn"), [("many", 0), ("", 0), (-1, 0), (3, "far")])
def test_an_effort_that_is_not_a_number_is_rejected(metrics, tmp_path, capsys, clicks, drawn):
    efforts = write_effort(tmp_path / "points.csv", "points", [("a", 7, 0), ("b", clicks, drawn)])
    assert report(metrics, tmp_path / "out", "--effort", str(efforts)) == 2
    message = capsys.readouterr().err
    assert "points.csv: " in message
    assert "in row 3 is not a number of 0 or more" in message
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_effort_and_selection_are_in_every_table_of_methods(tmp_path):
    (tmp_path / "effort.csv").write_text("dataset,organ,annotation,case,clicks,drawn_cm\ntoy,spleen,points,a,7,0\n")
    tables = report_on(
        tmp_path, rows_of(METHODS), "--effort", str(tmp_path / "effort.csv"), "--selection", "strong=last"
    )
    for name in ("main.csv", "main_wide.csv", "statistics.csv"):
        row = records(tables / name)[0]
        assert (row["effort_clicks"], row["effort_cm"], row["selection"]) == ("7.0000", "0.0000", "last"), name
    ranks = {row["series"]: row for row in records(tables / "ranking.csv")}
    assert [ranks[name]["selection"] for name in ("strong", "middle")] == ["last", ""]
    assert {row["effort_clicks"] for row in ranks.values()} == {"7.0000"}
    pairs = records(tables / "comparisons.csv")
    assert {row["first_selection"] for row in pairs if row["first"] == "strong"} == {"last"}
    assert {row["second_selection"] for row in pairs} == {""}
    assert {(row["selection"], row["best_selection"]) for row in records(tables / "against_best.csv")} == {("", "last")}
    assert "| 7 clicks |  | last step |" in (tables / "against_best.md").read_text(encoding="utf-8")
    assert "| 7 clicks | last step |" in (tables / "ranking.md").read_text(encoding="utf-8")
