"""What the tables say of spread, chance and gaps, on metrics whose statistics are known."""

import csv
import re

import pandas as pd
import pytest

from weakseg3d.cli import main
from weakseg3d.evaluation.rows import COLUMNS
from weakseg3d.report.tables.cell_statistics import cell_statistics
from weakseg3d.report.tables.comparisons import against_best, best_methods, compared_rows
from weakseg3d.report.tables.gaps import lacking
from weakseg3d.report.tables.main import main_table, readable_table
from weakseg3d.statistics.comparison import comparisons

CASES = "abcdefgh"
STRONG = [0.80, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.95]
MIDDLE = [0.79, 0.79, 0.81, 0.79, 0.83, 0.80, 0.85, 0.93]
WEAK = [0.50, 0.51, 0.52, 0.53, 0.54, 0.55, 0.56, 0.57]


def rows_of(methods, organ="spleen", seed="0", dataset="toy"):
    """Return rows from ``{method: Dice of the CASES}``; None is an evaluation that is not there, "missed" a miss.

    HD95 is 10 less 10 Dice, and 100 for a missed organ.
    """
    rows = []
    for method, values in methods.items():
        for case, dice in zip(CASES, values, strict=False):
            if dice is None:
                continue
            labels = (dataset, "ct", organ, "points", method, seed, case)
            if dice == "missed":
                rows += [
                    (*labels, "dice", 0.0, "1", "empty_prediction"),
                    (*labels, "hd95", 100.0, "mm", "empty_prediction"),
                ]
            else:
                rows += [(*labels, "dice", dice, "1", "ok"), (*labels, "hd95", 10 - 10 * dice, "mm", "ok")]
    return pd.DataFrame(rows, columns=COLUMNS)


METHODS = {"strong": STRONG, "middle": MIDDLE, "weak": WEAK, "truth": [1.0] * 8}


@pytest.fixture
def report(tmp_path):
    def run(rows, *options):
        rows.to_csv(tmp_path / "metrics.csv", index=False)
        code = main(["report", "--metrics", str(tmp_path / "metrics.csv"), "--out", str(tmp_path / "out"), *options])
        return tmp_path / "out" / "tables" if code == 0 else code

    return run


