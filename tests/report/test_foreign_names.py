"""Names in metrics that others wrote stay text: in the page, in its script, in LaTeX, Markdown and spreadsheets."""

import csv
import io
import json

import pandas as pd
import pytest

from weakseg3d.cli import main
from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.evaluation.rows import COLUMNS, write_rows
from weakseg3d.report.all_tables import csv_text
from weakseg3d.report.page.render import script_data
from weakseg3d.report.tables.latex import latex_table
from weakseg3d.report.tables.markdown import markdown_page
from weakseg3d.report.tables.method_facts import read_effort
from weakseg3d.report.tables.readable import ReadableTable

METHODS = ("=cmd|' /C calc'!A0", "+b", "@c", "-d", "<!--<script>", "$x$", "unet+crf")


def metrics(folder):
    """Write the metrics of `METHODS`, as another program would, with a byte order mark; return the path."""
    path = folder / "metrics.csv"
    with open(path, "w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for method in METHODS:
            for case in ("<!--<script>", "=c", "c3"):
                writer.writerow(["d", "CT", "spleen", "dense", method, 0, case, "dice", 0.5, 1, "ok"])
    return path


def test_no_cell_of_a_table_is_a_formula(tmp_path):
    assert main(["report", "--metrics", str(metrics(tmp_path)), "--out", str(tmp_path / "out")]) == 0
    tables = sorted((tmp_path / "out/tables").rglob("*.csv"))
    assert tables
    names = set()
    for table in tables:
        for row in csv.reader(io.StringIO(table.read_text(encoding="utf-8"), newline="")):
            for cell in row:
                names.add(cell)
                assert not cell.startswith(("=", "+", "@", "\t"))
                assert not cell.startswith("-") or float(cell) <= 0
    assert {"'" + name for name in METHODS[:4]} <= names
    assert "$x$" in names


def test_page_and_latex_show_the_names_as_text(tmp_path):
    assert main(["report", "--metrics", str(metrics(tmp_path)), "--out", str(tmp_path / "out")]) == 0
    assert "<!--<script>" not in (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert r"\$x\$" in (tmp_path / "out/tables/main.tex").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", ["<!--<script>", "</script><b>", "<SCRIPT"])
def test_the_data_of_the_script_hold_no_tag(case):
    data = script_data([{"case": case}])
    assert "<" not in data
    assert json.loads(data) == [{"case": case}]


def table():
    return ReadableTable(pd.DataFrame({"Method": ["a\nb|c"], "Dice": ["1"]}), {"Dice"}, "")


def test_a_line_end_leaves_neither_a_comment_nor_a_row():
    footer = {"key\n\\input{a}": "value\r\n\\input{b}\x0b\u2028\\input{c}"}
    lines = latex_table(table(), "title", footer).splitlines()
    assert [line for line in lines if r"\input{" in line and not line.startswith("%")] == []
    page = markdown_page(table(), "title", footer).splitlines()
    assert r"| a b\|c | 1 |" in page
    assert page[-1].startswith("- key")


def test_labels_are_written_as_cells_and_read_back(tmp_path):
    labels = {"dataset": "d", "organ": "o", "method": "=m", "case": "-1", "seed": "0"}
    write_rows(tmp_path / "m.csv", labels, {"dice": 0.5}, "ok")
    assert ",'=m,0,'-1,dice,0.5" in (tmp_path / "m.csv").read_text(encoding="utf-8")
    row = read_metrics(tmp_path / "m.csv").iloc[0]
    assert (row["method"], row["case"], row["value"]) == ("=m", "-1", 0.5)


def test_the_effort_of_foreign_names_is_read_back(tmp_path):
    (tmp_path / "e.csv").write_text("dataset,organ,annotation,case,clicks,drawn_cm\nd,'=o,'@a,'-1,3,0\n")
    effort = read_effort([tmp_path / "e.csv"]).iloc[0]
    assert (effort["organ"], effort["annotation"], effort["effort_clicks"]) == ("=o", "@a", 3)


def test_numbers_stay_numbers_in_a_table():
    text = csv_text(pd.DataFrame({"name": ["a", "-b"], "difference": [-0.5, 0.25], "p": [0.01, float("nan")]}))
    assert text == "name,difference,p\na,-0.5000,0.01\n'-b,0.2500,\n"
