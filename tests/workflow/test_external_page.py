"""docs/external.md and the example of docs/promptable.md, followed to the letter.

Beside them are a shell script, a broken method and masks made elsewhere.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
import yaml
from conftest import make_volume
from tiny_grid import PROJECT, copy_of_the_repository, planned_jobs, snakemake

from weakseg3d.cli import main

PAGE = (PROJECT / "docs" / "external.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
METHOD, GIVEN = (text for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if "description" in text)
PROMPTABLE = (PROJECT / "docs" / "promptable.md").read_text(encoding="utf-8")
(BALLS,) = re.findall(r"```python\n(.*?)```", PROMPTABLE, re.DOTALL)
PROMPTED, LEARNT = (text for text in re.findall(r"```yaml\n(.*?)```", PROMPTABLE, re.DOTALL) if "description" in text)

EVERYWHERE = """\
#!/bin/sh
# Says that the organ is everywhere: the header of the image, and 1 in single precision for each voxel.
set -eu
case $1 in
train) printf '\\000\\000\\200\\077' > "$4/one" ;;
predict)
    scratch=$(mktemp -d)
    for image in "$3"/*.nii.gz; do
        gzip -dc "$image" > "$scratch/image"
        size=$(wc -c < "$scratch/image")
        cp "$2/one" "$scratch/ones"
        while [ "$(wc -c < "$scratch/ones")" -lt "$size" ]; do
            cat "$scratch/ones" "$scratch/ones" > "$scratch/more"
            mv "$scratch/more" "$scratch/ones"
        done
        { head -c 352 "$scratch/image"; head -c $((size - 352)) "$scratch/ones"; } | gzip > "$4/${image##*/}"
    done
    rm -r "$scratch"
    ;;
esac
"""
SHELL = """\
description: A shell script.
supervision: dense
annotation: {none: {}}
external:
  program: everywhere.sh
  train: sh {program} train {cases} {recipe} {out}
  predict: sh {program} predict {model} {images} {out}
  gpus: 0
"""
BROKEN = """\
description: A method that cannot be trained.
supervision: weak
annotation: {points: {}}
external:
  train: sh -c 'echo looking at "$0"; ls "$0"/targets; echo no licence >&2; exit 3' {cases} {out}
  predict: "true {model} {images} {out}"
"""


LABEL = """\
description: A U-Net on labels that cannot be used.
supervision: weak
annotation: {points: {}}
pseudo_label: {external: %s}
network: {unet: {channels: [2, 4, 8]}}
loss: {dice_ce: {}}
training: {patch_size: [16, 16, 16], steps: 3, optimizer: {adamw: {}}}
"""
UNLICENSED = (
    """{name: unlicensed, predict: "sh -c 'ls $0 $1; echo no licence >&2; exit 3' {annotations} {images} {out}"}"""
)
SCANS = """{name: scans, predict: "sh -c 'cp $1/0001.nii.gz $2' {annotations} {images} {out}", gpus: 0}"""
"""A program that fails, and one that gives back the first scan as its mask and nothing for the second."""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The tiny grid with these methods, run as far as it goes, and a report of that."""
    folder = copy_of_the_repository(tmp_path_factory.mktemp("external"))
    (folder / "threshold.py").write_text(PYTHON[0], encoding="utf-8")
    (folder / "balls.py").write_text(BALLS, encoding="utf-8")
    (folder / "everywhere.sh").write_text(EVERYWHERE, encoding="utf-8")
    methods = {"threshold": METHOD, "balls": PROMPTED, "everywhere": SHELL, "broken": BROKEN}
    methods |= {"balls_unet": LEARNT, "unlicensed": LABEL % UNLICENSED, "scans": LABEL % SCANS}
    methods["given"] = GIVEN.replace("/data/old_pipeline/{dataset}/{organ}/", "given masks/")
    for name, text in methods.items():
        (folder / f"config/methods/{name}.yaml").write_text(text, encoding="utf-8")
    _write_given_mask(folder)
    config = yaml.safe_load((folder / "tiny.yaml").read_text(encoding="utf-8"))
    small = {"network": {"unet": {"channels": [2, 4, 8]}}, "training": {"patch_size": [16, 16, 16], "steps": 3}}
    config |= {"methods": [*methods, "truth"], "overrides": {"balls_unet": small}}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    ran = snakemake(folder, "--cores", "2")
    assert ran.returncode != 0
    reported = snakemake(folder, "--cores", "1", "partial_report")
    assert reported.returncode == 0, reported.stderr[-3000:]
    return folder, ran.stdout + ran.stderr


