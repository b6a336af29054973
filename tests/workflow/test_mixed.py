"""Some training cases outlined, some scribbled on, the others clicked: by people, and simulated."""

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
import yaml
from conftest import make_volume, oblique_direction
from slicer_clicks import write_slicer_clicks
from tiny_grid import change_config, copy_of_the_repository, finished_run, planned_jobs, snakemake

from weakseg3d.files import file_digest

DATASET = """\
description: Scans that people outlined, scribbled on and clicked.
modality: CT
format: folder
options:
  image: images/{case}.nii.gz
  label: dense/{case}.nii.gz
access:
  place: {folder: scans, instructions: ask the hospital}
organs:
  spleen: [3]
annotations:
  spleen:
    - {files: "clicks/{annotator}/{case}.mrk.json", annotators: [ann, bo], seconds: "{annotator}.csv"}
    - {files: "scribbles/{case}.nii.gz", organ: [3], unknown: [4]}
intensity:
  window: [0, 100]
split: config/splits/hospital.csv
"""
METHOD = """\
description: Clicks, scribbles and outlines.
supervision: weak
annotation:
  points: {number: 20}
pseudo_label:
  gaussian: {sigma: 15.0}
mixed:
  outlines: {supervision: dense%s}
  scribbles: {%sannotation: {scribbles: {every: 3}}, pseudo_label: {scribbles-gaussian: {sigma: 20.0}}}
network:
  unet: {channels: [2, 4, 8]}
loss:
  soft_ce_dice: {}
training:
  patch_size: [16, 16, 16]
  steps: 3
  optimizer:
    adamw: {}
"""
PARTS = {1: "train", 2: "train", 3: "test", 4: "train", 5: "train"}


def organ(number):
    label = np.zeros((18, 20, 22), np.uint8)
    label[4:12, 5:12, 6 + number : 16] = 3
    return label


def write_scans(folder):
    """Write five scans: one outlined, one scribbled on, two clicked by both annotators, and a test case."""
    for number in PARTS:
        label = organ(number)
        image = (np.random.default_rng(number).normal(30, 10, label.shape) + 20 * label).astype(np.float32)
        scribble = np.full(label.shape, 4, np.uint8)
        scribble[4:12:3, 8, 10:14] = 3
        scribble[4:12:3, 2, 2:20] = 0
        files = {"images": image} | {1: {"dense": label}, 3: {"dense": label}, 2: {"scribbles": scribble}}.get(
            number, {}
        )
        for kind, array in files.items():
            (folder / kind).mkdir(parents=True, exist_ok=True)
            volume = make_volume(array, (9.0, 8.0, 11.0), (3, -7, 20), oblique_direction(number % 2 == 0))
            sitk.WriteImage(volume, str(folder / kind / f"{number:04d}.nii.gz"))
        for shift, name in enumerate(("ann", "bo") if number > 3 else ()):
            voxels = [(12 + each % 2, 6 + shift + each, 5 + each) for each in range(4 + shift)]
            write_slicer_clicks(
                folder / f"clicks/{name}/{number:04d}.mrk.json", folder / f"images/{number:04d}.nii.gz", voxels
            )
    for name, seconds in (("ann", 20), ("bo", 30)):
        (folder / f"{name}.csv").write_text(f"case,seconds\n0004,{seconds}\n0005,{seconds}\n", encoding="utf-8")


def files_of(folder):
    return {str(path.relative_to(folder)): file_digest(path) for path in sorted((folder / "scans").rglob("*.*"))}


@pytest.fixture(scope="module")
def by_people(tmp_path_factory):
    """A finished run in which each training case has something else."""
    folder = copy_of_the_repository(tmp_path_factory.mktemp("mixed"))
    shutil.rmtree(folder / "scans")
    write_scans(folder / "scans")
    (folder / "config/datasets/hospital.yaml").write_text(DATASET, encoding="utf-8")
    rows = "".join(f"{number:04d},{part}\n" for number, part in PARTS.items())
    (folder / "config/splits/hospital.csv").write_text(f"case,split\n{rows}", encoding="utf-8")
    (folder / "config/methods/mix.yaml").write_text(METHOD % ("", ""), encoding="utf-8")
    change_config(folder, methods=["mix", "truth"], overrides={})
    (folder / "digests.json").write_text(json.dumps(files_of(folder)), encoding="utf-8")
    finished_run(folder, "--cores", "2")
    return folder


def targets(folder):
    """Return ``{case: kind of target}`` of the training of `mix`."""
    [path] = (folder / "results/tiny/7_models").rglob("mix/cases.csv")
    table = pd.read_csv(path, dtype=str).set_index("case")["target"]
    assert all((path.parent / target).is_file() for target in table)
    return {case: "mask" if "4_masks" in target else target.split("/")[-3] for case, target in table.items()}


def test_each_case_teaches_what_it_has(by_people):
    kinds = targets(by_people)
    assert kinds == {
        "0001": "mask",
        "0002": "people_scribbles",
        "0004": "people_points_annotator-ann",
        "0005": "people_points_annotator-ann",
    }
    assert not list((by_people / "results/tiny/4_masks").rglob("0002*"))
    run = json.loads(
        next((by_people / "results/tiny/7_models").rglob("mix/seed-0/run.json")).read_text(encoding="utf-8")
    )
    assert sorted(run["cases"]) == sorted(kinds)


def test_the_effort_is_that_of_each_case(by_people):
    [path] = (by_people / "results/tiny/5_annotations").rglob("people_mixed*/effort.csv")
    effort = pd.read_csv(path, dtype={"case": str}).set_index("case")
    assert list(effort.index) == ["0001", "0002", "0004", "0005"]
    assert effort["clicks"].tolist() == [0, 0, 4, 4]
    assert (effort["drawn_cm"] > 0).tolist() == [True, True, False, False]
    assert effort["drawn_cm"]["0001"] > effort["drawn_cm"]["0002"]
    assert "seconds" not in effort, "only the clicks were timed"
    main = (by_people / "results/tiny/tables/main.md").read_text(encoding="utf-8")
    assert "mixed, outlines all, scribbles all, rest points, by people" in main


