"""A prediction lies on the grid of its image, whatever the orientation of the volume."""

import subprocess
import sys

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from conftest import make_volume, oblique_direction

from weakseg3d.cli import main
from weakseg3d.experiment.recipes import checked_recipe
from weakseg3d.images.isotropic_slices import IsotropicSlices
from weakseg3d.images.normalisation import normalised
from weakseg3d.images.oriented_slices import OrientedSlices
from weakseg3d.images.preprocessing import image_array, oriented, oriented_like, scaled_intensity
from weakseg3d.images.volumes import check_same_grid, like, write_volume
from weakseg3d.inference.network_input import NetworkInput
from weakseg3d.inference.passes import mean_and_variance
from weakseg3d.inference.prediction import predict, predicted_mask
from weakseg3d.inference.probability_sections import probability_sections
from weakseg3d.inference.uncertainty_maps import entropy, read_uncertainty, write_uncertainty
from weakseg3d.networks import build_network

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
        "loss": {"dice_ce": {}},
        "training": {"patch_size": [16, 16, 16], "steps": 1, "optimizer": {"adamw": {}}},
    },
    "recipe",
)
TWO_PASSES = {**RECIPE, "prediction": {**RECIPE["prediction"], "passes": 2}}


class Threshold(torch.nn.Module):
    """Predicts foreground where the scaled intensity is above one half."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(20.0))

    def forward(self, x):
        return self.scale * (x - 0.5)


class Alternating(torch.nn.Module):
    """Returns logits of 0, then twice the image's intensity, then 0 again."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(2.0))
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.weight * x * (self.calls % 2 == 0)


@pytest.fixture(params=ORIENTATIONS.values(), ids=ORIENTATIONS.keys())
def image(request):
    array = np.zeros((18, 26, 21), np.float32)
    array[3:9, 4:11, 12:19] = 100
    return make_volume(array, (2.0, 2.0, 2.0), (-12, 30, 5), request.param)


def test_reorienting_there_and_back_changes_nothing(image):
    back = oriented_like(oriented(image), image)
    check_same_grid(back, image, "back", "image")
    assert (sitk.GetArrayFromImage(back) == sitk.GetArrayFromImage(image)).all()


def test_a_prediction_lies_on_the_grid_of_its_image(image):
    probability, _ = predict(Threshold().eval(), RECIPE, image)
    check_same_grid(probability, image, "prediction", "image")
    assert ((sitk.GetArrayFromImage(probability) > 0.5) == (sitk.GetArrayFromImage(image) > 50)).all()


@pytest.mark.parametrize("threshold", [0.3, 0.5])
def test_the_mask_is_where_the_probability_exceeds_the_threshold(image, threshold):
    recipe = {**RECIPE, "prediction": {**RECIPE["prediction"], "threshold": threshold}}
    network = Threshold()
    probability, _ = predict(network, recipe, image + 40)
    mask = predicted_mask(network, recipe, image + 40)
    check_same_grid(mask, image, "mask", "image")
    assert mask.GetPixelID() == sitk.sitkUInt8
    inside = sitk.GetArrayFromImage(probability) > threshold
    assert inside.any()
    assert not inside.all()
    assert (sitk.GetArrayFromImage(mask) == inside).all()


@pytest.mark.parametrize("intensity", [{"window": [-20, 90]}, {"percentiles": [1, 99]}])
@pytest.mark.parametrize("normalisation", ["none", "z_score"])
def test_a_network_sees_what_it_saw_in_training(image, intensity, normalisation):
    noisy = sitk.AdditiveGaussianNoise(image, 30, seed=1)
    seen = NetworkInput(OrientedSlices(noisy), {"spacing": 2.0, "intensity": intensity, "normalisation": normalisation})
    parts = [seen.between(start, min(start + 7, seen.shape[0])) for start in range(0, seen.shape[0], 7)]
    expected = normalised(image_array(noisy, intensity), normalisation)
    assert (torch.cat(parts).numpy() == expected).all()


