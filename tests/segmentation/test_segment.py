"""New scans, one or many, of every kind that people have, become label maps on their own grids."""

import csv
import hashlib
import json

import nrrd
import numpy as np
import pytest
import SimpleITK as sitk
import torch
from conftest import make_volume, oblique_direction
from dicom_files import write_series

from weakseg3d.cli import main
from weakseg3d.experiment.recipes import checked_recipe
from weakseg3d.images.volumes import check_same_grid, read_image, write_volume
from weakseg3d.inference.model import write_model
from weakseg3d.networks import build_network
from weakseg3d.segmentation.organs import segment
from weakseg3d.segmentation.slicer import write_segmentation

RECIPE = checked_recipe(
    {
        "method": "small",
        "spacing": 3.0,
        "intensity": {"window": [0, 100]},
        "network": {"unet": {"channels": [2, 4, 8]}},
        "loss": {"dice_ce": {}},
        "training": {"patch_size": [16, 16, 16], "steps": 1, "optimizer": {"adamw": {}}},
    },
    "recipe",
)


class Threshold(torch.nn.Module):
    """Predicts foreground where the scaled intensity is above ``level``."""

    def __init__(self, level):
        super().__init__()
        self.level = torch.nn.Parameter(torch.tensor(level))

    def forward(self, x):
        return 40 * (x - self.level)


def scan(direction=None, spacing=(1.5, 1.5, 4.0)):
    """Return a scan with a block of 100 in it, and within that block one of 60."""
    array = np.zeros((14, 40, 36), np.int16)
    array[3:11, 8:30, 6:28] = 100
    array[5:9, 12:24, 10:22] = 60
    return make_volume(array, spacing, (-20, 35, 11), np.eye(3) if direction is None else direction)


def model(path, seed=0):
    torch.manual_seed(seed)
    network = build_network(RECIPE["network"], RECIPE["training"]["patch_size"])
    write_model(network.state_dict(), RECIPE, path)
    return path


