"""From a number in a table back to the files behind it."""

import csv
import hashlib
import json

import pytest
import yaml
from small_experiment import report, run_record, small_experiment

from weakseg3d.cli import main
from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.report.results import Results
from weakseg3d.report.tables.cost import cost_table, gpu_and_cpu_hours
from weakseg3d.report.tables.main import main_table


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    results = small_experiment(tmp_path_factory.mktemp("explained"), seeds=(0, 1))
    assert report(results) == 0
    return results


@pytest.fixture
def explain(capsys):
    def run(results, method, *options, dataset="toy", organ="blob"):
        capsys.readouterr()
        cell = ["--dataset", dataset, "--organ", organ, "--method", method]
        code = main(["explain", str(results), *cell, *options])
        out, err = capsys.readouterr()
        return yaml.safe_load(out) if code == 0 else (code, err)

    return run


def test_the_value_of_every_cell_agrees_with_its_cases_and_with_the_table(reported, explain):
    with open(reported / "tables/main.csv", encoding="utf-8") as stream:
        table = list(csv.DictReader(stream))
    assert [row["method"] for row in table] == ["good", "poor", "truth", "empty"]
    for row in table:
        for metric in ("dice", "hd95"):
            origin = explain(reported, row["method"], "--metric", metric)
            assert origin["value"]["mean"] == pytest.approx(float(row[f"{metric}_mean"]), abs=1e-4)
            values = [evaluation["value"] for evaluation in origin["evaluations"]]
            assert origin["value"]["mean"] == pytest.approx(sum(values) / len(values), abs=1e-6)
            assert origin["in tables/main.csv"].endswith(", the same")
            assert len(values) == int(row["n"]) == (6 if row["method"] in ("good", "poor") else 3)


def test_every_file_is_named_and_hashed(reported, explain):
    origin = explain(reported, "good")
    files = [evaluation[kind] for evaluation in origin["evaluations"] for kind in ("prediction", "reference", "image")]
    files += [evaluation["metrics"] for evaluation in origin["evaluations"]]
    files += [model[kind] for model in origin["models"] for kind in ("model", "run")]
    assert len(files) == 6 * 4 + 2 * 2
    for file in files:
        content = (reported / file["file"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert [model["model"]["file"] for model in origin["models"]] == [
        f"7_models/toy/blob/points/good/seed-{seed}/model.pt" for seed in (0, 1)
    ]


def test_recipe_commit_versions_and_config_are_shown(reported, explain):
    origin = explain(reported, "good")
    model = origin["models"][0]
    assert (model["git_commit"], model["versions"], model["cases"]) == ("c0ffee", {"torch": "2.13.0"}, ["8", "9"])
    assert model["recipe"]["training"] == {"steps": 7200}
    assert origin["config"] == {"experiment": "small", "spacing": 2.0}
    assert origin["split"]["split_sha256"] == "ab" * 32
    assert origin["evaluated_on"] == "the original grid"
    assert set(origin["software now"]) >= {"commit", "weakseg3d"}
    assert explain(reported, "truth")["models"] == []


def test_a_missed_organ_shows_its_status(reported, explain):
    missed = [e for e in explain(reported, "poor")["evaluations"] if e["case"] == "3"]
    assert [(e["value"], e["status"]) for e in missed] == [(0, "empty_prediction")] * 2


def test_files_that_no_longer_fit_together_are_reported(tmp_path, explain):
    results = small_experiment(tmp_path)
    assert report(results) == 0
    main_csv = results / "tables/main.csv"
    origin = explain(results, "good")
    mean = f"{origin['value']['mean']:.4f}"
    main_csv.write_text(main_csv.read_text(encoding="utf-8").replace(mean, "0.9876"), encoding="utf-8")
    file = results / "9_metrics/toy/blob/points/good/seed-0/2.csv"
    value = str(origin["evaluations"][1]["value"])
    file.write_text(file.read_text(encoding="utf-8").replace(value, "0.5"), encoding="utf-8")
    (results / "8_predictions/toy/blob/points/good/seed-0/3.nii.gz").unlink()
    origin = explain(results, "good")
    assert origin["in tables/main.csv"].startswith("0.9876, but its cases give")
    assert origin["evaluations"][1]["value in its own file"].startswith("0.5: tables/metrics.csv is older")
    assert origin["evaluations"][2]["prediction"]["missing"] is True


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"method": "god"}, "unknown method 'god', did you mean 'good'"),
        ({"method": "good", "dataset": "tod"}, "unknown dataset 'tod'"),
        ({"method": "good", "organ": "bulb"}, "unknown organ 'bulb'"),
        ({"method": "good", "metric": "dise"}, "unknown metric 'dise'"),
        ({"method": "good", "annotation": "box"}, "unknown annotation 'box'"),
    ],
)
def test_an_unknown_name_is_rejected_in_one_sentence(reported, explain, options, sentence):
    named = {key: options.pop(key) for key in ("dataset", "organ") if key in options}
    method = options.pop("method")
    flags = [word for key, value in options.items() for word in (f"--{key}", value)]
    code, err = explain(reported, method, *flags, **named)
    assert code == 2
    assert sentence in err
    assert err.count("\n") == 1