def test_a_volume_thinner_than_the_patch_is_padded():
    thin = make_volume(np.full((5, 26, 9), 100, np.float32), (2.0, 2.0, 2.0))
    probability, _ = predict(Threshold().eval(), RECIPE, thin)
    check_same_grid(probability, thin, "prediction", "image")
    assert (sitk.GetArrayFromImage(probability) > 0.5).all()


def test_intensities_are_clipped_and_scaled():
    array = np.array([-50.0, 0, 50, 100, 300])
    assert scaled_intensity(array, {"window": [0, 100]}).tolist() == [0, 0, 0.5, 1, 1]
    assert scaled_intensity(np.arange(101.0), {"percentiles": [10, 90]})[[0, 50, 100]].tolist() == [0, 0.5, 1]
    assert scaled_intensity(np.full(3, 7.0), {"percentiles": [1, 99]}).tolist() == [0, 0, 0]


def in_sections(network, recipe, image):
    """Return the probability of an image, already of the recipe's spacing, as `predict` does."""
    sections = probability_sections(network, recipe, NetworkInput(IsotropicSlices(image, recipe["spacing"]), recipe))
    values = np.concatenate([sitk.GetArrayFromImage(section) for section in sections])
    return oriented_like(like(values, oriented(image)), image), None


@pytest.mark.parametrize("whole", [predict, in_sections])
def test_windows_are_blended_as_the_recipe_says(whole):
    # Two windows of 16 slices that share eight; the network adds 1 to the second one. By constant weights, the shared
    # slices are in the middle; by Gaussian ones, they approach the window whose centre is nearer.
    class AddsToTheSecond(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.tensor(1.0))

        def forward(self, x):
            number = (x[:, :, -1, -1, -1] > 0.5).float()[:, :, None, None, None]
            return self.weight * number * torch.ones_like(x)

    array = np.zeros((24, 16, 16), np.float32)
    array[23] = 100
    logits = {}
    for blending in ("gaussian", "constant"):
        recipe = {**RECIPE, "prediction": {**RECIPE["prediction"], "overlap": 0.5, "blending": blending}}
        image = make_volume(array, (2.0, 2.0, 2.0), direction=np.diag([-1.0, -1.0, 1.0]))
        probability = sitk.GetArrayFromImage(whole(AddsToTheSecond(), recipe, image)[0])[:, 8, 8].astype(float)
        logits[blending] = np.log(probability / (1 - probability))
    assert logits["constant"] == pytest.approx([0] * 8 + [0.5] * 8 + [1] * 8, abs=1e-5)
    # Gaussians of an eighth of the window, 2 voxels: where the centres are k and 8 - k away, the weights' exponents
    # differ by ((8 - k)^2 - k^2) / (2 * 2^2) = 8 - 2 k. MONAI bounds the smallest weights.
    k = np.arange(1.5, 7)
    assert logits["gaussian"][9:15] == pytest.approx(1 / (1 + np.exp(8 - 2 * k)), abs=1e-4)


@pytest.mark.parametrize("asked", [False, True])
def test_precision_is_half_only_where_the_recipe_asks_for_it(monkeypatch, asked):
    # No GPU is needed: the question is which of the recipe's keys decides.
    asked_for = []
    monkeypatch.setattr("weakseg3d.inference.passes.precision", lambda mixed: asked_for.append(mixed) or "32-true")
    assert RECIPE["training"]["mixed_precision"]
    recipe = {**RECIPE, "prediction": {**RECIPE["prediction"], "mixed_precision": asked}}
    predict(Threshold(), recipe, make_volume(np.zeros((16, 16, 16), np.float32), (2.0, 2.0, 2.0)))
    assert asked_for == [asked]
    assert not RECIPE["prediction"]["mixed_precision"], "single precision is the default"


