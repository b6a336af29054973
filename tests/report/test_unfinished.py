"""An experiment in which some jobs failed: its report has gaps, never means over the cases that happen to exist."""

import csv
import json
import os
import re
import shutil

import pytest
import yaml
from small_experiment import small_experiment

from weakseg3d.cli import main
from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.report.results import Results
from weakseg3d.report.unfinished import finished_metrics, unfinished_jobs, with_missing_evaluations
from weakseg3d.texts import last_line


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return small_experiment(tmp_path_factory.mktemp("finished"), seeds=(0, 1))


@pytest.fixture
def results(finished, tmp_path):
    """A copy with the times of its files, in which every training has a log and, as it is done, a benchmark."""
    folder = shutil.copytree(finished, tmp_path / "small")
    for method in ("good", "poor"):
        for seed in (0, 1):
            job(folder, f"train/toy/blob/points/{method}/seed-{seed}", "step 7200")
    return folder


def job(folder, name, text, done=True):
    log, benchmark = folder / f"logs/{name}.log", folder / f"benchmarks/{name}.tsv"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(text, encoding="utf-8")
    if done:
        benchmark.parent.mkdir(parents=True, exist_ok=True)
        benchmark.write_text("s\th:m:s\n8.0\t0:00:08\n", encoding="utf-8")


def partial_report(folder, *options):
    return main(["report", "--results", str(folder), "--out", str(folder / "partial"), *options])


