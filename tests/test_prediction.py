"""A prediction lies where its image lies, whatever the orientation of the volume."""

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from conftest import make_volume, oblique_direction

from weakseg3d.cli import main
from weakseg3d.networks import build_network
from weakseg3d.prediction import entropy, predict_probability
from weakseg3d.preprocessing import oriented, oriented_like, scaled_intensity
from weakseg3d.recipes import checked_recipe
from weakseg3d.volumes import check_same_grid, read_image, write_volume

ORIENTATIONS = {
    "identity": np.eye(3),
    "oblique and flipped": oblique_direction(),
    "axes exchanged": np.array([[0, 0, 1], [1, 0, 0], [0, -1, 0]], float),
}
RECIPE = checked_recipe(
    {
        "method": "threshold",
        "spacing": 2.0,
        "intensity": {"window": [0, 100]},
        "network": {"unet": {"channels": [2, 4, 8]}},
        "loss": {"name": "dice_ce"},
        "training": {"patch_size": [16, 16, 16], "steps": 1, "optimizer": {"adamw": {}}},
        "prediction": {"passes": 2},
    },
    "recipe",
)


class Threshold(torch.nn.Module):
    """Says foreground where the scaled intensity is above one half."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(20.0))

    def forward(self, x):
        return self.scale * (x - 0.5)


@pytest.fixture(params=ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def image(request):
    array = np.zeros((18, 26, 21), np.float32)
    array[3:9, 4:11, 12:19] = 100
    return make_volume(array, (2.0, 2.0, 2.0), (-12, 30, 5), request.param)


def test_turning_there_and_back_changes_nothing(image):
    back = oriented_like(oriented(image), image)
    check_same_grid(back, image, "back", "image")
    assert (sitk.GetArrayFromImage(back) == sitk.GetArrayFromImage(image)).all()


def test_a_prediction_lies_on_its_image(image):
    probability = predict_probability(Threshold().eval(), RECIPE, image)
    check_same_grid(probability, image, "prediction", "image")
    assert ((sitk.GetArrayFromImage(probability) > 0.5) == (sitk.GetArrayFromImage(image) > 50)).all()


def test_intensities_are_clipped_and_scaled():
    array = np.array([-50.0, 0, 50, 100, 300])
    assert scaled_intensity(array, {"window": [0, 100]}).tolist() == [0, 0, 0.5, 1, 1]
    assert scaled_intensity(np.arange(101.0), {"percentiles": [10, 90]})[[0, 50, 100]].tolist() == [0, 0.5, 1]
    assert scaled_intensity(np.full(3, 7.0), {"percentiles": [1, 99]}).tolist() == [0, 0, 0]


def test_entropy_is_in_bits():
    bits = sitk.GetArrayFromImage(entropy(make_volume(np.array([[[0.0, 0.5, 1.0, 0.25]]], np.float32))))
    assert bits[0, 0].tolist() == pytest.approx([0, 1, 0, 0.811278], abs=1e-5)


@pytest.fixture
def model(tmp_path):
    torch.manual_seed(0)
    network = build_network(RECIPE["network"], RECIPE["training"]["patch_size"])
    torch.save({"recipe": RECIPE, "weights": network.state_dict()}, tmp_path / "model.pt")
    return tmp_path / "model.pt"


def test_the_verb_writes_mask_and_uncertainty(model, image, tmp_path):
    write_volume(image, tmp_path / "image.nii.gz")
    paths = [str(tmp_path / name) for name in ("image.nii.gz", "mask.nii.gz", "entropy.nii.gz")]
    assert (
        main(["predict", "--model", str(model), "--image", paths[0], "--out", paths[1], "--uncertainty", paths[2]]) == 0
    )
    assert set(np.unique(sitk.GetArrayFromImage(sitk.ReadImage(paths[1])))) <= {0, 1}
    check_same_grid(read_image(paths[2]), image, "uncertainty", "image")


def test_another_spacing_or_a_broken_model_is_refused(model, image, tmp_path, capsys):
    image.SetSpacing((1.0, 2.0, 2.0))
    write_volume(image, tmp_path / "image.nii.gz")
    arguments = ["--image", str(tmp_path / "image.nii.gz"), "--out", str(tmp_path / "mask.nii.gz")]
    assert main(["predict", "--model", str(model), *arguments]) == 2
    assert "trained at 2.0 mm" in capsys.readouterr().err
    (tmp_path / "broken.pt").write_bytes(model.read_bytes()[:1000])
    assert main(["predict", "--model", str(tmp_path / "broken.pt"), *arguments]) == 2
    assert "not a model" in capsys.readouterr().err
    assert not (tmp_path / "mask.nii.gz").exists()