def test_variance_is_that_of_the_probability_over_the_passes(image):
    # Where the image is bright, the passes give the logits 0 and 2, whose mean is 1; elsewhere they give 0 twice.
    probability, variance = (
        sitk.GetArrayFromImage(map_) for map_ in predict(Alternating(), TWO_PASSES, image, with_variance=True)
    )
    bright = sitk.GetArrayFromImage(image) > 50
    assert variance[bright] == pytest.approx(((1 / (1 + np.exp(-2)) - 0.5) / 2) ** 2, rel=1e-5)
    assert (variance[~bright] == 0).all()
    assert probability[bright] == pytest.approx(1 / (1 + np.exp(-1)), rel=1e-5)
    assert probability.dtype == variance.dtype == np.float32


def test_a_deterministic_network_has_no_variance(image):
    probability, variance = predict(Threshold(), TWO_PASSES, image, with_variance=True)
    check_same_grid(variance, image, "variance", "image")
    assert not sitk.GetArrayFromImage(variance).any()
    plain_probability, no_variance = predict(Threshold(), TWO_PASSES, image)
    assert no_variance is None
    assert (sitk.GetArrayFromImage(plain_probability) == sitk.GetArrayFromImage(probability)).all()


def test_variance_of_passes_with_known_logits():
    logits = torch.tensor([-1.0, 0.5, 3.0, 0.25])
    mean, variance = mean_and_variance((logit.reshape(1, 1, 1, 1, 1) for logit in logits), 4).flatten().tolist()
    assert mean == pytest.approx(logits.mean().item())
    assert variance == pytest.approx(logits.sigmoid().var(correction=0).item())


def test_stochastic_attention_has_variance():
    ptn = {"ptn": {"feature_size": 2, "hidden_size": 12, "mlp_size": 8, "heads": 2}}
    # There must be several tokens, since the attention of a single token is not random.
    recipe = {**TWO_PASSES, "training": {**RECIPE["training"], "patch_size": [16, 32, 16]}}
    torch.manual_seed(0)
    network = build_network(ptn, recipe["training"]["patch_size"]).eval()
    image = make_volume(np.random.default_rng(0).uniform(0, 100, (16, 20, 16)).astype(np.float32), (2.0, 2.0, 2.0))
    probability, variance = predict(network, recipe, image, with_variance=True)
    assert sitk.GetArrayFromImage(variance).min() >= 0
    assert sitk.GetArrayFromImage(variance).max() > 0
    # The same noise is drawn with and without the variance.
    plain_probability, _ = predict(network, recipe, image)
    assert (sitk.GetArrayFromImage(plain_probability) == sitk.GetArrayFromImage(probability)).all()


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
    files = ["--model", str(model), "--image", str(tmp_path / "image.nii.gz"), "--out", str(tmp_path / "mask.nii.gz")]
    assert main(["predict", *files, "--uncertainty", str(tmp_path / "maps")]) == 0
    mask = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "mask.nii.gz")))
    assert set(np.unique(mask)) <= {0, 1}
    assert sorted(path.name for path in (tmp_path / "maps").glob("*.nii.gz")) == [
        "entropy.nii.gz",
        "probability.nii.gz",
        "variance.nii.gz",
    ]
    maps = read_uncertainty(tmp_path / "maps", image, "image")
    assert ((sitk.GetArrayFromImage(maps["probability"]) > 0.5) == mask).all()
    assert (sitk.GetArrayFromImage(maps["entropy"]) == sitk.GetArrayFromImage(entropy(maps["probability"]))).all()
    assert not sitk.GetArrayFromImage(maps["variance"]).any()


def test_files_beside_the_maps_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("a note", encoding="utf-8")
    probability = make_volume(np.full((2, 3, 4), 0.5, np.float32))
    write_uncertainty(probability, probability * 0, tmp_path)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "a note"


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


