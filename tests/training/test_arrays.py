"""Arrays: training on them equals training on volumes, and needs only torch, MONAI, Lightning and NumPy."""

import json
import os
import re
import subprocess
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest
from conftest import make_volume, oblique_direction
from packaging.requirements import Requirement

from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.images.volumes import write_volume
from weakseg3d.training.arrays import map_array
from weakseg3d.training.loading import load_cases, read_cases

SRC = Path(__file__).parents[2] / "src"
WINDOW = {"window": [0, 100]}
RECIPE = {
    "method": "test",
    "spacing": 2.0,
    "intensity": WINDOW,
    "network": {"unet": {"channels": [2, 4, 8]}},
    "loss": {"dice_ce": {}},
    "training": {"patch_size": [16, 16, 16], "steps": 2, "optimizer": {"adamw": {"learning_rate": 0.01}}},
}
NOT_FOR_TRAINING = (
    "SimpleITK",
    "scipy",
    "nibabel",
    "pandas",
    "jsonschema",
    "snakemake",
    "matplotlib",
    "seaborn",
    "pydicom",
    "skimage",
    "medpy",
)


@pytest.fixture
def folder(tmp_path):
    """A recipe and an oblique case, as volumes (volumes.csv) and as the arrays written by the verb (arrays.csv)."""
    target = np.zeros((20, 22, 24), np.uint8)
    target[6:12, 8:14, 4:10] = 1
    image = (np.random.default_rng(0).normal(20, 5, target.shape) + 50 * target).astype(np.float32)
    for name, array in (("image", image), ("target", target)):
        write_volume(make_volume(array, (2, 2, 2), direction=oblique_direction()), tmp_path / f"{name}.nii.gz")
    array_verb(tmp_path, "image", "--window", "0", "100")
    array_verb(tmp_path, "target")
    for name, suffix in (("volumes", "nii.gz"), ("arrays", "npy")):
        write_cases(tmp_path / f"{name}.csv", f"image.{suffix}", f"target.{suffix}")
    (tmp_path / "recipe.yaml").write_text(json.dumps(RECIPE), encoding="utf-8")
    return tmp_path


def array_verb(folder, name, *scaling):
    assert main(["array", "--in", f"{folder / name}.nii.gz", "--out", f"{folder / name}.npy", *scaling]) == 0


def write_cases(path, image, target):
    path.write_text(f"case,image,target\na,{image},{target}\n", encoding="utf-8")
    return path


def train_command(folder, cases, out):
    arguments = ["--recipe", folder / "recipe.yaml", "--cases", folder / cases, "--out", folder / out]
    return ["train", *map(str, arguments)]


def test_arrays_equal_the_volumes_as_a_network_gets_them(folder):
    (volume,), (array,) = (load_cases(read_cases(folder / name), WINDOW) for name in ("volumes.csv", "arrays.csv"))
    for key, dtype in (("image", np.float32), ("target", np.uint8)):
        assert isinstance(array[key], np.memmap)
        assert array[key].dtype == volume[key].dtype == dtype
        assert np.array_equal(array[key], volume[key])
    assert array["image"].min() >= 0
    assert array["image"].max() <= 1


def test_a_soft_target_stays_soft(tmp_path):
    soft = np.random.default_rng(0).random((4, 5, 6)).astype(np.float32)
    write_volume(make_volume(soft, direction=np.diag([-1, -1, 1])), tmp_path / "soft.nii.gz")
    array_verb(tmp_path, "soft")
    assert np.array_equal(np.load(tmp_path / "soft.npy"), soft)


def test_training_on_arrays_equals_training_on_volumes(folder):
    for name in ("volumes", "arrays"):
        assert main(train_command(folder, f"{name}.csv", name)) == 0
    first, second = ((folder / name / "losses.csv").read_bytes() for name in ("volumes", "arrays"))
    assert first == second
    assert first.count(b"\n") == 3


def test_training_does_not_change_the_arrays(folder):
    before = [(folder / name).read_bytes() for name in ("image.npy", "target.npy")]
    assert main(train_command(folder, "arrays.csv", "model")) == 0
    assert before == [(folder / name).read_bytes() for name in ("image.npy", "target.npy")]


SHAPE = (20, 22, 24)
BAD_ARRAYS = [
    ("image", np.zeros(SHAPE), "must be a float32 array of three axes, not float64 of 3"),
    ("image", np.zeros((1, *SHAPE), np.float32), "not float32 of 4"),
    ("image", np.zeros((20, 22, 23), np.float32), r"shapes \(20, 22, 23\) and \(20, 22, 24\) differ"),
    ("image", np.full(SHAPE, np.nan, np.float32), "NaN or infinite"),
    ("target", np.zeros(SHAPE, np.int64), "must be uint8 or float32, not int64"),
]


@pytest.mark.parametrize(("name", "array", "message"), BAD_ARRAYS)
def test_an_array_that_does_not_fit_is_refused(folder, name, array, message):
    np.save(folder / f"{name}.npy", array)
    with pytest.raises(UserError, match=message):
        load_cases(read_cases(folder / "arrays.csv"), WINDOW)


def test_a_truncated_array_or_a_mixed_pair_is_refused(folder):
    content = (folder / "image.npy").read_bytes()
    (folder / "image.npy").write_bytes(content[: len(content) // 2])
    with pytest.raises(UserError, match="truncated"):
        load_cases(read_cases(folder / "arrays.csv"), WINDOW)
    mixed = write_cases(folder / "mixed.csv", "image.nii.gz", "target.npy")
    with pytest.raises(UserError, match="give two arrays or two volumes"):
        load_cases(read_cases(mixed), WINDOW)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "image.nii.gz"], "choose a file name that ends in .npy"),
        (["--out", "image.npy", "--window", "5", "5"], "--window 5 5: the lower number must come first"),
        (["--out", "image.npy", "--percentiles", "-1", "99"], "must be between 0 and 100, the lower one first"),
    ],
)
def test_a_wrong_call_of_the_verb_is_rejected(folder, capsys, arguments, message):
    assert main(["array", "--in", str(folder / "image.nii.gz"), *arguments]) == 2
    assert message in capsys.readouterr().err