def test_peoples_files_are_never_touched_and_a_second_run_has_nothing_to_do(by_people):
    assert files_of(by_people) == json.loads((by_people / "digests.json").read_text(encoding="utf-8"))
    assert planned_jobs(by_people) == {}


def test_a_scribble_on_a_clicked_case_takes_the_place_of_its_clicks(by_people, tmp_path):
    folder = shutil.copytree(by_people, tmp_path / "copy", symlinks=True)
    volume = sitk.ReadImage(str(folder / "scans/scribbles/0002.nii.gz"))
    image = sitk.ReadImage(str(folder / "scans/images/0004.nii.gz"))
    volume.CopyInformation(image)
    sitk.WriteImage(volume, str(folder / "scans/scribbles/0004.nii.gz"))
    plan = planned_jobs(folder)
    assert plan["collect_annotation"] == plan["pseudo_label"] == plan["train"] == plan["training_cases"] == 1
    assert "import_case" not in plan
    finished_run(folder, "--cores", "2")
    assert targets(folder)["0004"] == "people_scribbles"


def test_a_case_with_nothing_ends_the_run_in_one_sentence(by_people, tmp_path):
    folder = shutil.copytree(by_people, tmp_path / "copy", symlinks=True)
    (folder / "scans/clicks/ann/0005.mrk.json").unlink()
    said = snakemake(folder, "--dry-run", "--cores", "1")
    assert said.returncode != 0
    assert "case '0005' has no annotation of the spleen that 'mix' learns from" in said.stdout + said.stderr
    change_config(folder, batch="split")
    (folder / "scans/scribbles/0005.nii.gz").write_bytes((folder / "scans/scribbles/0002.nii.gz").read_bytes())
    said = snakemake(folder, "--dry-run", "--cores", "1")
    assert "needs 'batch: case'" in said.stdout + said.stderr


@pytest.mark.slow
def test_simulated_shares_are_the_first_cases_of_the_split(tmp_path):
    folder = copy_of_the_repository(tmp_path / "grid")
    (folder / "config/methods/mix.yaml").write_text(METHOD % (", cases: 1", "cases: 1, "), encoding="utf-8")
    overrides = yaml.safe_load((folder / "tiny.yaml").read_text(encoding="utf-8"))["overrides"]
    small = {"dense_unet": overrides["dense_unet"]}
    change_config(folder, methods=["mix", "dense_unet", "truth"], overrides=small, batch="split")
    finished_run(folder, "--cores", "2")
    kinds = targets(folder)
    assert kinds["0001"] == "mask"
    assert kinds["0002"].startswith("scribbles_every-3")
    [path] = (folder / "results/tiny/5_annotations").rglob("mixed*/effort.csv")
    effort = pd.read_csv(path, dtype={"case": str}).set_index("case")
    dense = pd.read_csv(next((folder / "results/tiny/5_annotations").rglob("dense/effort.csv")), dtype={"case": str})
    assert effort["drawn_cm"]["0001"] == dense.set_index("case")["drawn_cm"]["0001"]
    assert 0 < effort["drawn_cm"]["0002"] < effort["drawn_cm"]["0001"]


@pytest.mark.slow
def test_people_against_simulation(by_people, tmp_path):
    """A study of who annotated: a row for each, and how well any two agree."""
    folder = shutil.copytree(by_people, tmp_path / "copy", symlinks=True)
    (folder / "config/splits/hospital.csv").write_text(
        "case,split\n0004,train\n0005,train\n0003,test\n", encoding="utf-8"
    )
    for number in (4, 5):
        label = sitk.GetImageFromArray(organ(number))
        label.CopyInformation(sitk.ReadImage(str(folder / f"scans/images/{number:04d}.nii.gz")))
        sitk.WriteImage(label, str(folder / f"scans/dense/{number:04d}.nii.gz"))
    clicked = re.sub(r"mixed:\n.*\n.*\n", "", METHOD % ("", ""))
    (folder / "config/methods/clicked.yaml").write_text(clicked, encoding="utf-8")
    levels = {name: {"annotated_by": name} for name in ("simulated", "ann", "bo")}
    study = {"methods": ["clicked"], "factors": {"annotator": levels}}
    change_config(folder, methods=["truth"], study=study, batch="split", experiment="people")
    finished_run(folder, "--cores", "2")
    study_rows = pd.read_csv(folder / "results/people/tables/study.csv")
    assert set(study_rows["annotator"]) >= {"simulated", "ann", "bo"}
    effort = study_rows.set_index("annotator")["effort_clicks"]
    assert effort[["simulated", "ann", "bo"]].tolist() == [20, 4, 5]
    table = pd.read_csv(folder / "results/people/tables/annotators.csv")
    names = {frozenset(pair) for pair in zip(table["first"], table["second"], strict=True)}
    assert names == {frozenset(pair) for pair in (("simulated", "ann"), ("simulated", "bo"), ("ann", "bo"))}
    labels = table[table["what"] == "labels"]
    assert labels["n"].tolist() == [2, 2, 2]
    assert labels["dice_mean"].between(0, 1).all()
    assert len(table[table["what"] == "predictions"]) <= 3
    page = (folder / "results/people/report.html").read_text(encoding="utf-8")
    assert "Agreement of annotators" in page
    assert "points by bo" in (folder / "results/people/tables/main.md").read_text(encoding="utf-8")
    assert planned_jobs(folder) == {}
