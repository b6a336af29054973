"""Tables as LaTeX: their columns and marks, and that LaTeX accepts every one of them."""

import re
import shutil
import subprocess

import pandas as pd
import pytest
from compared_methods import METHODS, rows_of
from report_tables import report_on
from small_experiment import report, small_experiment

from weakseg3d.report.tables.latex import latex_table
from weakseg3d.report.tables.readable import ReadableTable

COLUMNS = ["Method", "Effort", "spleen, toy: Dice ↑", "spleen, toy: HD95 ↓", "Selection", "Annotation"]


def table(annotations):
    """Return a table with a row for each (method, annotation)."""
    rows = [(name, "7 clicks", "**0.9 ± 0.1** †", "–", "last step", kind) for name, kind in annotations]
    return ReadableTable(pd.DataFrame(rows, columns=COLUMNS), ["Effort"], "Note.")


def body(text):
    return [line for line in text.splitlines() if " & " in line]


def test_organs_stand_above_their_metrics():
    text = latex_table(table([("a", "points"), ("b_c", "dense")]), "Toy", {})
    above, below, first, _ = body(text)
    shared = r"\multicolumn{2}{c}{spleen, toy}"
    assert above == rf"\multicolumn{{2}}{{c}}{{}} & {shared} & \multicolumn{{1}}{{c}}{{}} \\"
    assert r"\cmidrule(lr){3-4}" in text
    assert below == r"Method & Effort & Dice $\uparrow$ & HD95 $\downarrow$ & Selection \\"
    assert first == r"a & 7 clicks & \textbf{0.9 $\pm$ 0.1} $^\dagger$ & -- & last step \\"
    assert r"\begin{tabular}{lrlll}" in text


def test_annotations_move_to_the_caption_if_methods_have_one_each():
    text = latex_table(table([("a", "points"), ("b_c", "points"), ("d", "dense"), ("e", "none")]), "Toy", {})
    assert r"\caption{Toy. Note. Annotations: points: a, b\_c; dense: d.}" in text
    assert "Annotation &" not in text
    several = latex_table(table([("a", "points"), ("a", "dense")]), "Toy", {})
    assert r"\caption{Toy. Note.}" in several
    assert body(several)[1].endswith(r"Selection & Annotation \\")


def test_marks_and_special_characters(tmp_path):
    text = (report_on(tmp_path, rows_of(METHODS), "--footer", "commit=a_b%") / "main.tex").read_text(encoding="utf-8")
    for part in (
        r"\toprule",
        r"\bottomrule",
        r"\textbf{0.845 $\pm$ 0.047}",
        r"\underline{0.824 $\pm$ 0.048} $^\dagger$",
    ):
        assert part in text
    (line,) = [line for line in text.splitlines() if line.startswith("strong & ")]
    (head,) = [line for line in text.splitlines() if line.startswith("Method & ")]
    assert line.count(" & ") == head.count(" & ")
    alignment = re.search(r"\\begin\{tabular\}\{([lr]+)\}", text)[1]
    assert len(alignment) == head.count(" & ") + 1
    # Outside comments, every character with a special meaning is escaped.
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert not re.search(r"(?<!\\)[%_#]", lines)
    assert "% commit: a_b%" in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX is installed")
def test_latex_accepts_every_table(tmp_path):
    results = small_experiment(tmp_path, seeds=(0, 1))
    metrics = results / "tables/metrics.csv"
    lines = metrics.read_text(encoding="utf-8").splitlines()
    variants = [line.replace(",good,", ",good+50%_&-5,") for line in lines if ",good," in line]
    metrics.write_text("\n".join([*lines, *variants]) + "\n", encoding="utf-8")
    (tmp_path / "published.csv").write_text(
        "dataset,organ,method,metric,mean,sd,citation\ntoy,blob,good,dice,0.9,,A. Author & B. 2020 doi:10.1000/a_b#c\n"
    )
    facts = ["--selection", "good=last", "--published", str(tmp_path / "published.csv")]
    assert report(results, *facts, "--means-without-missed", "--title", "50 % & more_or~less") == 0
    tables = sorted((results / "tables").rglob("*.tex"))
    names = ["against_best", "cost", "main", "main_wide", "overall_ranking", "ranking", "study", "uncertainty"]
    assert sorted(path.stem for path in tables) == names
    inputs = "\n".join(rf"\input{{{path.relative_to(results)}}}\clearpage" for path in tables)
    (results / "all.tex").write_text(
        rf"\documentclass{{article}}\usepackage{{booktabs,graphicx}}\begin{{document}}{inputs}\end{{document}}"
    )
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    ran = subprocess.run(command, cwd=results, capture_output=True, encoding="utf-8", errors="replace")
    assert ran.returncode == 0, ran.stdout[-3000:]
    assert not re.search("Missing character|Overfull|undefined", ran.stdout)
    assert (results / "all.pdf").exists()