def test_a_folder_without_a_record_is_rejected_in_one_sentence(tmp_path, explain):
    code, err = explain(tmp_path, "good")
    assert (code, err.count("\n")) == (2, 1)
    assert "tables/provenance.json: no such file" in err
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/provenance.json").write_text("{}", encoding="utf-8")
    assert "not a record of the workflow" in explain(tmp_path, "good")[1]


def test_cost_follows_from_the_records(reported):
    with open(reported / "tables/cost/cost.csv", encoding="utf-8") as stream:
        costs = {row["method"]: row for row in csv.DictReader(stream)}
    # 7200 steps at 2 per second take an hour, on two threads.
    assert list(costs) == ["good", "poor"]
    assert (costs["good"]["cpu_hours"], costs["good"]["gpu_hours"]) == ("2.0000", "0.0000")
    assert (costs["good"]["steps_per_s"], costs["good"]["peak_memory_mb"], costs["good"]["n_seeds"]) == (
        "2.0000",
        "700",
        "2",
    )


def test_cost_counts_a_gpu_the_first_stages_and_the_program_that_made_the_labels(tmp_path):
    results = small_experiment(tmp_path)
    models = results / "7_models/toy/blob/points"
    run = json.loads((models / "good/seed-0/run.json").read_text(encoding="utf-8"))
    (models / "good/seed-0/run.json").write_text(json.dumps(run | {"device": "NVIDIA A100"}), encoding="utf-8")
    record = json.loads((results / "tables/provenance.json").read_text(encoding="utf-8"))
    record["cells"][0]["first_stages"] = ["7_models/toy/blob/points/poor/seed-0"] * 2
    # A program made its labels in half an hour, on four threads.
    record["cells"][0]["label_runs"] = ["6_pseudo_labels/toy/blob/points/theirs/run.json"]
    label = {"external": True, "wall_time_s": 1800.0, "peak_memory_mb": 9, "device": "x86_64", "recipe": {"threads": 4}}
    (results / "6_pseudo_labels/toy/blob/points/theirs").mkdir(parents=True)
    (results / record["cells"][0]["label_runs"][0]).write_text(json.dumps(label), encoding="utf-8")
    (results / "tables/provenance.json").write_text(json.dumps(record), encoding="utf-8")
    assert report(results) == 0
    with open(results / "tables/cost/cost.csv", encoding="utf-8") as stream:
        good = next(csv.DictReader(stream))
    assert (good["gpu_hours"], good["cpu_hours"]) == ("1.0000", "6.0000")


def test_what_a_model_was_chosen_among_is_in_the_cost_once_and_in_its_origin(tmp_path, explain):
    results = small_experiment(tmp_path)
    record = json.loads((results / "tables/provenance.json").read_text(encoding="utf-8"))
    # The model of good is a copy of poor's, which was chosen among three trainings of one hour on two threads each.
    record["cells"][0]["trials"] = ["7_models/toy/blob/points/poor/seed-0"] * 3
    (results / "tables/provenance.json").write_text(json.dumps(record), encoding="utf-8")
    table, _ = cost_table(main_table(read_metrics(results / "tables/metrics.csv")), Results(results))
    assert dict(zip(table["method"], table["cpu_hours"], strict=True)) == {"good": 6.0, "poor": 2.0}
    tried = results / record["cells"][0]["model"] / "tried.csv"
    tried.write_text("setting,dice,chosen\n", encoding="utf-8")
    (model,) = explain(results, "good")["models"]
    assert model["chosen among"]["file"] == str(tried.relative_to(results))
    assert model["chosen among"]["sha256"] == hashlib.sha256(tried.read_bytes()).hexdigest()
    (model,) = explain(results, "poor")["models"]
    assert "chosen among" not in model


@pytest.mark.parametrize(("device", "expected"), [("NVIDIA A100", (4.0, 0.0)), ("x86_64", (0.0, 8.0))])
def test_hours_count_all_devices(device, expected):
    run = run_record(device=device)
    run["recipe"]["training"]["devices"] = 4
    assert gpu_and_cpu_hours(run) == expected


def test_a_run_that_is_gone_leaves_a_gap_and_a_warning(tmp_path, capsys):
    results = small_experiment(tmp_path)
    (results / "7_models/toy/blob/points/poor/seed-0/run.json").unlink()
    assert report(results) == 0
    assert "the cost of poor is not known" in capsys.readouterr().err
    assert "| poor |  | – | – |" in (results / "tables/cost/cost.md").read_text(encoding="utf-8")