def records(path):
    with open(path, encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_median_and_interval_hold_the_mean():
    table = main_table(rows_of(METHODS)).set_index("method")
    strong = table.loc["strong"]
    assert strong["dice_median"] == pytest.approx(0.835)
    assert strong["dice_mean"] == pytest.approx(0.845)
    assert 0.80 < strong["dice_low"] < 0.845 < strong["dice_high"] < 0.95
    assert tuple(table.loc["truth", ["dice_low", "dice_high"]]) == (1, 1)
    assert (
        readable_table(table.reset_index()).set_index("Method").loc["truth \\*", "Dice 95 % interval"] == "1.000–1.000"
    )


def test_best_is_bold_second_underlined_and_worse_beyond_chance_has_a_dagger(report):
    tables = report(rows_of(METHODS))
    text = (tables / "main.md").read_text(encoding="utf-8")
    # Eight wins of eight: p = 2 / 2^8 = 0.0078; three pairs, so that Holm makes it 0.0234 for all.
    assert re.search(r"\| strong \| \*\*0\.845 ± 0\.047\*\* \|", text)
    assert re.search(r"\| middle \| <u>0\.824 ± 0\.048</u> † \|", text)
    assert re.search(r"\| weak \| 0\.535 ± 0\.024 † \|", text)
    assert re.search(r"\| truth \\\* \| 1\.000 ± 0\.000 \|", text)
    p = {row["method"]: row["dice_p"] for row in records(tables / "main.csv")}
    assert p == {"strong": "", "middle": "0.02344", "weak": "0.02344", "truth": ""}


def test_latex_has_the_same_marks(report):
    text = (report(rows_of(METHODS), "--footer", "commit=a_b%") / "main.tex").read_text(encoding="utf-8")
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
    # Nothing that LaTeX takes otherwise is left outside comments.
    body = "\n".join(line for line in text.splitlines() if not line.startswith("%"))
    assert not re.search(r"(?<!\\)[%_#]", body)
    assert "% commit: a_b%" in text


def test_every_method_against_the_best():
    rows = rows_of({"weak": WEAK, "strong": STRONG, "middle": MIDDLE, "truth": [1.0] * 8})
    table = main_table(rows)
    compared = against_best(comparisons(compared_rows(rows)), best_methods(rows, table))
    dice = compared[compared["metric"] == "dice"].set_index("method")
    assert set(dice["best"]) == {"strong"}
    assert list(dice.index) == ["weak", "middle"]
    assert dice.loc["weak", "mean_difference"] == pytest.approx(0.31)
    assert tuple(dice.loc["weak", ["wins", "ties", "losses", "effect"]]) == (8, 0, 0, 1)
    # HD95 is lower for the better: best less method is negative, and the best still wins.
    hd95 = compared[compared["metric"] == "hd95"].set_index("method")
    assert hd95.loc["weak", "mean_difference"] == pytest.approx(-3.1)
    assert tuple(hd95.loc["weak", ["wins", "ties", "losses", "effect"]]) == (8, 0, 0, 1)


def test_a_method_without_a_case_leaves_a_gap_and_a_warning(report, capsys):
    """Without the hardest case the weak method would seem better than it is."""
    lame = {**METHODS, "lame": [None, *STRONG[1:]]}
    tables = report(rows_of(lame))
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


def test_a_method_without_an_organ_has_a_row_with_a_gap(report, capsys):
    rows = pd.concat([rows_of(METHODS), rows_of({"strong": STRONG}, organ="liver")])
    tables = report(rows)
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


def test_a_seed_that_half_of_the_organs_lack_is_seen():
    spleen = [rows_of({"strong": STRONG}, seed=seed) for seed in "01"]
    rows = pd.concat([*spleen, rows_of({"strong": STRONG}, organ="liver")])
    missing = lacking(rows)
    assert set(missing["organ"]) == {"liver"}
    assert set(missing["seed"]) == {"1"}
    # A control with the first seed alone lacks nothing.
    assert lacking(pd.concat([*spleen, rows_of({"truth": [1.0] * 8})])).empty


def test_seeds_are_pooled_and_said_to_be(report):
    rows = pd.concat([rows_of({"strong": STRONG}), rows_of({"strong": MIDDLE}, seed="1")])
    tables = report(rows)
    (row,) = records(tables / "main.csv")
    assert (row["n"], row["n_seeds"]) == ("16", "2")
    assert float(row["dice_mean"]) == pytest.approx((sum(STRONG) + sum(MIDDLE)) / 16, abs=1e-4)
    assert "with all seeds, pooled" in (tables / "main.md").read_text(encoding="utf-8")


def test_means_without_penalty_beside_those_with(report):
    rows = rows_of({"strong": STRONG, "missing": [0.9, 0.8, "missed", 0.7]})
    rows = rows[rows["case"].isin(list("abcd"))]
    tables = report(rows, "--means-without-missed")
    row = next(row for row in records(tables / "main.csv") if row["method"] == "missing")
    assert (row["dice_mean"], row["dice_found_mean"]) == ("0.6000", "0.8000")
    assert (row["hd95_mean"], row["hd95_found_mean"]) == ("26.5000", "2.0000")
    assert row["n_missed"] == "1"
    assert "| Dice, found only |" in (tables / "main.md").read_text(encoding="utf-8")
    long = cell_statistics(rows).set_index(["method", "metric"])
    assert long.loc[("missing", "dice"), ["mean", "found_mean", "n", "n_found"]].tolist() == pytest.approx(
        [0.6, 0.8, 4, 3]
    )


def test_footer_says_where_the_numbers_come_from(report):
    tables = report(rows_of(METHODS), "--selection", "strong=weak_labels", "weak=last", "--footer", "evaluated on=moon")
    for name in ("main.md", "against_best.md", "ranking.md", "main.tex", "main_wide.md"):
        text = (tables / name).read_text(encoding="utf-8")
        for part in (
            "evaluated on: moon",
            "seeds: 0",
            "weak labels: strong; last step: weak",
            "medpy.metric.binary.hd95",
        ):
            assert part in text, name
        assert re.search(r"commit: ([0-9a-f]{40}|unknown)", text)
        assert re.search(r"requirements.lock: sha256 [0-9a-f]{12}", text)


def test_ranking_is_ordered_and_stable(report):
    tables = report(rows_of(METHODS))
    dice = [row for row in records(tables / "ranking.csv") if row["metric"] == "dice"]
    assert {row["series"]: row["rank"] for row in dice} == {"strong": "1", "middle": "2", "weak": "3"}
    assert {row["kendall_tau"] for row in dice} == {"1.0000"}
    lines = (tables / "ranking.md").read_text(encoding="utf-8").splitlines()
    assert [line.split("|")[4].strip() for line in lines if "| Dice |" in line] == ["strong", "middle", "weak"]


PUBLISHED = "dataset,organ,method,metric,mean,sd,citation\n"


def test_published_values_stand_in_a_marked_column(report, tmp_path, capsys):
    path = tmp_path / "published.csv"
    path.write_text(
        PUBLISHED + "toy,spleen,strong,dice,0.9,0.02,A. Author 2020\ntoy,liver,strong,dice,0.8,,B. Author 2021\n"
    )
    tables = report(rows_of(METHODS), "--published", str(path))
    text = (tables / "main.md").read_text(encoding="utf-8")
    assert "| Dice, published ‡ |" in text
    assert "| 0.900 ± 0.020 [1] |" in text
    assert "HD95, published" not in text
    assert "not computed here: [1] A. Author 2020 [2] B. Author 2021" in text
    assert "**0.845 ± 0.047**" in text, "a published value competes with none of ours"
    assert "published dice of strong on liver, toy, has no row" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("dataset,organ\n", "the header must be"),
        (PUBLISHED + "toy,spleen,strong,iou,0.9,,A\n", "metric 'iou' in row 2"),
        (PUBLISHED + "toy,spleen,strong,dice,0.9,,\n", "row 2 has no citation"),
        (PUBLISHED + "toy,spleen,strong,dice,high,,A\n", "mean 'high' in row 2"),
        (PUBLISHED + "toy,spleen,strong,dice,85.4,,A\n", "dice in row 2 is outside its range of 0 to 1"),
        (PUBLISHED + "toy,spleen,strong,hd95,3,-1,A\n", "hd95 in row 2 is outside its range"),
        (PUBLISHED + "toy,spleen,strong,dice,0.9,,A\ntoy,spleen,strong,dice,0.8,,A\n", "row 3 gives a value"),
        ("", "not a CSV table"),
    ],
)
def test_broken_published_values_end_in_a_sentence(report, tmp_path, capsys, content, sentence):
    (tmp_path / "published.csv").write_text(content)
    assert report(rows_of(METHODS), "--published", str(tmp_path / "published.csv")) == 2
    message = capsys.readouterr().err
    assert sentence in message
    assert message.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_effort_and_selection_are_in_every_table_of_methods(report, tmp_path):
    (tmp_path / "effort.csv").write_text("dataset,organ,annotation,case,clicks,drawn_cm\ntoy,spleen,points,a,7,0\n")
    tables = report(rows_of(METHODS), "--effort", str(tmp_path / "effort.csv"), "--selection", "strong=last")
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


def test_the_page_begins_with_who_is_best_and_how_surely(report):
    rows = rows_of(METHODS)
    dense = rows_of({"whole": [value + 0.01 for value in STRONG]}).assign(annotation="dense")
    page = (report(pd.concat([rows, dense])).parent / "report.html").read_text(encoding="utf-8")
    summary = re.search(r'id="summary".*?</ul>', page, re.S)[0]
    assert "4 methods and 1 control on 1 organ, 8 test cases, 1 seed." in summary
    # Four methods are six pairs: 6 x 2 / 2^8 = 0.047.
    assert "whole has the best Dice, 0.855 (95 % interval " in summary
    assert "), beyond chance better than 3 of 3, and without dense masks strong, 0.845 (95 % interval " in summary
