"""nnU-Net's adapter: the dataset that it writes and, where nnU-Net is installed, its whole way through the contract."""

import json
import os

import numpy as np
import pytest
import SimpleITK as sitk
from adapters import adapter_of
from conftest import make_volume, oblique_direction

from weakseg3d.experiment.recipes import load_method

ENVIRONMENT = os.environ.get("WEAKSEG3D_NNUNET")
"""Environment variable: the folder of a Python environment with nnunetv2."""
SHORT = {"epochs": 1, "iterations": 2, "memory_gb": 0.3, "workers": 0, "mirroring": False}


@pytest.fixture
def adapter():
    return adapter_of("nnunet")


def written(adapter, folder, target, array):
    """Return the dataset.json and the label of one case with a target."""
    grid = {"spacing": (2.0, 1.5, 4.0), "direction": oblique_direction()}
    for kind, voxels in (("images", array.astype(np.float32)), ("targets", array)):
        (folder / "cases" / kind).mkdir(parents=True)
        sitk.WriteImage(make_volume(voxels, **grid), str(folder / "cases" / kind / "a_1.nii.gz"))
    facts = {"cases": ["a_1"], "target": target, "unknown": 2 if target == "sparse" else None, "modality": "MR"}
    facts |= {"settings": {"threshold": 0.5}}
    adapter.write_dataset(folder / "cases", facts, adapter.settings_of(facts), folder / "raw")
    label = sitk.ReadImage(str(folder / "raw/labelsTr/a_1.nii.gz"))
    image = sitk.ReadImage(str(folder / "raw/imagesTr/a_1_0000.nii.gz"))
    assert image.GetDirection() == pytest.approx(label.GetDirection(), abs=1e-6)
    return json.loads((folder / "raw/dataset.json").read_text(encoding="utf-8")), sitk.GetArrayFromImage(label)


def test_a_sparse_label_goes_to_it_unchanged_with_2_as_its_ignore_label(adapter, tmp_path):
    array = (np.arange(24).reshape(2, 3, 4) % 3).astype(np.uint8)
    dataset, label = written(adapter, tmp_path, "sparse", array)
    assert dataset["labels"] == {"background": 0, "organ": 1, "ignore": 2}
    assert (label == array).all()


def test_a_soft_label_is_thresholded_and_a_mask_has_no_ignore_label(adapter, tmp_path):
    soft = np.array([[[0.0, 0.5, 0.51, 1.0]]], np.float32)
    dataset, label = written(adapter, tmp_path, "soft", soft)
    assert label.ravel().tolist() == [0, 0, 1, 1]
    assert dataset["labels"] == {"background": 0, "organ": 1}
    assert dataset["channel_names"] == {"0": "MR"}
    assert (dataset["numTraining"], dataset["file_ending"]) == (1, ".nii.gz")


def test_a_misspelt_setting_is_named(adapter):
    with pytest.raises(SystemExit, match="unknown setting epoch; nnU-Net's adapter knows epochs"):
        adapter.settings_of({"settings": {"epoch": 3}})


def test_its_rows_learn_from_what_others_learn_from():
    methods = {name: load_method(name) for name in ("nnunet", "nnunet_ignore", "nnunet_pseudo", "ignore_label")}
    assert methods["nnunet"]["supervision"] == "dense"
    for name, other in (("nnunet_ignore", "paseg_stage1"), ("nnunet_pseudo", "pw4medseg")):
        for key in ("annotation", "pseudo_label"):
            assert methods[name][key] == load_method(other)[key]
    assert all(methods[name]["citation"] for name in ("nnunet", "nnunet_ignore", "nnunet_pseudo"))
    assert not methods["ignore_label"]["citation"], "what is not nnU-Net does not cite it"


@pytest.mark.skipif(not ENVIRONMENT, reason="WEAKSEG3D_NNUNET names no environment with nnunetv2")
@pytest.mark.parametrize("name", ["nnunet", "nnunet_ignore", "nnunet_pseudo"])
def test_nnunet_itself_keeps_the_contract(name):
    from weakseg3d.external.checking import check

    method = load_method(name, {"external": {"environment": ENVIRONMENT, "settings": SHORT}})
    assert "keeps the contract" in check(name, method)