def _write_given_mask(folder):
    """Write the label of the test case, shifted by a voxel, as somebody else's mask on the scan's grid."""
    shutil.unpack_archive(folder / "scans/RawData.zip", folder / "unpacked")
    label = sitk.ReadImage(str(folder / "unpacked/RawData/Training/label/label0003.nii.gz"))
    shifted = make_volume(sitk.GetArrayFromImage(label)[::-1].copy())
    shifted.CopyInformation(label)
    (folder / "given masks").mkdir()
    sitk.WriteImage(shifted, str(folder / "given masks/0003.nii.gz"))


def dice_of(folder, method):
    rows = pd.read_csv(folder / "results/tiny/partial/tables/main.csv")
    return rows[rows["method"] == method].iloc[0]["dice_mean"]


def test_the_example_is_as_short_as_the_page_says_and_needs_nothing_of_ours():
    code = [line for line in PYTHON[0].splitlines() if line.strip()]
    assert len(code) <= 40
    assert "weakseg3d" not in PYTHON[0]


def test_every_method_that_works_has_its_row(finished):
    folder, _ = finished
    assert dice_of(folder, "truth") == 1
    assert dice_of(folder, "threshold") > 0.5
    label = sitk.GetArrayFromImage(
        sitk.ReadImage(str(folder / "results/tiny/4_masks/hospital/spleen/original/0003.nii.gz"))
    )
    # The isotropic grid may end within half a voxel of the scan's.
    assert dice_of(folder, "everywhere") == pytest.approx(2 * label.sum() / (label.sum() + label.size), rel=0.15)
    both = int((label & label[::-1]).sum())
    assert dice_of(folder, "given") == pytest.approx(both / label.sum(), abs=1e-4)


def test_a_prompted_method_gets_the_clicks_on_the_test_scan_and_pays_for_them(finished):
    folder, _ = finished
    label = sitk.ReadImage(str(folder / "results/tiny/4_masks/hospital/spleen/original/0003.nii.gz"))
    organ = sitk.GetArrayFromImage(label).sum() * np.prod(label.GetSpacing())
    # 20 mm around a voxel of 10 mm are 33 voxels, all of them in the organ.
    assert dice_of(folder, "balls") == pytest.approx(2 * 33e3 / (33e3 + organ), rel=0.15)
    efforts = folder / "results/tiny/5_annotations"
    assert pd.read_csv(next(efforts.rglob("effort_test.csv")), dtype=str)["case"].tolist() == ["0003"]
    assert pd.read_csv(next(efforts.rglob("effort.csv")), dtype=str)["case"].tolist() == ["0001", "0002"]
    pairs = pd.read_csv(folder / "results/tiny/partial/tables/break_even.csv").set_index("method")
    assert pairs.loc["threshold", "per_scan_method"] == "balls"
    # Seven clicks on each of two training scans, and on each new one.
    assert pairs.loc["threshold", ["once", "per_scan", "from_scan"]].tolist() == [14, 7, 3]
    cost = pd.read_csv(folder / "results/tiny/partial/tables/cost/cost.csv").set_index("method")
    assert cost.loc["balls", "prediction_s"] > 0
    assert pd.isna(cost.loc["balls", "cpu_hours"]), "nothing was trained"
    main = pd.read_csv(folder / "results/tiny/partial/tables/main.csv").set_index("method")
    assert pd.isna(main.loc["balls", "selection"]), "so no state was selected"


