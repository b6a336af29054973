"""A method whose images are not clipped is trained on arrays of its own, beside a method whose images are."""

import json

import numpy as np
import pytest
import SimpleITK as sitk
import yaml
from tiny_grid import CONFIG, copy_of_the_repository, finished_run

from weakseg3d.images.preprocessing import oriented


def test_both_kinds_of_arrays_are_made_and_trained_on(tmp_path):
    folder = copy_of_the_repository(tmp_path / "copy")
    training = {"patch_size": [16, 16, 16], "epochs": 2, "foreground_share": "none"}
    small = {"network": {"unet": {"channels": [2, 4, 8]}}, "training": training}
    own = {"partial_ce_unet": small | {"clipping": False, "normalisation": "z_score"}, "dense_unet": small}
    config = CONFIG | {"overrides": own}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    clicks = "points_number-100_candidate_share-0.5_background-100_seed-0/partial_ce_unet"
    methods = [f"results/tiny/7_models/hospital/spleen/{method}/seed-0" for method in (clicks, "dense/dense_unet")]
    finished_run(folder, "--cores", "2", *(f"{method}/model.pt" for method in methods))

    runs = [json.loads((folder / method / "run.json").read_text(encoding="utf-8")) for method in methods]
    # Two training cases, twice.
    assert [(run["epochs"], run["recipe"]["training"]["steps"]) for run in runs] == [(2, 4), (2, 4)]
    assert [run["recipe"]["intensity"] for run in runs] == [{"percentiles": [0, 100]}, {"window": [0, 100]}]
    listed = [(folder / method).parent / "cases.csv" for method in methods]
    names = [{line.split(",")[1].split("/")[-1] for line in path.read_text().splitlines()[1:]} for path in listed]
    assert names == [{"unclipped_image.npy"}, {"image.npy"}]

    case = folder / "results/tiny/3_isotropic/hospital/0001"
    image = sitk.GetArrayFromImage(oriented(sitk.ReadImage(case / "image.nii.gz"))).astype(float)
    low, high = image.min(), image.max()
    assert np.load(case / "unclipped_image.npy") == pytest.approx((image - low) / (high - low), abs=1e-6)
    assert np.load(case / "image.npy") == pytest.approx(np.clip(image / 100, 0, 1), abs=1e-6)