def test_reading_a_model_imports_no_compiler(model, tmp_path):
    ptn = {"ptn": {"feature_size": 2, "hidden_size": 12, "heads": 2}}
    state = build_network(ptn, RECIPE["training"]["patch_size"]).state_dict()
    torch.save({"recipe": {**RECIPE, "network": ptn}, "weights": state}, tmp_path / "ptn.pt")
    read = "; ".join(f"load_model({str(path)!r})" for path in (model, tmp_path / "ptn.pt"))
    # In a process of its own, as other tests may have imported it.
    words = (
        f"import sys; from weakseg3d.inference.model import load_model; {read}; print('torch._dynamo' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", words], capture_output=True, encoding="utf-8")
    assert ran.stdout == "False\n", ran.stderr


def changed(content, key, value):
    """Return a copy of a nested dict with ``value`` at ``key``, such as ``training.steps``; without it for None."""
    first, _, rest = key.partition(".")
    if rest:
        return content | {first: changed(content[first], rest, value)}
    return {k: v for k, v in content.items() if k != key} if value is None else content | {key: value}


NAN = float("nan")
BAD_RECIPES = [
    ("training.patch_size", [0, 0, 0], "patch_size"),
    ("training.patch_size", [10**6] * 3, "patch_size"),
    ("training.patch_size", "large", "patch_size"),
    ("training.patch_size", None, "patch_size"),
    ("training", "short", ""),
    ("training", None, "training"),
    ("network", None, "network"),
    ("network", {"unet": {"channels": [2, 4, 9]}}, "weights do not fit the network"),
    ("network", {"unet": {"channels": [2**40, 4, 8]}}, ""),
    ("network", {"unet": {"channels": "wide"}}, ""),
    ("network", {"vnet": {}}, ""),
    ("intensity", {}, "intensity"),
    ("intensity", {"window": [0, NAN]}, "intensity"),
    ("normalisation", 5, ""),
    ("spacing", NAN, "spacing"),
    ("spacing", -2.0, "spacing"),
    ("seed", -1, "seed"),
    ("threads", 10**9, "threads"),
    ("prediction.threshold", NAN, "prediction.threshold"),
    ("prediction.threshold", 0.0, "prediction.threshold"),
    ("prediction.passes", 10**12, "prediction.passes"),
    ("prediction.passes", None, None),
    ("prediction", "often", ""),
    ("prediction", None, None),
    ("prediction.overlap", 1.0, "prediction.overlap"),
    ("distillation", {"refresh_every": NAN}, ""),
]
NOT_RECIPES = [None, [], "recipe", {}, 5]


def predict_with(content, image, folder):
    """Save ``content`` as a model and return the exit code of a prediction with it; there must be no mask without 0."""
    torch.save(content, folder / "model.pt")
    write_volume(image, folder / "image.nii.gz")
    files = [("--model", "model.pt"), ("--image", "image.nii.gz"), ("--out", "mask.nii.gz")]
    code = main(["predict", *(word for option, name in files for word in (option, str(folder / name)))])
    assert (folder / "mask.nii.gz").exists() == (code == 0)
    return code


def weights():
    torch.manual_seed(0)
    return build_network(RECIPE["network"], RECIPE["training"]["patch_size"]).state_dict()


@pytest.fixture
def flat_image():
    return make_volume(np.zeros((16, 17, 18), np.float32), (2.0, 2.0, 2.0))