def test_a_broken_method_is_a_gap_with_its_last_words(finished):
    folder, said = finished
    words = "method 'broken', training: 'sh' ended with exit code 3; its last words: no licence"
    assert words in said
    assert said.splitlines()[-1].startswith("weakseg3d: failed in ")
    assert pd.isna(dice_of(folder, "broken"))
    assert "its last words: no licence" in (folder / "results/tiny/partial/report.html").read_text(encoding="utf-8")
    (log,) = (folder / "results/tiny/logs/external_train").rglob("*/broken/*.log")
    assert "0001.mrk.json\n0002.mrk.json\n" in log.read_text(encoding="utf-8"), "without a label: the annotations"


def test_a_network_learns_from_what_a_program_makes_of_the_clicks_on_training_scans(finished):
    folder, _ = finished
    (labels,) = (folder / "results/tiny/6_pseudo_labels/hospital/spleen").glob("*/balls_sha-*")
    written = sorted(path.name for path in labels.iterdir())
    assert written == [
        *(f"{case}.{suffix}" for case in ("0001", "0002") for suffix in ("nii.gz", "npy")),
        *("cases.csv", "external", "external.json", "recipe.json", "run.json"),
    ], "training scans alone"
    for case in ("0001", "0002"):
        label, written = (sitk.ReadImage(str(place / f"{case}.nii.gz")) for place in (labels, labels / "external"))
        array = sitk.GetArrayFromImage(label)
        assert (array == sitk.GetArrayFromImage(written)).all()
        # 20 mm around a point are about 33 voxels of 10 mm.
        assert array.sum() == pytest.approx(33, abs=4)
    assert dice_of(folder, "balls_unet") >= 0
    main = pd.read_csv(folder / "results/tiny/partial/tables/main.csv").set_index("method")
    assert main.loc["balls_unet", "effort_clicks"] == 7
    pairs = pd.read_csv(folder / "results/tiny/partial/tables/break_even.csv").set_index("method")
    assert pairs.loc["balls_unet", ["once", "per_scan", "from_scan"]].tolist() == [14, 7, 3]


def test_labels_that_cannot_be_used_are_a_gap_with_a_sentence(finished):
    folder, said = finished
    page = (folder / "results/tiny/partial/report.html").read_text(encoding="utf-8")
    assert pd.isna(dice_of(folder, "unlicensed"))
    assert pd.isna(dice_of(folder, "scans"))
    failed = "pseudo label 'unlicensed': 'sh' ended with exit code 3; its last words: no licence"
    assert failed in said
    assert "its last words: no licence" in page
    assert re.search(r"external/0001.nii.gz: .*must be whole numbers from 0 to 255", said)
    assert re.search(r"external/0002.nii.gz: was not written, so this case has no result", said)
    (log,) = (folder / "results/tiny/logs/external_label").rglob("unlicensed*/external.log")
    text = log.read_text(encoding="utf-8")
    assert re.findall(r"^0\d+\.[.\w]+$", text, re.MULTILINE) == [
        *("0001.mrk.json", "0002.mrk.json"),
        *("0001.nii.gz", "0002.nii.gz"),
    ], "no test scan"


def test_cost_is_measured_from_outside(finished):
    table = pd.read_csv(finished[0] / "results/tiny/partial/tables/cost/cost.csv").set_index("method")
    (record,) = (finished[0] / "results/tiny/7_models").rglob("threshold/*/run.json")
    seconds = json.loads(record.read_text(encoding="utf-8"))["wall_time_s"]
    assert seconds > 0
    assert table.loc["threshold", "cpu_hours"] == round(seconds / 3600, 4)
    assert table.loc["threshold", "peak_memory_mb"] > 30
    assert table.loc["threshold", "prediction_s"] > 0
    assert pd.isna(table.loc["threshold", "steps"])
    assert "truth" not in table.index
    (record,) = (finished[0] / "results/tiny/6_pseudo_labels").rglob("balls_sha-*/run.json")
    label = json.loads(record.read_text(encoding="utf-8"))
    assert label["cases"] == ["0001", "0002"]
    assert table.loc["balls_unet", "cpu_hours"] >= round(label["wall_time_s"] / 3600, 4)


def test_a_number_leads_back_to_the_files_of_the_program(finished, capsys):
    folder, _ = finished
    command = ["explain", str(folder / "results/tiny"), "--dataset", "hospital", "--organ", "spleen"]
    assert main([*command, "--method", "threshold"]) == 0
    said = capsys.readouterr().out
    assert "model.json" in said
    assert hashlib.sha256(PYTHON[0].encode()).hexdigest() in said


