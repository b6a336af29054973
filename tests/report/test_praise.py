"""The report praises nothing: no method that found the organ in no case, and no training that diverged, in silence."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from compared_methods import STRONG, rows_of
from report_tables import records, report_on
from small_experiment import report, small_experiment

from weakseg3d.report.results import Results
from weakseg3d.report.tables.divergence import training_warnings
from weakseg3d.report.tables.main import main_table
from weakseg3d.report.tables.uncertainty import readable_uncertainty, uncertainty_table
from weakseg3d.statistics.cells import found_nothing

MISSED = ["missed"] * 8
NO_OVERLAP = [0.0] * 8
POOR = [0.01] * 8


def page_of(tables):
    return (tables.parent / "report.html").read_text(encoding="utf-8")


def summary_of(page):
    return re.search(r'id="findings".*?</ul>', page, re.S)[0]


@pytest.mark.parametrize("useless", [MISSED, NO_OVERLAP])
def test_a_method_that_found_nothing_is_not_ranked(tmp_path, useless):
    tables = report_on(tmp_path, rows_of({"useless": useless, "poor": POOR, "truth": [1.0] * 8}))
    ranks = {(row["series"], row["metric"]): row["rank"] for row in records(tables / "ranking.csv")}
    assert ranks["useless", "dice"] == ranks["useless", "hd95"] == ""
    assert float(ranks["poor", "dice"]) == float(ranks["poor", "hd95"]) == 1
    assert {row["series"] for row in records(tables / "ranking_shares.csv")} == {"poor"}
    assert {row["best"] for row in records(tables / "against_best.csv")} == {"poor"}
    assert "poor has the best Dice" in summary_of(page_of(tables))
    for name in ("main", "main_wide", "ranking"):
        lines = (tables / f"{name}.md").read_text(encoding="utf-8").splitlines()
        assert not [line for line in lines if "useless" in line and ("**" in line or "<u>" in line)], name
        assert [line for line in lines if "poor" in line and "**" in line], name


@pytest.mark.parametrize("second", [MISSED, NO_OVERLAP])
def test_nobody_is_best_if_nobody_found_the_organ(tmp_path, second):
    tables = report_on(tmp_path, rows_of({"first": MISSED, "second": second, "truth": [1.0] * 8}))
    for suffix, marks in (("md", r"\*\*|<u>"), ("tex", r"\\textbf|\\underline")):
        for name in ("main", "main_wide", "ranking", "against_best"):
            text = (tables / f"{name}.{suffix}").read_text(encoding="utf-8")
            assert not re.search(marks, text), f"{name}.{suffix}"
    assert {row["rank"] for row in records(tables / "ranking.csv")} == {""}
    assert records(tables / "against_best.csv") == []
    page = page_of(tables)
    assert "spleen, toy (ct): no method found the organ in any case, so none is best." in summary_of(page)
    assert "<strong>0.000" not in page
    assert "has the best" not in page


def test_one_organ_that_nobody_found_leaves_the_others(tmp_path):
    liver, spleen = rows_of({"a": STRONG, "b": MISSED}, "liver"), rows_of({"a": MISSED, "b": MISSED}, "spleen")
    tables = report_on(tmp_path, pd.concat([liver, spleen]))
    ranks = [(row["organ"], row["series"], row["rank"][:1]) for row in records(tables / "ranking.csv")]
    assert sorted(set(ranks)) == [("liver", "a", "1"), ("liver", "b", ""), ("spleen", "a", ""), ("spleen", "b", "")]


def test_a_method_that_found_the_organ_once_is_ranked():
    rows = rows_of({"a": STRONG, "rare": [*MISSED[:7], 0.2], "never": MISSED})
    assert found_nothing(rows) == {("toy", "ct", "spleen", "never")}
    assert main_table(rows).set_index("method")["n_missed"].to_dict() == {"a": 0, "rare": 7, "never": 8}


def test_a_calibrated_nothing_is_not_marked():
    """An empty prediction can have the lowest calibration error."""
    rows = []
    for method, status, dice, ece in (("missed", "empty_prediction", 0.0, 0.001), ("found", "ok", 0.8, 0.2)):
        for number, case in enumerate("abcd"):
            labels = ["toy", "ct", "spleen", "points", method, "0", case]
            values = {"dice": dice - number / 100, "ece": ece, "mean_entropy": number / 10, "mean_variance": 0.0}
            if status != "ok":
                values["dice"] = 0.0
            rows += [[*labels, metric, value, "1", status] for metric, value in values.items()]
    columns = ["dataset", "modality", "organ", "annotation", "method", "seed", "case", "metric", "value", "unit"]
    table = uncertainty_table(pd.DataFrame(rows, columns=[*columns, "status"]))
    assert table["n_missed"].tolist() == [4, 0]
    assert readable_uncertainty(table).text["ECE ↓"].tolist() == ["0.001 ± 0.000", "**0.200 ± 0.000**"]


def test_a_heatmap_outlines_no_variant_that_found_nothing():
    from weakseg3d.report.study.heatmaps import heatmaps

    names = [f"m+clicks-{clicks}+sigma-{sigma}" for clicks in (5, 50) for sigma in (8, 12)]
    outlines = {}
    for label, first in (("some", POOR), ("none", MISSED)):
        rows = rows_of({name: first if name == names[0] else MISSED for name in names})
        patches = [patch for axes in heatmaps(rows).axes for patch in axes.patches]
        outlines[label] = np.count_nonzero([patch.get_label() == "best" for patch in patches])
    assert outlines == {"some": 1, "none": 0}


def test_diverged_trainings_and_rising_losses_are_reported(tmp_path, capsys):
    folder = small_experiment(tmp_path)
    model = folder / "7_models/toy/blob/points/good/seed-0"
    assert report(folder) == 0
    assert "diverged" not in (folder / "report.html").read_text(encoding="utf-8")
    run = json.loads((model / "run.json").read_text(encoding="utf-8"))
    run |= {"diverged_after_step": 7200, "kept_steps": [3600]}
    run |= {"patches_with_foreground": 0.03, "foreground_found": [*[0.8] * 9, 0.0]}
    (model / "run.json").write_text(json.dumps(run), encoding="utf-8")
    record = json.loads((folder / "tables/provenance.json").read_text(encoding="utf-8"))
    record |= {"annotations": ["points"], "pseudo_labels": ["gaussian_sigma-1.0"]}
    (folder / "tables/provenance.json").write_text(json.dumps(record), encoding="utf-8")
    log = folder / "logs/pseudo_label/toy/blob/points/gaussian_sigma-1.0/8.log"
    log.parent.mkdir(parents=True)
    log.write_text("weakseg3d pseudolabel: warning: 8.mrk.json: sigma is narrow\n", encoding="utf-8")
    losses = "".join(f"{step},{1 + step / 20}\n" for step in range(1, 101))
    (model / "losses.csv").write_text("step,loss\n" + losses, encoding="utf-8")
    capsys.readouterr()
    assert report(folder) == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    warnings = re.search(r'id="warnings".*?</ul>', page, re.S)[0]
    for sentence in (
        "good on blob, toy, seed 0: the training diverged after step 7200; the state after step 3600 is kept",
        "good on blob, toy, seed 0: the loss ended at 5.75, far above its start at 1.25; lower the learning rate",
        "good on blob, toy, seed 0: only 3 % of the patches hold labelled foreground",
        "good on blob, toy, seed 0: the foreground collapsed",
        "pseudo label gaussian_sigma-1.0 of blob, toy: sigma is narrow (8.mrk.json)",
    ):
        assert sentence in warnings
    assert "the training diverged after step 7200" in capsys.readouterr().err
    rows = {row["method"]: row["n_diverged"] for row in records(folder / "tables/main.csv")}
    assert rows == {"good": "1", "poor": "0", "truth": "0", "empty": "0"}
    assert "<th>diverged</th>" in page
    assert "'diverged' counts the trainings" in page.replace("&#39;", "'")


def test_the_first_stages_of_a_model_are_watched_too(tmp_path):
    folder = small_experiment(tmp_path)
    record = json.loads((folder / "tables/provenance.json").read_text(encoding="utf-8"))
    poor = "7_models/toy/blob/points/poor/seed-0"
    next(cell for cell in record["cells"] if cell["method"] == "good")["first_stages"] = [poor]
    record["cells"] = [cell for cell in record["cells"] if cell["method"] != "poor"]
    (folder / "tables/provenance.json").write_text(json.dumps(record), encoding="utf-8")
    run = json.loads((folder / poor / "run.json").read_text(encoding="utf-8"))
    (folder / poor / "run.json").write_text(json.dumps(run | {"diverged_after_step": 9, "kept_steps": [5]}))
    assert training_warnings(Results(folder)) == [
        f"good on blob, toy, seed 0, first stage {poor}: the training diverged after step 9; the state after step 5 is"
        " kept"
    ]