def records(folder, name="main"):
    with open(folder / f"partial/tables/{name}.csv", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def training_fails(folder, method, seed):
    """Leave only what Snakemake leaves of a failed training: a log that ends with the error, and no model."""
    run = f"toy/blob/points/{method}/seed-{seed}"
    shutil.rmtree(folder / "7_models" / run)
    (folder / f"benchmarks/train/{run}.tsv").unlink()
    text = "step 1\rstep 2\nweakseg3d train: the loss is no number; lower the rate\n\n"
    job(folder, f"train/{run}", text, done=False)


def test_a_finished_experiment_lacks_nothing(results):
    rows = finished_metrics(Results(results))
    assert rows.equals(read_metrics(results / "tables/metrics.csv"))
    assert with_missing_evaluations(rows, Results(results)) is rows
    assert partial_report(results) == 0
    assert {row["n_lacking"] for row in records(results)} == {"0"}
    assert "unfinished:" not in (results / "partial/report.html").read_text(encoding="utf-8")


def test_a_failed_training_leaves_a_gap_and_its_last_line(results, capsys):
    training_fails(results, "poor", 1)
    assert partial_report(results) == 0
    by_method = {row["method"]: row for row in records(results)}
    # The metrics of the previous model are still on the disk, but the model no longer exists.
    assert (by_method["poor"]["dice_mean"], by_method["poor"]["n"], by_method["poor"]["n_lacking"]) == ("", "3", "3")
    assert by_method["good"]["dice_mean"] != ""
    page = (results / "partial/report.html").read_text(encoding="utf-8")
    warnings = re.search(r'id="warnings".*?</ul>', page, re.S)[0]
    for sentence in (
        "unfinished: 3 of 18 evaluations are missing",
        "a job did not finish: logs/train/toy/blob/points/poor/seed-1.log ends with "
        "&#39;weakseg3d train: the loss is no number; lower the rate&#39;",
        "poor on blob, toy: not evaluated for case 1 (seed 1), 2 (seed 1), 3 (seed 1)",
    ):
        assert sentence in warnings
    assert "good/seed" not in warnings
    assert "unfinished: 3 of 18" in capsys.readouterr().err


def test_a_method_without_any_finished_evaluation_keeps_its_row(results):
    for seed in (0, 1):
        training_fails(results, "good", seed)
    shutil.rmtree(results / "9_metrics/toy/blob/points/good")
    shutil.rmtree(results / "8_predictions/toy/blob/points/good")
    assert partial_report(results) == 0
    assert [row["method"] for row in records(results)] == ["good", "poor", "truth", "empty"]
    good = records(results)[0]
    assert (good["dice_mean"], good["n"], good["n_lacking"], good["modality"]) == ("", "0", "6", "ct")
    assert {row["series"] for row in records(results, "ranking")} == {"poor"}
    assert "| good | – |" in (results / "partial/tables/main.md").read_text(encoding="utf-8")
    cost = {row["method"]: row for row in records(results, "cost/cost")}
    assert (cost["good"]["steps_per_s"], cost["poor"]["steps_per_s"]) == ("", "2.0000")


@pytest.mark.parametrize(
    "rewritten", ["7_models/toy/blob/points/good/seed-0/model.pt", "8_predictions/toy/blob/points/good/seed-0/2.nii.gz"]
)
def test_metrics_older_than_their_prediction_or_model_do_not_count(results, rewritten):
    os.utime(results / rewritten)
    rows = finished_metrics(Results(results))
    cases = set(rows.loc[(rows["method"] == "good") & (rows["seed"] == "0"), "case"])
    assert cases == (set() if "model" in rewritten else {"1", "3"})


@pytest.mark.parametrize("kind", ["first_stages", "trials"])
def test_metrics_older_than_what_their_model_came_from_do_not_count(results, kind):
    folders = [f"7_models/toy/blob/points/{kind}-{number}" for number in (1, 2)]
    for place, folder in enumerate(folders):
        (results / folder).mkdir()
        (results / folder / "model.pt").write_bytes(b"")
        os.utime(results / folder / "model.pt", (2 - place, 2 - place))  # the second was trained before the first
    record = json.loads((results / "tables/provenance.json").read_text(encoding="utf-8"))
    for cell in record["cells"]:
        cell |= {kind: folders if cell["method"] == "good" else cell.get(kind, [])}
    (results / "tables/provenance.json").write_text(json.dumps(record), encoding="utf-8")
    assert "good" in set(finished_metrics(Results(results))["method"])
    os.utime(results / folders[1] / "model.pt")
    assert "good" not in set(finished_metrics(Results(results))["method"])
    (results / folders[1] / "model.pt").unlink()
    assert "good" not in set(finished_metrics(Results(results))["method"])


def test_jobs_that_are_done_or_not_part_of_the_experiment_are_not_named(results):
    job(results, "train/toy/blob/points/dropped/seed-0", "Killed", done=False)
    job(results, "report", "", done=False)
    assert unfinished_jobs(Results(results)) == []
    # A job that is run again loses its log at the start, but keeps the benchmark of its previous run.
    old = results / "benchmarks/train/toy/blob/points/good/seed-0.tsv"
    os.utime(old, (1, 1))
    job(results, "split/toy/blob/9", "", done=False)
    split, train = unfinished_jobs(Results(results))
    assert split == "a job did not finish: logs/split/toy/blob/9.log is empty"
    assert train.endswith("seed-0.log ends with 'step 7200'")


def test_lost_scans_leave_the_viewer_without_them(results, capsys):
    (results / "2_cases/toy/2/image.nii.gz").unlink()
    training_fails(results, "poor", 0)
    shutil.rmtree(results / "9_metrics/toy/blob/points/good/seed-0")
    for run in ("points/good/seed-1", "none/truth/seed-0", "none/empty/seed-0", "points/poor/seed-1"):
        (results / "9_metrics/toy/blob" / run / "2.csv").unlink()
    assert partial_report(results) == 0
    assert "the viewer lacks the image or reference of 2 (blob, toy)" in capsys.readouterr().err


def test_the_last_line_is_short(tmp_path):
    (tmp_path / "a.log").write_bytes(b"\xff" * 9000 + b"\n" + b"x" * 500 + b"\n  \n")
    assert last_line(tmp_path / "a.log", 200) == "x" * 199 + "…"


def test_a_number_of_an_unfinished_experiment_is_explained(results, capsys):
    training_fails(results, "poor", 1)
    (results / "tables/metrics.csv").unlink()
    cell = ["--dataset", "toy", "--organ", "blob", "--method", "poor"]
    assert main(["explain", str(results), *cell]) == 0
    origin = yaml.safe_load(capsys.readouterr().out)
    assert [(entry["case"], entry["seed"]) for entry in origin["evaluations"]] == [("1", 0), ("2", 0), ("3", 0)]
    assert [model["model"].get("missing", False) for model in origin["models"]] == [False, True]


def test_without_a_finished_evaluation_there_is_no_report(results, capsys):
    shutil.rmtree(results / "9_metrics")
    assert partial_report(results) == 2
    assert "has no finished evaluation yet" in capsys.readouterr().err
    assert not (results / "partial").exists()


def test_metrics_or_results_are_required(tmp_path, capsys):
    assert main(["report", "--out", str(tmp_path / "out")]) == 2
    assert "name them with --metrics" in capsys.readouterr().err


def test_a_case_of_another_part_of_the_split_is_rejected(results, capsys):
    metrics = results / "tables/metrics.csv"
    text = metrics.read_text(encoding="utf-8")
    metrics.write_text(text.replace(",good,0,2,", ",good,0,8,"), encoding="utf-8")
    assert partial_report(results, "--metrics", str(metrics)) == 2
    message = capsys.readouterr().err
    assert "case '8' of toy is not a test case of split.csv; remove its rows" in message
    assert message.count("\n") == 1


def test_another_dataset_is_rejected(results, capsys):
    metrics = results / "tables/metrics.csv"
    metrics.write_text(metrics.read_text(encoding="utf-8").replace("\ntoy,", "\nreal,"), encoding="utf-8")
    assert partial_report(results, "--metrics", str(metrics)) == 2
    assert "dataset 'real' is not part of " in capsys.readouterr().err


def test_the_table_of_cost_has_the_time_of_predictions(results):
    """Cases 1 and 2 of seed 0 have a job each, of 8 and 4 s; those of seed 1 share one of 6 s."""
    job(results, "predict/toy/blob/points/good/seed-0/1", "")
    job(results, "predict/toy/blob/points/good/seed-0/2", "")
    (results / "benchmarks/predict/toy/blob/points/good/seed-0/2.tsv").write_text("s\th:m:s\n4.0\t0:00:04\n")
    job(results, "predict/toy/blob/points/good/seed-1/@test", "")
    (results / "benchmarks/predict/toy/blob/points/good/seed-1/@test.tsv").write_text("s\th:m:s\n6.0\t0:00:06\n")
    assert partial_report(results) == 0
    cost = {row["method"]: row for row in records(results, "cost/cost")}
    assert float(cost["good"]["prediction_s"]) == pytest.approx(((8 + 4) / 2 + 6 / 3) / 2)
    assert cost["poor"]["prediction_s"] == ""
    text = (results / "partial/tables/cost/cost.md").read_text(encoding="utf-8")
    assert "| CPU (x86_64) |" in text
    assert "| Prediction (s/case) |" in text
    assert "| 4.0 |" in text