@pytest.mark.parametrize("normalisation", ["none", "z_score"])
def test_air_is_background_where_the_recipe_skips_it(normalisation):
    # Windows of 16 voxels that share none: the first holds an organ, the third one voxel above the intensity window's
    # lower end, the second and the fourth are air of several values at and below that end.
    array = np.zeros((64, 16, 16), np.float32)
    array[16:32] = -np.random.default_rng(0).uniform(0, 100, (16, 16, 16))
    array[2:9, 4:11, 3:12] = 100
    array[40, 3, 3] = 1
    image = make_volume(array, (2.0, 2.0, 2.0), direction=np.diag([-1.0, -1.0, 1.0]))
    results = {}
    for skip_air in (False, True):
        prediction = {**RECIPE["prediction"], "overlap": 0.0, "passes": 2, "skip_air": skip_air}
        recipe = {**RECIPE, "normalisation": normalisation, "prediction": prediction}
        maps = predict(Alternating(), recipe, image, with_variance=True)
        results[skip_air] = [sitk.GetArrayFromImage(each) for each in maps]
        mask = sitk.GetArrayFromImage(predicted_mask(Alternating(), recipe, image))
        assert (mask == (results[skip_air][0] > 0.5)).all()
    for predicted, skipped in zip(results[False], results[True], strict=True):
        for window in (slice(0, 16), slice(32, 48)):
            assert (skipped[window] == predicted[window]).all()
        for window in (slice(16, 32), slice(48, 64)):
            assert (skipped[window] == 0).all()
    assert (results[False][0][48:] > 0).all()


@pytest.mark.parametrize("with_jsonschema", [True, False])
@pytest.mark.parametrize(
    ("key", "value", "message"), BAD_RECIPES, ids=[f"{key}={str(v)[:20]}" for key, v, _ in BAD_RECIPES]
)
def test_a_model_with_a_bad_recipe_is_refused(
    key, value, message, with_jsonschema, flat_image, tmp_path, capsys, monkeypatch
):
    if not with_jsonschema:
        monkeypatch.setitem(sys.modules, "jsonschema", None)
    code = predict_with({"recipe": changed(RECIPE, key, value), "weights": weights()}, flat_image, tmp_path)
    error = capsys.readouterr().err
    if message is None:  # a key with a default
        assert code == 0
        return
    assert code == 2
    last = error.splitlines()[-1]
    assert "model.pt" in last
    assert message in last


@pytest.mark.parametrize("with_jsonschema", [True, False])
@pytest.mark.parametrize("recipe", NOT_RECIPES)
def test_a_model_without_a_recipe_is_refused(recipe, with_jsonschema, flat_image, tmp_path, capsys, monkeypatch):
    if not with_jsonschema:
        monkeypatch.setitem(sys.modules, "jsonschema", None)
    assert predict_with({"recipe": recipe, "weights": weights()}, flat_image, tmp_path) == 2
    assert "model.pt" in capsys.readouterr().err.splitlines()[-1]


def spoilt(name, tensor):
    return {**weights(), name: tensor}


FIRST = next(iter(weights()))
BAD_WEIGHTS = [
    (lambda: {name: tensor * NAN for name, tensor in weights().items()}, "NaN or infinite"),
    (lambda: spoilt(FIRST, torch.full_like(weights()[FIRST], float("inf"))), "NaN or infinite"),
    (
        lambda: {name: torch.full_like(t, 1e300, dtype=torch.float64) for name, t in weights().items()},
        "NaN or infinite",
    ),
    (lambda: {name: torch.full_like(tensor, 1e38) for name, tensor in weights().items()}, "are not numbers"),
    (lambda: spoilt(FIRST, torch.zeros(3)), "do not fit the network"),
    (lambda: spoilt("more", torch.zeros(3)), "do not fit the network"),
    (lambda: {name: tensor for name, tensor in weights().items() if name != FIRST}, "do not fit the network"),
    (lambda: spoilt(FIRST, "text"), "not a model"),
    (lambda: [1, 2], "not a model"),
    (lambda: None, "not a model"),
]


@pytest.mark.parametrize(("spoil", "message"), BAD_WEIGHTS)
def test_a_model_with_bad_weights_is_refused(spoil, message, flat_image, tmp_path, capsys):
    assert predict_with({"recipe": RECIPE, "weights": spoil()}, flat_image, tmp_path) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "model.pt" in last
    assert message in last


def test_the_model_of_a_distillation_predicts(flat_image, tmp_path):
    recipe = {**RECIPE, "distillation": {"temperature": 4.0, "cross_weight": 0.5, "refresh_every": 0.2}}
    assert predict_with({"recipe": recipe, "weights": weights()}, flat_image, tmp_path) == 0