ALWAYS = {"all", "total", "gather_metrics", "report", "evaluate", "overlay", "witness", "external_train"}
ALWAYS |= {"external_predict", "adopt", "test_images", "training_cases", "recipe"}


@pytest.mark.parametrize(
    ("file", "old", "new", "runs", "rests"),
    [
        ("threshold.py", "tail, 1", "0, 1", {"recipe": 1, "external_train": 2, "external_predict": 2}, set()),
        ("config/methods/threshold.yaml", "tail: 0.05", "tail: 0.1", {"recipe": 1, "external_train": 2}, set()),
        (
            "config/methods/threshold.yaml",
            "{program} predict",
            "-W error {program} predict",
            {"external_train": 1, "external_predict": 2},
            {"recipe"},
        ),
        (
            "balls.py",
            "<= radius",
            "< radius",
            # The two programs whose labels cannot be used are still to be run in any case, and to be learnt from.
            {"recipe": 1, "external_predict": 2, "external_label": 2, "adopted_label_array": 6, "train": 3},
            {"annotate"},
        ),
        (
            "config/methods/balls_unet.yaml",
            "radius: 20.0",
            "radius: 25.0",
            {"label_recipe": 1, "external_label": 2, "train": 3},
            {"annotate"},
        ),
        ("given masks/0003.nii.gz", None, None, {"adopt_given": 1, "external_train": 1}, {"recipe"}),
        ("config/methods/threshold.yaml", "Two thresholds", "2 thresholds", {"external_train": 1}, {"adopt_given"}),
    ],
)
def test_an_edit_runs_again_what_depends_on_it(finished, tmp_path, file, old, new, runs, rests):
    """The broken method's training and prediction are still to be done in any case."""
    copy = shutil.copytree(finished[0], tmp_path / "copy", symlinks=True)
    path = copy / file
    if old is None:
        sitk.WriteImage(sitk.ReadImage(str(path)) * 0, str(path))
    else:
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")
    plan = planned_jobs(copy)
    assert {rule: plan.get(rule, 0) for rule in runs} == runs
    assert not rests & plan.keys()


def test_masks_made_elsewhere_are_only_read(finished):
    folder, _ = finished
    path = folder / "given masks/0003.nii.gz"
    assert [entry.name for entry in path.parent.iterdir()] == ["0003.nii.gz"]
    record = json.loads((folder / "results/tiny/tables/provenance.json").read_text(encoding="utf-8"))
    assert [cell["model"] for cell in record["cells"] if cell["method"] == "given"] == [None]


def test_batches_give_the_same_scores(finished, tmp_path):
    folder, _ = finished
    copy = shutil.copytree(folder, tmp_path / "copy", ignore=shutil.ignore_patterns("results", ".snakemake"))
    config = yaml.safe_load((copy / "tiny.yaml").read_text(encoding="utf-8"))
    config |= {"batch": "split", "methods": ["threshold", "balls", "balls_unet", "everywhere", "given", "truth"]}
    (copy / "tiny.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    ran = snakemake(copy, "--cores", "2")
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-3000:]
    rows = [pd.read_csv(each / "tables/main.csv") for each in (copy / "results/tiny", folder / "results/tiny/partial")]
    for method in ("threshold", "balls", "balls_unet", "everywhere", "given"):
        first, second = (table[table["method"] == method].iloc[0]["dice_mean"] for table in rows)
        assert first == second


def test_the_check_runs_the_example_and_says_what_is_wrong_with_the_broken_one(finished):
    folder, _ = finished
    for name, code, words in (
        ("threshold", 0, "keeps the contract"),
        ("balls", 0, ", and 0 where nobody clicked"),
        ("balls_unet", 0, "made pseudo labels of phantom cases in"),
        ("broken", 2, "its last words: no licence"),
    ):
        command = [sys.executable, "-m", "weakseg3d", "method", "check", f"config/methods/{name}.yaml"]
        ran = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8")
        assert ran.returncode == code
        assert words in ran.stdout + ran.stderr.splitlines()[-1] if code else ran.stdout
