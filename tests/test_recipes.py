"""Methods and configs: complete, checked, and misspelt keys named."""

from pathlib import Path

import pytest
import yaml

from weakseg3d import losses
from weakseg3d.errors import UserError
from weakseg3d.experiment import load_experiment
from weakseg3d.recipes import SPARSE_LOSSES, checked_method, checked_recipe, load_method, merged
from weakseg3d.validation import read_yaml

CONFIG = Path(__file__).parents[1] / "config"
METHODS = sorted(path.stem for path in (CONFIG / "methods").glob("*.yaml"))
EXPERIMENTS = sorted(path.name for path in CONFIG.glob("*.yaml"))


def demo(**changes):
    return yaml.safe_load((CONFIG / "config.yaml").read_text(encoding="utf-8")) | changes


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_valid(name):
    assert load_method(name)["supervision"] in ("weak", "dense", "none")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_resolves_to_valid_recipes(name):
    experiment = load_experiment(read_yaml(CONFIG / name))
    for cell in experiment.cells():
        if "control" not in experiment.methods[cell["method"]]:
            recipe = experiment.recipe(cell["dataset"], cell["method"], cell["seed"])
            assert checked_recipe(recipe, name) == recipe


def test_the_published_settings_are_in_the_paper_config():
    methods = load_experiment(read_yaml(CONFIG / "paper.yaml")).methods
    assert methods["pw4medseg"]["network"]["ptn"] == {
        "feature_size": 16,
        "hidden_size": 768,
        "mlp_size": 3072,
        "heads": 12,
        "token_size": [16, 16, 16],
        "embedding": "perceptron",
        "attention": "pmsa",
        "prior_std": 1.0,
    }
    assert methods["pw4medseg"]["target"] == {"form": "soft", "threshold": 0.5}
    assert methods["dense"]["training"] == methods["pw4medseg"]["training"]
    assert methods["pw4medseg"]["annotation"]["points"]["number"] == 200
    assert (
        methods["pw4medseg"]["pseudo_label"] == methods["pseudo_label"]["pseudo_label"] == {"gaussian": {"sigma": 10.0}}
    )


def test_methods_that_share_an_annotation_share_its_path():
    experiment = load_experiment(demo())
    assert experiment.annotation("pw4medseg") == experiment.annotation("unetr_pseudo")
    assert experiment.annotation("pw4medseg") != experiment.annotation("partial_ce")
    assert experiment.annotation("dense") == "dense"


def test_controls_run_once_and_methods_once_per_seed():
    cells = load_experiment(demo(seeds=[3, 4])).cells()
    seeds = [cell["seed"] for cell in cells if cell["dataset"] == "phantom_ct"]
    assert sorted(seeds) == [3] * 8 + [4] * 5


def study(**factors):
    return load_experiment(demo(methods=["dense"], study={"methods": ["pw4medseg"], "factors": factors}))


def test_a_study_crosses_its_factors():
    clicks = {5: {"annotation": {"points": {"number": 5}}}, 50: {"annotation": {"points": {"number": 50}}}}
    targets = {"soft": {}, "hard": {"target": {"form": "hard"}}}
    methods = study(clicks=clicks, target=targets).methods
    assert list(methods) == [
        "dense",
        "pw4medseg+clicks-5+target-soft",
        "pw4medseg+clicks-5+target-hard",
        "pw4medseg+clicks-50+target-soft",
        "pw4medseg+clicks-50+target-hard",
    ]
    chosen = methods["pw4medseg+clicks-50+target-hard"]
    assert chosen["annotation"]["points"]["number"] == 50
    assert chosen["target"]["form"] == "hard"
    assert chosen["training"] == load_method("pw4medseg")["training"]


def test_variants_that_differ_in_their_test_images_alone_share_a_model():
    blur, noise = {"test": {"blur": {"sigma": 3.0}}}, {"train": {"noise": {"std": 0.1}}}
    levels = {"none": {}, "blur": {"images": blur}, "noise": {"images": noise}, "both": {"images": blur | noise}}
    experiment = study(disturbance=levels)
    models = [experiment.model_of(f"pw4medseg+disturbance-{level}").partition("-")[2] for level in levels]
    assert models == ["none", "none", "noise", "noise"]
    assert experiment.image("pw4medseg+disturbance-both", "test") == "image_blur_sigma-3.0_seed-0"
    assert experiment.image("pw4medseg+disturbance-blur", "train") == "image"


