"""Warnings about pseudo labels, from the logs of the jobs that made them."""

import json
import shutil

import pytest
from small_experiment import small_experiment

from weakseg3d.report.label_warnings import label_warnings
from weakseg3d.report.results import Results


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An experiment with a label of five cases, and one that an earlier config of it had."""
    folder = small_experiment(tmp_path_factory.mktemp("labels"))
    record = json.loads((folder / "tables/provenance.json").read_text(encoding="utf-8"))
    record |= {"annotations": ["points"], "pseudo_labels": ["gaussian_sigma-1.0"]}
    (folder / "tables/provenance.json").write_text(json.dumps(record), encoding="utf-8")
    for label, number in (("gaussian_sigma-1.0", 5), ("gaussian_sigma-2.0", 1)):
        for case in range(number):
            log(folder, label, case, f"loading\nweakseg3d pseudolabel: warning: {case}.mrk.json: narrow\ndone\n")
    return folder


def log(folder, label, case, text):
    path = folder / f"logs/pseudo_label/toy/blob/points/{label}/{case}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_equal_warnings_are_one_sentence_with_the_first_files(folder):
    assert label_warnings(Results(folder)) == [
        "pseudo label gaussian_sigma-1.0 of blob, toy: narrow (0.mrk.json, 1.mrk.json, 2.mrk.json and 2 more)"
    ]


def test_five_different_warnings_are_listed_and_the_others_counted(folder, tmp_path):
    many = small_experiment(tmp_path)
    shutil.copy(folder / "tables/provenance.json", many / "tables/provenance.json")
    for case in range(7):
        log(many, "gaussian_sigma-1.0", case, f"weakseg3d pseudolabel: warning: a b/{case}.json: {case} of 9 clicks\n")
    listed = label_warnings(Results(many))
    assert len(listed) == 6
    assert listed[0] == "pseudo label gaussian_sigma-1.0 of blob, toy: 0 of 9 clicks (0.json)"
    assert listed[-1].endswith("2 more such warnings in logs/pseudo_label")


def test_an_experiment_without_warnings_or_with_an_older_record_is_silent(folder, tmp_path):
    silent = small_experiment(tmp_path)
    assert label_warnings(Results(silent)) == []
    shutil.copy(folder / "tables/provenance.json", silent / "tables/provenance.json")
    log(silent, "gaussian_sigma-1.0", 0, "")
    assert label_warnings(Results(silent)) == []