def test_training_needs_only_torch_monai_lightning_and_numpy(folder, tmp_path):
    packages = bare_site_packages(tmp_path / "packages", ["torch", "monai", "lightning", "numpy"])
    # -S: without this interpreter's own packages.
    python = [sys.executable, "-S"]
    environment = {"PYTHONPATH": os.pathsep.join(map(str, (SRC, packages))), "PATH": os.environ["PATH"]}
    code = f"import importlib.util\nprint([m for m in {NOT_FOR_TRAINING} if importlib.util.find_spec(m)])"
    importable = subprocess.run([*python, "-c", code], capture_output=True, encoding="utf-8", env=environment)
    assert importable.stdout.strip() == "[]", importable.stderr

    command = [*python, "-m", "weakseg3d", *train_command(folder, "arrays.csv", "bare")]
    training = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)
    assert training.returncode == 0, training.stderr
    assert main(train_command(folder, "volumes.csv", "full")) == 0
    assert (folder / "bare" / "losses.csv").read_bytes() == (folder / "full" / "losses.csv").read_bytes()
    assert (folder / "bare" / "model.pt").exists()


def bare_site_packages(folder, names):
    """Make a folder with links to the installed packages ``names`` and their requirements, and to no others."""
    folder.mkdir()
    installed = Path(sysconfig.get_path("purelib"))
    waiting, linked = [Requirement(name) for name in names], set()
    while waiting:
        requirement = waiting.pop()
        key = (re.sub(r"[-_.]+", "-", requirement.name).lower(), frozenset(requirement.extras))
        if key in linked:
            continue
        linked.add(key)
        try:
            package = distribution(requirement.name)
        except PackageNotFoundError:
            continue  # for example the CUDA libraries, with a build of torch for the CPU
        for part in {file.parts[0] for file in package.files} - {".."}:
            if not (folder / part).exists():
                (folder / part).symlink_to(installed / part)
        for needed in map(Requirement, package.requires or []):
            if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in ("", *requirement.extras)):
                waiting.append(needed)
    return folder


@pytest.mark.parametrize("cases", ["volumes.csv", "arrays.csv"])
@pytest.mark.parametrize("spacing", [1.0, 2.01])
def test_another_spacing_than_the_recipes_is_refused(folder, capsys, cases, spacing):
    (folder / "recipe.yaml").write_text(json.dumps(RECIPE | {"spacing": spacing}), encoding="utf-8")
    assert main(train_command(folder, cases, "model")) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert f"image.{'nii.gz' if cases == 'volumes.csv' else 'npy'}: has a spacing of 2 x 2 x 2 mm" in error
    assert not (folder / "model").exists()


def test_an_array_carries_the_spacing_of_its_volume_in_the_networks_orientation(tmp_path):
    turned = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], float)
    write_volume(make_volume(np.ones((4, 5, 6), np.float32), (1, 2, 3), direction=turned), tmp_path / "a.nii.gz")
    array_verb(tmp_path, "a")
    voxels, spacing = map_array(tmp_path / "a.npy")
    assert voxels.shape == (5, 6, 4)
    assert spacing == (2.0, 1.0, 3.0)


def test_arrays_without_a_spacing_are_named_and_used(folder, capsys):
    for name in ("image", "target"):
        np.save(folder / f"{name}.npy", np.array(np.load(folder / f"{name}.npy")))
    assert main(train_command(folder, "arrays.csv", "model")) == 0
    assert "1 of 1 cases are arrays without a spacing" in capsys.readouterr().err


def test_a_damaged_spacing_is_refused(folder, capsys):
    content = (folder / "image.npy").read_bytes()
    (folder / "image.npy").write_bytes(content[:-3])
    assert main(train_command(folder, "arrays.csv", "model")) == 2
    assert "truncated" in capsys.readouterr().err


BAD_TARGETS = [
    ("dice_ce", "training", 2, "such as 2 for unknown voxels"),
    ("dice_ce", "training", float("nan"), "outside 0 to 1"),
    ("partial_dice_ce", "training", 0.5, "as soft targets do"),
    ("partial_ce", "training", 3, "other than 0, 1 and 2"),
    ("partial_ce", "weak_labels", 0.5, "as soft targets do"),
    ("partial_ce", "dense_validation", 2, "'dense_validation' needs masks"),
]


@pytest.mark.parametrize(("loss", "part", "value", "message"), BAD_TARGETS)
def test_a_target_that_does_not_suit_the_loss_is_refused(folder, capsys, loss, part, value, message):
    target = np.array(np.load(folder / "target.npy"), np.float32)
    target[0, 0, 0] = value
    np.save(folder / "bad.npy", target)
    bad = write_cases(folder / "bad.csv", "image.npy", "bad.npy")
    selection = "last" if part == "training" else part
    recipe = RECIPE | {"loss": {loss: {}}, "selection": selection}
    (folder / "recipe.yaml").write_text(json.dumps(recipe), encoding="utf-8")
    command = train_command(folder, "bad.csv" if part == "training" else "arrays.csv", "model")
    assert main([*command, "--validation", str(bad)]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "bad.npy" in error
    assert message in error
