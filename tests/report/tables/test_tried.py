"""What was tried and chosen, beside the scores of a method."""

import csv
import io

import pandas as pd
import pytest
from small_experiment import small_experiment

from weakseg3d.errors import UserError
from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.report.build import ReportOptions, tabulate
from weakseg3d.report.tables.tried import read_tried, readable_tried, setting_note, setting_text, with_settings

HEADER = "dataset,modality,organ,annotation,method,seed,labels,setting,cases,dice,chosen\n"
CLICKS = "points_number-10_background-10_seed-0"


def table(folder, seed, chosen, labels=CLICKS, dice=("0.500000", "0.750000", "")):
    """Write what 'select' wrote of three settings for one seed; return the path."""
    settings = ["sigma-8+rate-low", "sigma-8+rate-high", "sigma-16+rate-high"]
    rows = [
        f"toy,ct,blob,points,good,{seed},{labels},{setting},2,{score},{'yes' if place == chosen else 'no'}\n"
        for place, (setting, score) in enumerate(zip(settings, dice, strict=True))
    ]
    path = folder / f"tried_{seed}.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


def main():
    return pd.DataFrame({"dataset": "toy", "organ": "blob", "method": ["good", "poor"]})


def test_a_row_names_what_was_chosen_and_how_much_was_tried(tmp_path):
    rows = with_settings(main(), read_tried([table(tmp_path, 0, 1)]))
    assert list(rows["setting"]) == ["sigma-8+rate-high", ""]
    assert list(rows["n_tried"]) == [3, 0]
    assert setting_text(*rows.loc[0, ["setting", "n_tried"]]) == "sigma 8, rate high, of 3"
    assert setting_text(*rows.loc[1, ["setting", "n_tried"]]) == ""


def test_seeds_that_chose_differently_are_counted_in_the_order_of_the_settings(tmp_path):
    tried = read_tried([table(tmp_path, seed, chosen) for seed, chosen in ((0, 1), (1, 0), (2, 1))])
    rows = with_settings(main(), tried)
    assert rows.loc[0, "setting"] == "sigma-8+rate-low (1 of 3), sigma-8+rate-high (2 of 3)"
    assert rows.loc[0, "n_tried"] == 3


def test_readers_see_all_scores_and_what_they_were_measured_on(tmp_path):
    shown = readable_tried(read_tried([table(tmp_path, 0, 1)]))
    assert list(shown.text["Setting"]) == ["sigma 8, rate low", "sigma 8, rate high", "sigma 16, rate high"]
    assert list(shown.text["Dice on validation"]) == ["0.500", "0.750", "–"]
    assert list(shown.text["Chosen"]) == ["", "yes", ""]
    assert "at the voxels annotated in them (points, number 10, background 10, simulated, seed 0)" in shown.note


def test_a_choice_by_dense_masks_says_so(tmp_path):
    tried = read_tried([table(tmp_path, 0, 1, labels="dense")])
    assert "by Dice on validation cases, dense masks of them" in setting_note(tried)


@pytest.mark.parametrize(
    ("chosen", "dice"), [(None, ("0.5", "0.5", "")), (0, ("1.5", "0.5", "")), (0, ("half", "0.5", "0.5"))]
)
def test_a_table_that_select_did_not_write_is_refused(tmp_path, chosen, dice):
    with pytest.raises(UserError, match=r"tried_0\.csv: not a table of one choice; write it with 'select'"):
        read_tried([table(tmp_path, 0, chosen, dice=dice)])


def test_a_missing_column_is_named(tmp_path):
    (tmp_path / "tried.csv").write_text("setting,chosen\na,yes\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"tried\.csv: has no column 'dataset'"):
        read_tried([tmp_path / "tried.csv"])


def test_the_tables_of_a_report_have_the_settings(tmp_path):
    rows = read_metrics(small_experiment(tmp_path) / "tables/metrics.csv")
    options = ReportOptions("Title", {}, {}, tmp_path, tried=read_tried([table(tmp_path, 0, 1)]))
    files = tabulate(rows, options).files("Title")
    found = {
        row["method"]: (row["setting"], row["n_tried"]) for row in csv.DictReader(io.StringIO(files["tables/main.csv"]))
    }
    assert (found["good"], found["poor"]) == (("sigma-8+rate-high", "3"), ("", "0"))
    assert "| sigma 8, rate high, of 3 |" in files["tables/main.md"]
    assert "Setting: what was chosen" in files["tables/main.md"]
    assert "toy,ct,blob,points,good,0" in files["tables/tried.csv"]
    assert "sigma 16, rate high" in files["tables/tried.tex"]
