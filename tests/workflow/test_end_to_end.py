"""The whole workflow on a tiny config, in a copy of the repository that the tests may edit."""

import contextlib
import csv
import hashlib
import json
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import yaml
from conftest import make_volume, oblique_direction

from weakseg3d.cli import main

PROJECT = Path(__file__).parents[2]

SHORT = {"patch_size": [16, 16, 16], "steps": 3}
SMALL = {"base_features": 2, "levels": 3}
CONFIG = {
    "experiment": "tiny",
    "datasets": {"phantom_ct": ["spleen"], "hospital": ["spleen"]},
    "methods": ["pw4medseg", "paseg", "dense_unet", "three_slices", "truth", "empty", "pseudo_label"],
    "study": {
        "methods": ["pw4medseg"],
        "factors": {"disturbance": {"none": {}, "noise": {"images": {"test": {"noise": {"std": 0.2}}}}}},
    },
    "uncertainty": True,
    "spacing": 10.0,
    "preset": "cpu",
    "splits": {"phantom_ct": "phantom.csv"},
    "raw": {"hospital": "my scans"},
    "overrides": {
        "pw4medseg": {
            "network": {"ptn": {"feature_size": 2, "hidden_size": 24, "mlp_size": 24, "heads": 2}},
            "training": {"patch_size": [32, 16, 16], "steps": 3},  # one token alone would attend to itself
        },
        "paseg_stage1": {"network": {"unet2d5": SMALL}, "training": SHORT},
        "paseg_stage1_attention_unet": {"network": {"attention_unet": SMALL}, "training": SHORT},
        "paseg": {"training": SHORT},
        "dense_unet": {"training": SHORT},
    },
}

DATASET = """\
description: A hospital's own scans, in BTCV's layout.
licence: none
modality: CT
format: btcv
access:
  place: {archive: RawData.zip, instructions: ask the hospital}
organs:
  spleen: [1]
intensity:
  window: [0, 100]
split: config/splits/hospital.csv
"""

METHOD = """\
description: U-Net trained on three annotated slices.
supervision: weak
annotation:
  slices: {number: 3}
pseudo_label:
  slices: {}
network:
  unet: {channels: [2, 4, 8]}
loss:
  partial_ce: {}
training:
  patch_size: [16, 16, 16]
  steps: 3
  optimizer:
    adamw: {}
"""