def rows(out):
    with (out / "volumes.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def digests(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def models(tmp_path):
    return [str(model(tmp_path / f"{organ}.pt", seed)) for seed, organ in enumerate(("spleen", "liver"))]


@pytest.fixture
def run(tmp_path, models):
    """Run the verb on the folder ``scans`` and return its exit code."""
    (tmp_path / "scans").mkdir()
    write_volume(scan(), tmp_path / "scans" / "a.nii.gz")

    def verb(*options, images=(tmp_path / "scans",), out=tmp_path / "masks"):
        return main(["segment", "--models", *models, "--images", *map(str, images), "--out", str(out), *options])

    return verb


@pytest.mark.parametrize("direction", [np.eye(3), oblique_direction()], ids=["straight", "oblique"])
def test_the_label_map_lies_on_the_scan_where_the_organ_is(direction):
    image = sitk.Cast(scan(direction), sitk.sitkFloat32)
    labels, (bright, middle) = segment(image, [(Threshold(0.8).eval(), RECIPE), (Threshold(0.45).eval(), RECIPE)])
    check_same_grid(labels, image, "labels", "scan")
    array, values = sitk.GetArrayFromImage(labels), sitk.GetArrayFromImage(image)
    assert ((array > 0) == (values > 50)).mean() > 0.97
    assert (array[6:8, 15:21, 13:19] == 2).all()
    assert bright.volume_ml == pytest.approx((array == 1).sum() * 1.5 * 1.5 * 4 / 1000)
    assert middle.volume_ml == pytest.approx((array == 2).sum() * 1.5 * 1.5 * 4 / 1000)
    assert bright.overlap_ml == middle.overlap_ml > 0
    assert bright.largest_probability > 0.99


def test_a_list_names_the_scans(tmp_path, models):
    for case in ("7", "8"):
        (tmp_path / "cases" / case).mkdir(parents=True)
        write_volume(scan(), tmp_path / "cases" / case / "image.nii.gz")
    lines = ["case,image", *(f"{case},../cases/{case}/image.nii.gz" for case in ("7", "8"))]
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists/new.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    out = tmp_path / "masks"
    assert main(["segment", "--models", *models, "--list", str(tmp_path / "lists/new.csv"), "--out", str(out)]) == 0
    assert {row["scan"] for row in rows(out)} == {"7", "8"}
    assert (out / "7.nii.gz").is_file()


@pytest.mark.parametrize(
    ("line", "message"),
    [("../x,a.nii.gz", "is not usable as a case id"), ("x,b.nii.gz", "b.nii.gz: no such file"), ("", "lists no case")],
)
def test_a_mistake_in_a_list_is_named_before_anything_is_written(tmp_path, models, capsys, line, message):
    write_volume(scan(), tmp_path / "a.nii.gz")
    (tmp_path / "new.csv").write_text(f"case,image\n{line}\n", encoding="utf-8")
    out = tmp_path / "masks"
    assert main(["segment", "--models", *models, "--list", str(tmp_path / "new.csv"), "--out", str(out)]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_an_organ_that_is_not_found_has_no_uncertainty():
    image = sitk.Cast(scan(), sitk.sitkFloat32)
    labels, [found] = segment(image, [(Threshold(1.01).eval(), RECIPE)])
    assert not sitk.GetArrayFromImage(labels).any()
    assert np.isnan(found.uncertainty_bits)
    assert 0.1 < found.largest_probability < 0.5


def test_uncertainty_is_the_mean_entropy_inside_the_organ():
    image = make_volume(np.full((16, 16, 16), 60, np.float32), (3.0, 3.0, 3.0))
    _, [found] = segment(image, [(Threshold(0.55).eval(), RECIPE)])
    p = 1 / (1 + np.exp(-40 * 0.05))
    assert found.largest_probability == pytest.approx(p, rel=1e-4)
    assert found.uncertainty_bits == pytest.approx(-(p * np.log2(p) + (1 - p) * np.log2(1 - p)), rel=1e-4)


def test_scans_of_all_kinds_are_segmented(tmp_path, run):
    folder = tmp_path / "scans"
    for name in ("b.nrrd", "deeper/c.mha"):
        (folder / name).parent.mkdir(exist_ok=True)
        sitk.WriteImage(scan(oblique_direction()), str(folder / name))
    write_series(folder / "patient 7" / "CT", scan())
    (folder / "notes.txt").write_text("not a scan", encoding="utf-8")
    (folder / ".hidden.nii.gz").write_bytes(b"not a scan")
    before = digests(folder)
    assert run() == 0
    assert digests(folder) == before
    names = ["a", "b", "deeper/c", "patient 7/CT"]
    assert sorted({row["scan"] for row in rows(tmp_path / "masks")}) == names
    for name, path in zip(names, ["a.nii.gz", "b.nrrd", "deeper/c.mha"], strict=False):
        mask = sitk.ReadImage(str(tmp_path / "masks" / f"{name}.nii.gz"))
        check_same_grid(mask, read_image(folder / path), name, path)
    check_same_grid(sitk.ReadImage(str(tmp_path / "masks" / "patient 7" / "CT.nii.gz")), scan(), "mask", "series")


def test_the_record_names_organs_volumes_and_models(tmp_path, run, models):
    assert run() == 0
    record = json.loads((tmp_path / "masks" / "a.json").read_text(encoding="utf-8"))
    assert record["labels"] == {"background": 0, "spleen": 1, "liver": 2}
    array = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "masks" / "a.nii.gz")))
    assert record["organs"]["liver"]["volume_ml"] == pytest.approx((array == 2).sum() * 0.009, rel=1e-3)
    digest = hashlib.sha256((tmp_path / "spleen.pt").read_bytes()).hexdigest()
    assert record["inputs"]["models"][0] == ["spleen", digest]


def test_what_is_done_is_not_done_again(tmp_path, run, models):
    assert run() == 0
    mask = tmp_path / "masks" / "a.nii.gz"
    first = mask.stat().st_mtime_ns
    write_volume(scan(spacing=(2.0, 2.0, 4.0)), tmp_path / "scans" / "b.nii.gz")
    assert run() == 0
    assert mask.stat().st_mtime_ns == first
    assert (tmp_path / "masks" / "b.nii.gz").is_file()
    model(tmp_path / "liver.pt", seed=5)
    assert run() == 0
    assert mask.stat().st_mtime_ns > first


def test_label_maps_beside_the_scans_are_not_taken_for_scans(tmp_path, run):
    assert run(out=tmp_path / "scans" / "masks") == 0
    assert run(out=tmp_path / "scans" / "masks") == 0
    assert {row["scan"] for row in rows(tmp_path / "scans" / "masks")} == {"a"}


def test_a_broken_scan_is_listed_and_the_others_are_segmented(tmp_path, run, capsys):
    (tmp_path / "scans" / "0.nii.gz").write_bytes(b"broken")
    assert run() == 2
    assert "1 of 2 scans could not be segmented" in capsys.readouterr().err
    assert (tmp_path / "masks" / "a.nii.gz").is_file()
    assert not (tmp_path / "masks" / "0.nii.gz").exists()
    first = rows(tmp_path / "masks")[0]
    assert first["scan"] == "0"
    assert "0.nii.gz" in first["problem"]