MISTAKES = [
    ({"metods": []}, "unknown key 'metods', did you mean 'methods'?"),
    ({"methods": ["pw4medseq"]}, "unknown method 'pw4medseq', did you mean 'pw4medseg'?"),
    ({"datasets": {"phantom_tc": ["spleen"]}}, "unknown dataset 'phantom_tc', did you mean 'phantom_ct'?"),
    ({"datasets": {"phantom_ct": ["spleeen"]}}, "unknown organ of dataset 'phantom_ct' 'spleeen'"),
    ({"overrides": {"dense": {"training": {"lr": 1}}}}, "unknown key 'lr' in 'training'"),
    ({"overrides": {"paseg": {}}}, "unknown method in 'overrides' 'paseg'"),
    ({"overrides": {"pw4medseg": {"loss": {"name": "partial_ce"}, "pseudo_label": {"points": {}}}}}, "pseudo_label"),
    ({"overrides": {"partial_ce": {"loss": {"name": "dice_ce"}}}}, "use partial_ce"),
    ({"overrides": {"pw4medseg": {"pseudo_label": {"gaussian": {"sigma": 0}}}}}, "sigma"),
    ({"overrides": {"pw4medseg": {"target": {"form": "fuzzy"}}}}, "target.form"),
    ({"overrides": {"pw4medseg": {"images": {"test": {"haze": {}}}}}}, "unknown key 'haze'"),
    ({"study": {"methods": ["pw4medsec"], "factors": {"clicks": {5: {}}}}}, "unknown method 'pw4medsec'"),
    ({"study": {"methods": ["pw4medseg"], "factors": {"clicks": {5: {"annotaton": {}}}}}}, "'annotaton'"),
    ({"study": {"methods": ["pw4medseg"], "factors": {"clicks": {"5-10": {}}}}}, "'5-10' does not match"),
    ({"study": {"methods": ["pw4medseg"]}}, "key 'factors' is missing"),
    ({"raw": {"btcv": "x"}}, "unknown dataset in 'raw' 'btcv'"),
    ({"splits": {"phantom_ct": "nowhere.csv"}}, "nowhere.csv: no such file"),
    ({"spacing": -1}, "'spacing' does not fit"),
    ({"overrides": {"dense": {"training": {"patch_size": [40, 48, 48]}}}}, "must be divisible by [16, 16, 16]"),
    ({"overrides": {"dense": {"network": {"unet": {"channels": [2, 4]}}}}}, "network"),
    (
        {"overrides": {"dense": {"training": {"patch_size": [48, 32, 48], "augmentation": {"rotate90": 0.2}}}}},
        "rotate90",
    ),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES, ids=[next(iter(change)) for change, _ in MISTAKES])
def test_a_mistake_in_a_config_is_named(change, message):
    with pytest.raises(UserError) as raised:
        load_experiment(demo(**change))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_sparse_losses_are_those_of_the_losses():
    assert set(SPARSE_LOSSES) == set(losses.SPARSE_LOSSES)


def test_a_method_without_its_parts_is_refused():
    weak = read_yaml(CONFIG / "methods" / "pw4medseg.yaml")
    for part in ("loss", "pseudo_label", "training"):
        with pytest.raises(UserError, match=part):
            checked_method({key: value for key, value in weak.items() if key != part}, "m.yaml")


def test_merging_goes_mapping_by_mapping_and_copies():
    base = {"a": {"b": 1, "c": 2}, "d": [1]}
    assert merged(base, {"a": {"b": 5}, "d": [2]}) == {"a": {"b": 5, "c": 2}, "d": [2]}
    assert base == {"a": {"b": 1, "c": 2}, "d": [1]}


def test_bad_yaml_is_named_with_its_line(tmp_path):
    (tmp_path / "m.yaml").write_text("a: 1\nb: [1\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"m\.yaml: not valid YAML in line 3"):
        read_yaml(tmp_path / "m.yaml")
