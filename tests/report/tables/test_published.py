"""Values published by others."""

import csv
from pathlib import Path

import numpy as np
import pytest
from compared_methods import METHODS, rows_of
from report_tables import report_on

from weakseg3d.report.tables.published import read_published

HEADER = "dataset,organ,method,metric,mean,sd,citation\n"


def test_published_values_stand_in_a_marked_column(tmp_path, capsys):
    path = tmp_path / "published.csv"
    path.write_text(
        HEADER + "toy,spleen,strong,dice,0.9,0.02,A. Author 2020\ntoy,liver,strong,dice,0.8,,B. Author 2021\n"
    )
    tables = report_on(tmp_path, rows_of(METHODS), "--published", str(path))
    text = (tables / "main.md").read_text(encoding="utf-8")
    assert "| Dice, published ‡ |" in text
    assert "| 0.900 ± 0.020 [1] |" in text
    assert "HD95, published" not in text
    assert "not computed here: [1] A. Author 2020 [2] B. Author 2021" in text
    assert "**0.845 ± 0.047**" in text, "a published value does not compete with ours"
    assert "published" not in capsys.readouterr().err


def test_the_table_of_a_study_explains_them_as_well(tmp_path):
    (tmp_path / "published.csv").write_text(HEADER + "toy,spleen,strong,dice,0.9,,A. Author 2020\n")
    rows = rows_of(METHODS | {"weak+clicks-5": METHODS["weak"]})
    text = (report_on(tmp_path, rows, "--published", str(tmp_path / "published.csv")) / "study.md").read_text(
        encoding="utf-8"
    )
    assert "| 0.900 [1] |" in text
    assert "not computed here: [1] A. Author 2020" in text


FULL = "dataset,organ,method,metric,mean,sd,n,split,table,page,citation\n"


def published_rows(tmp_path, content):
    """Return the rows of tables/published.csv, and tables/published.md."""
    tmp_path.mkdir(exist_ok=True)
    path = tmp_path / "published.csv"
    path.write_text(content, encoding="utf-8")
    tables = report_on(tmp_path, rows_of(METHODS), "--published", str(path))
    with (tables / "published.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream)), (tables / "published.md").read_text(encoding="utf-8")


def test_every_published_value_stands_beside_ours_by_the_metrics_own_name(tmp_path):
    """Of a metric that the main table does not show, and of a method that was not run, too."""
    rows, text = published_rows(
        tmp_path,
        FULL
        + "toy,spleen,strong,dice,0.9,0.02,6,6 of 30,2,7,A. Author 2020\n"
        + "toy,spleen,strong,hd95_directed_max,3.5,,,,,,A. Author 2020\n"
        + "toy,spleen,theirs,dice,0.7,,,,3,,B. Author 2021\n",
    )
    ours, of_another_metric, not_run = rows
    strong = np.mean(METHODS["strong"])
    assert float(ours["mean"]) == pytest.approx(strong, abs=1e-4)
    assert float(ours["difference"]) == pytest.approx(strong - 0.9, abs=1e-4)
    holds = float(ours["low"]) <= 0.9 <= float(ours["high"])
    assert ours["holds"] == ("yes" if holds else "no")
    assert (of_another_metric["mean"], of_another_metric["holds"]) == ("", "")
    assert (not_run["mean"], not_run["n"], not_run["holds"]) == ("", "", "")
    assert "| not run here |" in text
    assert "| [1] table 2, p. 7 |" in text
    assert "| [2] table 3 |" in text


def test_whether_our_interval_holds_the_published_mean(tmp_path):
    held, _ = published_rows(tmp_path / "a", FULL + "toy,spleen,strong,dice,0.845,,,,,,A\n")
    missed, _ = published_rows(tmp_path / "b", FULL + "toy,spleen,strong,dice,0.2,,,,,,A\n")
    assert [row["holds"] for row in (*held, *missed)] == ["yes", "no"]


@pytest.mark.parametrize("name", ["pw4medseg", "paseg"])
def test_the_files_to_fill_are_read(name):
    assert list(read_published(Path(__file__).parents[3] / "config" / "published" / f"{name}.csv")["metric"]) == []


def test_a_file_without_values_gives_a_table_without_rows(tmp_path):
    rows, text = published_rows(tmp_path, FULL)
    assert rows == []
    assert "published values beside ours" in text


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("dataset,organ\n", "the column 'method' is missing"),
        (HEADER.replace("sd", "std") + "toy,spleen,strong,dice,0.9,,A\n", "unknown column in"),
        (HEADER + "toy,spleen,strong,iou,0.9,,A\n", "metric 'iou' in row 2 is unknown"),
        (HEADER.replace("sd", "n") + "toy,spleen,strong,dice,0.9,2.5,A\n", "n '2.5' in row 2 is not a number of cases"),
        (HEADER + "toy,spleen,strong,dice,0.9,,\n", "row 2 has no citation"),
        (HEADER + "toy,spleen,strong,dice,high,,A\n", "mean 'high' in row 2"),
        (HEADER + "toy,spleen,strong,dice,85.4,,A\n", "dice in row 2 is outside its range of 0 to 1"),
        (HEADER + "toy,spleen,strong,hd95,3,-1,A\n", "hd95 in row 2 is outside its range"),
        (HEADER + "toy,spleen,strong,dice,0.9,,A\ntoy,spleen,strong,dice,0.8,,A\n", "row 3 repeats the value"),
        ("", "published.csv: empty"),
    ],
)
def test_wrong_values_are_rejected(tmp_path, capsys, content, sentence):
    (tmp_path / "published.csv").write_text(content)
    assert report_on(tmp_path, rows_of(METHODS), "--published", str(tmp_path / "published.csv")) == 2
    message = capsys.readouterr().err
    assert sentence in message
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()