def snakemake(folder, *arguments, config="tiny.yaml"):
    command = [sys.executable, "-m", "snakemake", "--configfile", config, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")


def planned(folder, *arguments):
    """Return how often each rule would run."""
    listed = snakemake(folder, "--dry-run", "--cores", "2", *arguments)
    assert listed.returncode == 0, listed.stderr
    return {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", listed.stdout + listed.stderr, re.M)}


def own_scans(folder):
    """Write a hospital's archive: two training cases, a test case, and a test case without spleen."""
    with zipfile.ZipFile(folder / "RawData.zip", "w") as archive:
        for number in range(1, 5):
            label = np.zeros((18, 20, 22), np.uint8)
            label[4:12, 5:12, 6 + number : 14] = 1 if number < 4 else 6
            image = np.random.default_rng(number).normal(30, 10, label.shape) + 40 * (label == 1)
            for kind, array in (("img", image.astype(np.float32)), ("label", label)):
                volume = make_volume(array, (9.0, 8.0, 11.0), (3, -7, 20), oblique_direction(number % 2 == 0))
                path = folder / f"{kind}{number:04d}.nii.gz"
                sitk.WriteImage(volume, path)
                archive.write(path, f"RawData/Training/{kind}/{path.name}")
                path.unlink()


def copy_of_the_repository(folder):
    for part in ("src", "workflow", "config", "envs"):
        shutil.copytree(PROJECT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "tiny.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False), encoding="utf-8")
    (folder / "phantom.csv").write_text("case,split\n0001,train\n0003,test\n", encoding="utf-8")
    (folder / "config/datasets/hospital.yaml").write_text(DATASET, encoding="utf-8")
    (folder / "config/splits/hospital.csv").write_text(
        "case,split\n0001,train\n0002,train\n0003,test\n0004,test\n", encoding="utf-8"
    )
    (folder / "config/methods/three_slices.yaml").write_text(METHOD, encoding="utf-8")
    (folder / "my scans").mkdir()
    own_scans(folder / "my scans")
    return folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A copy of the repository in which the tiny config has run with two cores."""
    folder = copy_of_the_repository(tmp_path_factory.mktemp("with a space"))
    ran = snakemake(folder, "--cores", "2")
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    return folder


def table(folder):
    with (folder / "results/tiny/tables/main.csv").open() as stream:
        return {(row["dataset"], row["method"]): row for row in csv.DictReader(stream)}


VARIANTS = ["pw4medseg+disturbance-none", "pw4medseg+disturbance-noise"]


def test_the_table_has_every_cell_in_config_order(finished):
    rows = list(table(finished))
    assert rows == [(dataset, method) for dataset in CONFIG["datasets"] for method in CONFIG["methods"] + VARIANTS]


def test_a_study_has_a_table_of_its_factors(finished):
    with (finished / "results/tiny/tables/study.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["disturbance"]]
    assert [(row["dataset"], row["method"], row["disturbance"]) for row in rows] == [
        (dataset, "pw4medseg", level) for dataset in CONFIG["datasets"] for level in ("none", "noise")
    ]
    undisturbed = table(finished)["phantom_ct", "pw4medseg"]
    assert rows[0]["dice_mean"] == undisturbed["dice_mean"]
    assert (finished / "results/tiny/figures/study.png").stat().st_size > 5000


def test_a_disturbed_test_image_is_segmented_by_the_undisturbed_model(finished):
    models = finished / "results/tiny/7_models/phantom_ct/spleen"
    assert len(list(models.rglob("pw4medseg/seed-0/model.pt"))) == 1
    assert not list(models.rglob("pw4medseg+*"))
    scan, noisy = (
        sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
        for path in sorted((finished / "results/tiny/3_isotropic/phantom_ct/0003").glob("image*.nii.gz"))
    )
    assert (scan != noisy).mean() > 0.9


def test_uncertainty_is_mapped_evaluated_and_drawn(finished):
    results = finished / "results/tiny"
    (folder,) = results.glob("8_predictions/phantom_ct/spleen/points*/pw4medseg/seed-0/0003_uncertainty")
    maps = {path.name.removesuffix(".nii.gz"): sitk.ReadImage(str(path)) for path in folder.glob("*.nii.gz")}
    assert maps.keys() == {"probability", "entropy", "variance"}
    assert sitk.GetArrayFromImage(maps["variance"]).max() > 0
    scan = sitk.ReadImage(str(results / "3_isotropic/phantom_ct/0003/image.nii.gz"))
    assert maps["entropy"].GetSize() == scan.GetSize()
    with (results / "tables/uncertainty.csv").open() as stream:
        methods = {row["method"] for row in csv.DictReader(stream)}
    assert methods == {"pw4medseg", "paseg", "dense_unet", "three_slices", *VARIANTS}
    with (results / "tables/risk_coverage.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["method"] for row in rows} == methods
    assert {row["finding"] for row in rows} == {"too few cases to tell"}
    stochastic = {row["method"] for row in rows if row["uncertainty"] == "mean_variance"}
    assert "pw4medseg" in stochastic
    assert "dense_unet" not in stochastic
    assert len(list((results / "figures/uncertainty").rglob("*.png"))) == 8


def test_every_row_says_what_it_cost_and_what_selected_it(finished):
    rows = {method: table(finished)["phantom_ct", method] for method in CONFIG["methods"]}
    assert float(rows["paseg"]["effort_clicks"]) == 7
    assert float(rows["pw4medseg"]["effort_clicks"]) > 7
    assert 0 < float(rows["three_slices"]["effort_cm"]) < float(rows["dense_unet"]["effort_cm"])
    assert (rows["paseg"]["selection"], rows["dense_unet"]["selection"]) == ("weak_labels", "last")
    assert rows["truth"]["effort_clicks"] == rows["truth"]["selection"] == ""


def test_the_second_stage_starts_from_the_models_of_the_first(finished):
    (folder,) = finished.glob("results/tiny/7_models/phantom_ct/spleen/seven-points*")
    run = json.loads((folder / "paseg/seed-0/run.json").read_text(encoding="utf-8"))
    models = [folder / f"paseg_stage1{network}/seed-0/model.pt" for network in ("", "_attention_unet")]
    assert run["starts_from_sha256"] == [hashlib.sha256(model.read_bytes()).hexdigest() for model in models]
    assert run["model_selection"] == "weak_labels"
    assert run["validation_cases"] == ["0001"]


def test_controls_mark_the_ends_of_the_scale(finished):
    truth, empty = (table(finished)["phantom_ct", method] for method in ("truth", "empty"))
    assert float(truth["dice_mean"]) == 1
    assert float(truth["hd95_mean"]) == 0
    assert float(empty["dice_mean"]) == 0
    assert empty["n_missed"] == "1"
    assert float(empty["hd95_mean"]) > 300


def test_a_case_without_the_organ_is_skipped_and_counted(finished):
    row = table(finished)["hospital", "truth"]
    assert (row["n"], row["n_absent"]) == ("1", "1")


def test_predictions_lie_where_the_scans_lie(finished):
    results = finished / "results/tiny"
    for case in ("0003", "0004"):
        scan = sitk.ReadImage(str(results / f"2_cases/hospital/{case}/image.nii.gz"))
        path = results / f"8_predictions/hospital/spleen/dense/dense_unet/seed-0/{case}.nii.gz"
        predicted = sitk.ReadImage(str(path))
        assert np.allclose(predicted.GetDirection(), oblique_direction(case == "0004").ravel(), atol=1e-5)
        middles = [
            image.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in image.GetSize()])
            for image in (scan, predicted)
        ]
        assert np.allclose(*middles, atol=1e-3)


def test_every_product_is_there(finished):
    results = finished / "results/tiny"
    assert "<html" in (results / "report.html").read_text(encoding="utf-8")
    witness = re.search(r"agrees with MedPy in (\d+) of (\d+) cases", (results / "tables/main.md").read_text("utf-8"))
    assert witness[1] == witness[2] != "0"
    assert (results / "figures/dice_boxplot.png").stat().st_size > 5000
    assert len(list((results / "figures/overlays").rglob("*.png"))) == 14
    run = yaml.safe_load(
        (results / "7_models/hospital/spleen/dense/dense_unet/seed-0/run.json").read_text(encoding="utf-8")
    )
    assert run["cases"] == ["0001", "0002"]


def test_an_untouched_second_call_has_nothing_to_do(finished):
    again = snakemake(finished, "--cores", "2")
    assert again.returncode == 0
    assert "Nothing to be done" in again.stdout + again.stderr


def test_a_pull_that_only_changes_dates_reruns_nothing(finished):
    for path in [*finished.glob("config/**/*.*"), *finished.glob("src/**/*.py"), *finished.glob("workflow/**/*.smk")]:
        path.touch()
    assert planned(finished) == {}


def test_the_commands_of_the_page_about_new_scans(finished, tmp_path):
    """They run on this experiment, in the order in which each has what it needs."""
    page = (PROJECT / "docs/new-scans.md").read_text(encoding="utf-8")
    found = re.findall(r"^python -m weakseg3d (\w+) (.*)$", page, re.M)
    results = str(finished / "results/tiny")
    commands = {verb: [word.replace("results/clinic", results) for word in shlex.split(words)] for verb, words in found}
    assert list(commands) == ["segment", "export", "dataset", "suggest"]
    scan = "scans/first.nii.gz"
    (tmp_path / "scans").mkdir()
    shutil.copy(finished / "results/tiny/2_cases/phantom_ct/0003/image.nii.gz", tmp_path / scan)
    with contextlib.chdir(tmp_path):
        assert main(["export", *commands["export"]]) == 0
        shutil.copy("spleen.pt", "liver.pt")
        for verb in ("segment", "suggest"):
            assert main([verb, *commands[verb]]) == 0
        labels, image = sitk.ReadImage("masks/first.nii.gz"), sitk.ReadImage(scan)
        card = Path("spleen.md").read_text(encoding="utf-8")
    assert labels.GetSize() == image.GetSize()
    row = table(finished)["phantom_ct", "pw4medseg"]
    assert f"| Dice | {float(row['dice_mean']):.3f} | too few cases | 1 |" in card
    assert "100 clicks per case" in card
    assert "Apache-2.0" in card
    with contextlib.chdir(finished):
        words = [word.replace("all.csv", str(tmp_path / "all.csv")) for word in commands["dataset"]]
        words[words.index("--raw") + 1] = "results/tiny/1_raw/hospital"
        assert main(["dataset", *words]) == 0


def test_an_exported_model_segments_as_the_workflow_does(finished, tmp_path):
    names = {"dataset": "phantom_ct", "organ": "spleen", "method": "dense_unet"}
    options = [word for key, value in names.items() for word in (f"--{key}", value)]
    assert main(["export", str(finished / "results/tiny"), *options, "--out", str(tmp_path / "spleen.pt")]) == 0
    scan = finished / "results/tiny/2_cases/phantom_ct/0003/image.nii.gz"
    (tmp_path / "new.csv").write_text(f"case,image\nscan,{scan}\n", encoding="utf-8")
    segment = ["segment", "--models", str(tmp_path / "spleen.pt"), "--list", str(tmp_path / "new.csv")]
    assert main([*segment, "--out", str(tmp_path / "masks")]) == 0
    compared = ["--reference", str(tmp_path / "masks/scan.nii.gz"), "--resample-prediction"]
    [prediction] = (finished / "results/tiny/8_predictions/phantom_ct/spleen/dense/dense_unet").rglob("0003.nii.gz")
    out = str(tmp_path / "metrics.csv")
    assert main(["evaluate", "--prediction", str(prediction), *compared, "--csv", out]) == 0
    with open(out, encoding="utf-8") as stream:
        dice = {row["metric"]: row["value"] for row in csv.DictReader(stream)}["dice"]
    # The workflow brings a mask back to the scan's grid, `segment` the probability.
    assert float(dice) > 0.9


@pytest.fixture
def edited(finished):
    """Edit files with ``edited(path, old, new)``; they are put back afterwards."""
    originals = {}

    def edit(path, old, new):
        text = (finished / path).read_text(encoding="utf-8")
        assert old in text
        originals[path] = text
        (finished / path).write_text(text.replace(old, new, 1), encoding="utf-8")
        return finished

    yield edit
    for path, text in originals.items():
        (finished / path).write_text(text, encoding="utf-8")


def test_a_learning_rate_retrains_its_method_alone(edited):
    folder = edited("config/presets/cpu.yaml", "learning_rate: 0.008", "learning_rate: 0.007")
    jobs = planned(folder)
    assert jobs["train"] == jobs["recipe"] == 2
    assert jobs["predict"] == 3
    assert not jobs.keys() & {
        "annotate",
        "pseudo_label",
        "split_labels",
        "image_array",
        "mask_array",
        "pseudo_label_array",
        "resample",
        "import_case",
        "phantom",
        "control",
    }


def test_the_metrics_code_reevaluates_and_does_not_retrain(edited):
    jobs = planned(edited("src/weakseg3d/evaluation/metrics/hd95.py", "\ndef ", "\nEDITED = True\n\n\ndef "))
    assert jobs["evaluate"] == 27
    assert not jobs.keys() & {"train", "predict", "annotate", "pseudo_label", "split_labels", "resample"}


def test_the_network_code_retrains_and_does_not_annotate(edited):
    jobs = planned(edited("src/weakseg3d/networks/pmsa.py", "\nclass ", "\nEDITED = True\n\n\nclass "))
    assert jobs["train"] == 2  # pw4medseg on both datasets; no other method has this attention
    assert not jobs.keys() & {"distill", "annotate", "pseudo_label", "split_labels", "resample", "control"}


def test_a_persons_clicks_take_the_place_of_simulated_ones(finished, edited):
    (clicks,) = (finished / "results/tiny/5_annotations/phantom_ct/spleen").glob("points*background-0*/0001.mrk.json")
    jobs = planned(edited(clicks.relative_to(finished), '"organ"', '"organ-1"'))
    assert jobs["pseudo_label"] == jobs["pseudo_label_array"] == jobs["train"] == 1
    assert jobs["predict"] == 3  # the method and its two variants
    assert "annotate" not in jobs


def test_a_misspelt_key_ends_in_one_sentence(finished):
    for change, message in [
        ({"sedes": [0]}, "unknown key 'sedes'"),
        ({"methods": ["pw4medsec"]}, "unknown method 'pw4medsec'"),
        ({"datasets": {"phantom_cd": ["spleen"]}}, "unknown dataset 'phantom_cd'"),
    ]:
        (finished / "wrong.yaml").write_text(yaml.safe_dump(CONFIG | change), encoding="utf-8")
        ended = snakemake(finished, "--cores", "2", config="wrong.yaml")
        assert ended.returncode == 2
        assert message in ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_method_on_one_core_gives_the_same_bytes(finished, tmp_path):
    """A sample of the next test: a stochastic training, and the metrics from which the tables are made."""
    folder = copy_of_the_repository(tmp_path / "again")
    fewer = {"datasets": {"hospital": ["spleen"]}, "splits": {}, "methods": ["pw4medseg"]}
    fewer |= {"overrides": {name: CONFIG["overrides"][name] for name in fewer["methods"]}}
    config = {key: value for key, value in CONFIG.items() if key != "study"} | fewer
    (folder / "tiny.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    ran = snakemake(folder, "--cores", "1")
    assert ran.returncode == 0, ran.stderr[-3000:]
    made = sorted((folder / "results/tiny/9_metrics").rglob("*.csv"))
    assert len(made) == 2
    for path in made:
        assert path.read_bytes() == (finished / path.relative_to(folder)).read_bytes(), path.name


@pytest.mark.slow
def test_another_run_on_one_core_gives_the_same_bytes(finished, tmp_path):
    folder = copy_of_the_repository(tmp_path / "again")
    ran = snakemake(folder, "--cores", "1")
    assert ran.returncode == 0, ran.stderr[-3000:]
    for name in ("main.csv", "metrics.csv", "main.md"):
        first, second = (f / "results/tiny/tables" / name for f in (finished, folder))
        assert first.read_bytes() == second.read_bytes(), name


@pytest.mark.slow
def test_a_release_gives_every_table_again(finished, tmp_path, monkeypatch, capsys):
    undescribed = snakemake(finished, "--dry-run", "release")
    assert undescribed.returncode == 2
    assert "weakseg3d: the config has no 'release'" in undescribed.stderr
    about = {"title": "Tiny", "authors": ["Jane Doe"], "licence": "CC-BY-4.0", "date": "2026-11-27"}
    (finished / "release.yaml").write_text(yaml.safe_dump(CONFIG | {"release": about}, sort_keys=False))
    ran = snakemake(finished, "--cores", "1", "release", config="release.yaml")
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert set(re.findall(r"^(?:local)?rule (\w+):", ran.stderr, re.M)) <= {"release"}
    shutil.move(finished / "results/tiny/release/tiny.zip", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["recompute", "tiny.zip", "--out", "again"]) == 0
    assert "tables are the same, byte for byte" in capsys.readouterr().out
    for path in (tmp_path / "again/tables").rglob("*.*"):
        table = finished / "results/tiny" / path.relative_to(tmp_path / "again")
        assert path.read_bytes() == table.read_bytes(), path.name