def test_a_scan_that_needs_more_memory_is_listed_before_it_is_read(tmp_path, run):
    # 54 x 60 x 56 mm are little beside the program's 0.8 GB; the other scan has 8 bytes for each of 2e9 voxels, and 16
    # for each of 92 slices that are resampled together: 64, and 14 on either side.
    header = "NRRD0004\ntype: short\ndimension: 3\nsizes: 1290 1290 1200\nendian: little\nencoding: raw\n"
    lines = "space: left-posterior-superior\nspace directions: (1,0,0) (0,1,0) (0,0,1)\nspace origin: (0,0,0)\n"
    with (tmp_path / "scans" / "huge.nrrd").open("wb") as stream:
        stream.write((header + lines + "\n").encode())
        stream.truncate(stream.tell() + 2 * 1290 * 1290 * 1200)
    assert run("--memory", "3") == 2
    problems = {row["scan"]: row["problem"] for row in rows(tmp_path / "masks")}
    assert problems["a"] == ""
    assert "needs about 19.5 GB" in problems["huge"]
    assert "--memory allows 3" in problems["huge"]


@pytest.mark.parametrize("limit", ["0", "-1"])
def test_a_limit_of_no_memory_is_refused(tmp_path, run, capsys, limit):
    assert run("--memory", limit) == 2
    assert f"--memory {limit}: must be more than 0" in capsys.readouterr().err
    assert not (tmp_path / "masks").exists()


def test_the_most_uncertain_comes_first(tmp_path, run):
    write_volume(scan(spacing=(2.0, 2.0, 4.0)), tmp_path / "scans" / "b.nii.gz")
    assert run() == 0
    listed = [row["uncertainty_bits"] for row in rows(tmp_path / "masks")]
    values = [float("inf") if not text else float(text) for text in listed]
    assert len(values) == 4
    assert values == sorted(values, reverse=True)


def test_slicers_segmentation_has_names_and_the_scans_geometry(tmp_path, run):
    assert run("--format", "seg.nrrd") == 0
    path = tmp_path / "masks" / "a.seg.nrrd"
    check_same_grid(sitk.ReadImage(str(path)), scan(), "segmentation", "scan")
    header = nrrd.read_header(str(path))
    assert [header[f"Segment{k}_Name"] for k in (0, 1)] == ["spleen", "liver"]


def test_segments_know_their_label_and_where_they_lie(tmp_path):
    array = np.zeros((5, 6, 7), np.uint8)
    array[1:3, 2:5, 3] = 2
    write_segmentation(make_volume(array, (1, 2, 3)), ["spleen", "liver"], tmp_path / "a.seg.nrrd")
    values, header = nrrd.read(str(tmp_path / "a.seg.nrrd"))
    assert np.array_equal(values.T, array)
    assert [header[f"Segment{k}_LabelValue"] for k in (0, 1)] == ["1", "2"]
    assert header["Segment0_Extent"] == "0 -1 0 -1 0 -1"
    assert header["Segment1_Extent"] == "3 3 2 4 1 2"
    assert header["Segment0_Color"] != header["Segment1_Color"]


def test_an_old_label_map_in_another_format_is_made_again(tmp_path, run, models):
    assert run() == 0
    model(tmp_path / "liver.pt", seed=5)
    assert run("--format", "seg.nrrd") == 0
    first = (tmp_path / "masks" / "a.nii.gz").stat().st_mtime_ns
    assert run() == 0
    assert (tmp_path / "masks" / "a.nii.gz").stat().st_mtime_ns > first


def test_without_highdicom_it_is_said_what_to_install(tmp_path, run, capsys, monkeypatch):
    monkeypatch.setattr("weakseg3d.segmentation.dicom_seg.is_installed", lambda: False)
    write_series(tmp_path / "series" / "CT", scan())
    assert run("--format", "dcm", images=[tmp_path / "series"]) == 2
    assert "pip install highdicom" in capsys.readouterr().err
    assert not (tmp_path / "masks").exists()


def test_files_that_are_not_ours_stay(tmp_path, run, capsys):
    mine = tmp_path / "masks" / "a.nii.gz"
    mine.parent.mkdir()
    mine.write_bytes(b"drawn by hand")
    assert run() == 2
    assert str(mine) in capsys.readouterr().err
    assert mine.read_bytes() == b"drawn by hand"
    assert [path.name for path in mine.parent.iterdir()] == ["a.nii.gz"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--models", "no.pt"], "no.pt"),
        (["--models", "spleen.pt", "spleen=liver.pt"], "'spleen' is already"),
        (["--images", "nowhere"], "nowhere: no such file or folder"),
        (["--images", "empty"], "empty: contains no scan"),
        (["--images", "scans/a.nii.gz", "other/a.nii.gz"], "would be named as"),
        (["--models", "=spleen.pt"], "needs a name"),
    ],
)
def test_a_mistake_ends_in_one_sentence(tmp_path, run, models, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    write_volume(scan(), tmp_path / "other" / "a.nii.gz")
    defaults = {"--models": ["spleen.pt"], "--images": ["scans"], "--out": ["masks"]}
    changed = defaults | {arguments[0]: arguments[1:]}
    assert main(["segment", *(word for option, words in changed.items() for word in (option, *words))]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error
    assert not (tmp_path / "masks").exists()
