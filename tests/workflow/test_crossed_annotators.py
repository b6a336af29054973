"""Several simulated annotators, from the config to the report."""

import pandas as pd
import pytest
import yaml
from tiny_grid import change_config, copy_of_the_repository, finished_run, planned_jobs

from weakseg3d.cli import main

METHODS = ["partial_ce_unet", "dense_unet", "truth", "pseudo_label"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = copy_of_the_repository(tmp_path_factory.mktemp("annotators"))
    change_config(folder, seeds=[0, 1], annotation_seeds=[0, 3], methods=METHODS)
    return folder


def test_only_what_is_simulated_is_repeated(folder):
    plan = planned_jobs(folder)
    assert plan["train"] == 2 * 2 + 2, "clicks with both annotators, masks with both seeds alone"
    assert plan["control"] == 1 + 2, "the truth, and the pseudo labels of two annotators"
    assert plan["annotate"] == 2 * (2 + 1), "two training cases for the method, the test case for the control"
    assert plan["split_labels"] == 3


@pytest.mark.slow
def test_a_run_averages_both_annotators_and_traces_them(folder, capsys):
    finished_run(folder, "--cores", "1")
    results = folder / "results/tiny"
    table = pd.read_csv(results / "tables/main.csv").set_index("method")
    weak = table.loc["partial_ce_unet"]
    assert (weak["n"], weak["n_seeds"], weak["n_annotation_seeds"]) == (4, 2, 2)
    assert table.loc["dense_unet", ["n", "n_seeds", "n_annotation_seeds"]].tolist() == [2, 2, 0]
    metrics = pd.read_csv(results / "tables/metrics.csv")
    dice = metrics[(metrics["metric"] == "dice") & (metrics["method"] == "partial_ce_unet")]
    assert dice["annotation"].nunique() == 2
    assert weak["dice_mean"] == pytest.approx(dice["value"].mean(), abs=1e-4)
    text = (results / "tables/main.md").read_text(encoding="utf-8")
    assert "annotations: simulated, seeds 0, 3" in text
    clicks = [path.read_text(encoding="utf-8") for path in sorted(results.glob("5_annotations/**/0001.mrk.json"))]
    assert len(set(clicks)) == len(clicks) == 4

    capsys.readouterr()
    cell = ["--dataset", "hospital", "--organ", "spleen", "--method", "partial_ce_unet"]
    assert main(["explain", str(results), *cell]) == 0
    origin = yaml.safe_load(capsys.readouterr().out)
    assert origin["in tables/main.csv"].endswith(", the same")
    seeds = [(each["training_seed"], each["annotation_seed"]) for each in origin["evaluations"]]
    assert sorted(seeds) == [(0, 0), (0, 3), (1, 0), (1, 3)]
    for each in origin["evaluations"]:
        place = f"_seed-{each['annotation_seed']}/partial_ce_unet/seed-{each['training_seed']}/"
        assert place in each["metrics"]["file"]
    assert len(origin["models"]) == 4
    assert planned_jobs(folder) == {}
