"""What people annotated is an input: read, never written, and followed by what depends on it alone."""

import contextlib
import json
import shutil

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
import yaml
from conftest import make_volume, oblique_direction
from slicer_clicks import write_slicer_clicks
from tiny_grid import change_config, copy_of_the_repository, planned_jobs, snakemake

from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.input_files import check_input_files, image_only, with_unlabelled_cases
from weakseg3d.files import file_digest

DATASET = """\
description: Scans of which people annotated some.
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
  spleen: {files: "scribbles/{case}.nii.gz", organ: [3], unknown: [4], seconds: times.csv}
intensity:
  window: [0, 100]
split: config/splits/hospital.csv
"""
METHOD = """\
description: Scribbles of people.
supervision: weak
annotation:
  scribbles: {every: 5}
pseudo_label:
  scribbles: {}
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


BY_CASE = pytest.mark.parametrize("finished", ["case"], indirect=True)
"""For tests of which one run is enough."""


def write_scans(folder):
    """Write two scans with scribbles alone, whose values are those of ACDC, one with a dense label, and a bare one."""
    for number in range(1, 5):
        label = np.zeros((18, 20, 22), np.uint8)
        label[4:12, 5:12, 6 + number : 14] = 3
        image = np.random.default_rng(number).normal(30, 10, label.shape) + 20 * label
        scribble = np.full(label.shape, 4, np.uint8)
        scribble[4:12:3, 8, 8:12] = 3
        scribble[4:12:3, 2, 2:20] = 0
        more = {1: {"scribbles": scribble}, 2: {"scribbles": scribble}, 3: {"dense": label}}
        files = {"images": image.astype(np.float32)} | more.get(number, {})
        for kind, array in files.items():
            (folder / kind).mkdir(parents=True, exist_ok=True)
            volume = make_volume(array, (9.0, 8.0, 11.0), (3, -7, 20), oblique_direction(number % 2 == 0))
            sitk.WriteImage(volume, str(folder / kind / f"{number:04d}.nii.gz"))
    times = "case,annotator,seconds\n0001,ann,30\n0001,bo,10\n0002,ann,60\n"
    (folder / "times.csv").write_text(times, encoding="utf-8")


def grid(folder, batch):
    """Return a copy of the repository whose only dataset was annotated by people."""
    copy_of_the_repository(folder)
    shutil.rmtree(folder / "scans")
    write_scans(folder / "scans")
    (folder / "config/datasets/hospital.yaml").write_text(DATASET, encoding="utf-8")
    split = "case,split\n0001,train\n0002,train\n0003,test\n0004,new\n"
    (folder / "config/splits/hospital.csv").write_text(split, encoding="utf-8")
    (folder / "config/methods/people.yaml").write_text(METHOD, encoding="utf-8")
    change_config(folder, methods=["people", "truth"], overrides={}, batch=batch)
    return folder


def run(folder, *arguments):
    ran = snakemake(folder, "--cores", "2", *arguments)
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said[-4000:]
    return said


@pytest.fixture(scope="module", params=["case", pytest.param("split", marks=pytest.mark.slow)])
def finished(tmp_path_factory, request):
    folder = grid(tmp_path_factory.mktemp("people"), request.param)
    plan = planned_jobs(folder)
    (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    (folder / "digests.json").write_text(json.dumps(scans(folder)), encoding="utf-8")
    run(folder)
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """The same before anything ran."""
    return grid(tmp_path_factory.mktemp("prepared"), "case")


def scans(folder):
    return {str(path.relative_to(folder)): file_digest(path) for path in sorted((folder / "scans").rglob("*.*"))}


def test_nothing_is_simulated_and_no_dense_training_mask_is_made(finished):
    plan = json.loads((finished / "plan.json").read_text(encoding="utf-8"))
    assert plan["collect_annotation"] >= 1
    assert "annotate" not in plan
    assert not list((finished / "results/tiny/4_masks").rglob("0001*"))
    assert not (finished / "results/tiny/2_cases/hospital/0001/label.nii.gz").exists()
    assert (finished / "results/tiny/2_cases/hospital/0003/label.nii.gz").exists()


def test_a_new_scan_is_segmented_on_its_own_grid_and_shown(finished):
    folder = finished / "results/tiny/8_predictions/hospital/new/people/seed-0"
    mask, image = (
        sitk.ReadImage(str(path)) for path in (folder / "0004.nii.gz", finished / "scans/images/0004.nii.gz")
    )
    assert mask.GetSize() == image.GetSize()
    assert mask.GetDirection() == pytest.approx(image.GetDirection(), abs=1e-5)
    assert mask.GetOrigin() == pytest.approx(image.GetOrigin(), abs=1e-3)
    assert set(np.unique(sitk.GetArrayFromImage(mask))) <= {0, 1}
    table = pd.read_csv(folder / "volumes.csv", dtype={"scan": str})
    assert table[["scan", "organ"]].values.tolist() == [["0004", "spleen"]]
    assert not (finished / "results/tiny/2_cases/hospital/0004/label.nii.gz").exists()
    assert "0004" not in (finished / "results/tiny/tables/metrics.csv").read_text(encoding="utf-8")
    page = (finished / "results/tiny/report.html").read_text(encoding="utf-8")
    data = json.loads(page.partition('id="viewer-data">')[2].partition("</script>")[0])
    [entry] = [entry for entry in data if entry["case"] == "0004"]
    assert entry["new"]
    assert [mask["name"] for mask in entry["masks"]] == ["people"]


def test_the_table_says_who_annotated(finished):
    main = pd.read_csv(finished / "results/tiny/tables/main.csv")
    assert main.set_index("method")["annotation"]["people"] == "people_scribbles"
    text = (finished / "results/tiny/tables/main.md").read_text(encoding="utf-8")
    assert "scribbles by people" in text
    assert "seed 0" not in text.partition("scribbles by people")[0].splitlines()[-1]


def test_the_effort_is_that_of_what_people_drew(finished, tmp_path):
    drawn = [str(finished / f"scans/scribbles/000{number}.nii.gz") for number in (1, 2)]
    values = ["--organ-value", "3", "--unknown", "4"]
    assert main(["effort", "--annotations", *drawn, *values, "--csv", str(tmp_path / "effort.csv")]) == 0
    expected = pd.read_csv(tmp_path / "effort.csv")
    [path] = (finished / "results/tiny").rglob("people_scribbles/effort.csv")
    measured = pd.read_csv(path, dtype={"case": str})
    assert list(measured["case"]) == ["0001", "0002"]
    assert measured["drawn_cm"].tolist() == pytest.approx(expected["drawn_cm"].tolist())
    assert measured["seconds"].tolist() == [40, 60]
    assert set(measured["annotators"]) == {2}
    text = (finished / "results/tiny/tables/main.md").read_text(encoding="utf-8")
    assert "50 s" in text
    assert "scribbles by people (2 annotators)" in text


def test_scribbles_lie_where_they_were_drawn(finished):
    collected = next((finished / "results/tiny/5_annotations").rglob("people_scribbles/0001.nii.gz"))
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(collected)))
    assert set(np.unique(labels)) == {0, 1, 2}
    assert (labels == 1).sum() >= 3
    assert (labels != 2).mean() < 0.2


def test_a_second_run_has_nothing_to_do(finished):
    """Not even for a file that was saved again as it was."""
    (finished / "scans/scribbles/0002.nii.gz").touch()
    assert planned_jobs(finished) == {}


@BY_CASE
def test_peoples_files_are_never_touched(finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "copy", symlinks=True)
    before = json.loads((finished / "digests.json").read_text(encoding="utf-8"))
    change_config(folder, spacing=12.0, annotation_seed=5)
    run(folder, "--forceall")
    assert scans(folder) == before


def test_a_changed_file_runs_what_follows_from_it_alone(finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "copy", symlinks=True)
    path = folder / "scans/scribbles/0002.nii.gz"
    volume = sitk.ReadImage(str(path))
    volume[10, 10, 10] = 0
    sitk.WriteImage(volume, str(path))
    plan = planned_jobs(folder)
    assert plan["collect_annotation"] == plan["pseudo_label"] == plan["train"] == 1
    assert not {"import_case", "import_image_0", "resample", "split_labels", "recipe"} & set(plan)
    made = folder / "results/tiny/5_annotations/hospital/spleen/people_scribbles"
    first = (made / "0001.nii.gz").stat().st_mtime_ns
    run(folder)
    assert (made / "0001.nii.gz").stat().st_mtime_ns == first


CLICKED = METHOD.replace("scribbles: {every: 5}", "points: {number: 100}").replace(
    "scribbles: {}", "gaussian: {sigma: 20.0}"
)


def write_clicks(folder, number):
    """Write five clicks in the organ."""
    voxels = [(8 + each, 7, 5 + each) for each in range(5)]
    write_slicer_clicks(folder / f"clicks/{number:04d}-spleen.mrk.json", folder / f"images/{number:04d}.nii.gz", voxels)


@BY_CASE
def test_clicks_as_slicer_saves_them(finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "copy", symlinks=True)
    for number in (1, 2):
        write_clicks(folder / "scans", number)
    before = scans(folder)
    (folder / "config/methods/clicked.yaml").write_text(CLICKED.replace("partial_ce", "soft_dice"), encoding="utf-8")
    clicks = {"hospital": {"spleen": "clicks/{case}-spleen.mrk.json"}}
    change_config(folder, annotations=clicks, methods=["clicked", "truth"])
    run(folder)
    main_table = (folder / "results/tiny/tables/main.md").read_text(encoding="utf-8")
    assert "| clicked | 5 clicks |" in main_table
    assert "points by people" in main_table
    [label] = (folder / "results/tiny/6_pseudo_labels").rglob("people_points/**/0001.nii.gz")
    assert sitk.GetArrayFromImage(sitk.ReadImage(str(label))).max() == pytest.approx(1)
    assert scans(folder) == before


MISTAKES = [
    ({"annotations": {"hospital": {"spleen": "scribbles/{case}.mrk.json"}}}, "which is label maps, but"),
    ({"annotations": {"hospital": {"spleen": "elsewhere/{case}.nii.gz"}}}, "0001.nii.gz does not exist"),
    ({"annotations": {"hospital": {"spleen": "../{case}.nii.gz"}}}, "without '..'"),
    ({"annotations": {"hospital": {"spleen": "one.nii.gz"}}}, "{case}"),
    ({"annotations": {"hospital": {"liver": "scribbles/{case}.nii.gz"}}}, "unknown organ"),
    ({"annotations": {"hospital": {}}}, "has neither a label nor an annotation of the spleen"),
    ({"methods": ["people", "dense_unet"]}, "has no label, which 'dense_unet' needs"),
]


def check_config(config):
    """Do what the workflow does before its first job."""
    experiment = with_unlabelled_cases(load_experiment(config))
    check_input_files(experiment)
    image_only(experiment)


@pytest.mark.parametrize(("keys", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_a_mistake_is_one_sentence_before_anything_runs(prepared, keys, message):
    config = yaml.safe_load((prepared / "tiny.yaml").read_text(encoding="utf-8")) | keys
    with contextlib.chdir(prepared), pytest.raises(UserError) as caught:
        check_config(config)
    assert message in str(caught.value)
