"""A folder that does not belong to an experiment is rejected."""

import json

import pytest
from metrics_rows import table_of
from small_experiment import report, run_record, small_experiment

from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.report.results import read_run


def test_a_folder_without_a_record_is_rejected(tmp_path, capsys):
    table_of({"weak": {"a": 0.5}}).to_csv(tmp_path / "metrics.csv", index=False)
    command = ["report", "--metrics", str(tmp_path / "metrics.csv"), "--out", str(tmp_path / "out")]
    assert main([*command, "--results", str(tmp_path)]) == 2
    assert "provenance.json: no such file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    return small_experiment(tmp_path_factory.mktemp("records"))


@pytest.mark.parametrize(
    "damage",
    [
        {"cells": 5},
        {"cells": ["x"]},
        {"cells": [{}]},
        {"datasets": []},
        {"datasets": {}},
        {"datasets": {"toy": 1}},
        {"datasets": {"toy": {"cases": {"test": 5}}}},
        {"evaluated_on": "paper"},
        {"evaluated_on": []},
        {"config": 5},
    ],
    ids=str,
)
def test_a_record_with_other_types_is_rejected(experiment, capsys, damage):
    path = experiment / "tables/provenance.json"
    intact = path.read_text(encoding="utf-8")
    path.write_text(json.dumps(json.loads(intact) | damage), encoding="utf-8")
    cell = ["--dataset", "toy", "--organ", "blob", "--method", "good"]
    assert report(experiment) == main(["explain", str(experiment), *cell]) == 2
    path.write_text(intact, encoding="utf-8")
    lines = capsys.readouterr().err.splitlines()
    assert all("provenance.json: not a record of the workflow" in line for line in lines[-2:])


@pytest.mark.parametrize(
    "damage",
    [{"device": 5}, {"steps_per_s": "fast"}, {"recipe": None}, {"recipe": {"training": {"steps": 1}, "threads": ""}}],
    ids=str,
)
def test_a_record_of_a_training_with_other_types_is_rejected(tmp_path, damage):
    path = tmp_path / "run.json"
    path.write_text(json.dumps(run_record()), encoding="utf-8")
    assert read_run(path)["device"] == "x86_64"
    path.write_text(json.dumps(run_record() | damage), encoding="utf-8")
    with pytest.raises(UserError, match="run.json: not the record of a training"):
        read_run(path)
