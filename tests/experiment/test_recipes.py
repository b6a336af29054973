"""Methods and configs: complete, checked, and misspelt keys named."""

import json
import sys
from pathlib import Path

import pytest
import yaml

from weakseg3d.errors import UserError
from weakseg3d.experiment.experiment import pseudo_label_part
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.presets import preset_changes
from weakseg3d.experiment.recipes import (
    MOST_PASSES,
    checked_method,
    checked_recipe,
    load_method,
    merged,
)
from weakseg3d.schemas import schema
from weakseg3d.texts import read_yaml

CONFIG = Path(__file__).parents[2] / "config"
METHODS = sorted(path.stem for path in (CONFIG / "methods").glob("*.yaml"))
EXPERIMENTS = sorted(path.name for path in CONFIG.glob("*.yaml"))


def demo(**changes):
    return yaml.safe_load((CONFIG / "demo-full.yaml").read_text(encoding="utf-8")) | changes


def annotation(experiment, method):
    """Return the path part of a method's annotation of the first organ."""
    dataset = next(iter(experiment.datasets))
    return experiment.annotation(method, dataset, next(iter(experiment.datasets[dataset].organs)))


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_valid(name):
    assert load_method(name)["supervision"] in ("weak", "dense", "none")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_resolves_to_valid_recipes(name):
    experiment = load_experiment(read_yaml(CONFIG / name))
    for cell in experiment.cells():
        if experiment.is_external(cell.method):
            target = json.loads(experiment.recipe_text(cell))["target"]
            assert target in (
                ("mask", "sparse", "soft", "annotation") if experiment.is_trained(cell.method) else (None,)
            )
        elif experiment.is_trained(cell.method):
            recipe = experiment.recipe(cell.dataset, cell.method, cell.seed)
            assert checked_recipe(recipe, name) == recipe


def test_without_a_preset_methods_have_the_published_settings():
    methods = load_experiment(read_yaml(CONFIG / "paper.yaml")).methods
    assert not read_yaml(CONFIG / "paper.yaml").keys() & {"overrides", "preset"}
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
    training = methods["pw4medseg"]["training"]
    assert (training["epochs"], training["schedule"]["warmup_epochs"]) == (3500, 50)
    assert "steps" not in training
    assert training["image_threshold"] == 0
    assert [training["augmentation"][f"{kind}_probability"] for kind in ("scale", "shift")] == [0.1, 0.1]
    prediction = {"passes": 6, "overlap": 0.5, "blending": "constant", "threshold": 0.5}
    assert methods["pw4medseg"]["prediction"] == prediction | {"mixed_precision": False, "skip_air": False}
    for name, epochs in (("paseg_stage1", 300), ("paseg_stage1_attention_unet", 300), ("paseg", 100)):
        training = methods[name]["training"]
        assert (training["epochs"], training["extra_steps_per_epoch"], training["validations"]) == (
            epochs,
            1,
            "every_epoch",
        )
        assert (training["foreground_share"], training["mixed_precision"]) == ("none", False)
        assert (methods[name]["clipping"], methods[name]["normalisation"]) == (False, "z_score")
        assert methods[name]["prediction"]["overlap"] == 0.25
        assert methods[name]["prediction"]["blending"] == "gaussian"
    assert methods["pw4medseg"]["target"] == {"form": "soft", "threshold": 0.5}
    assert methods["dense"]["training"] == methods["pw4medseg"]["training"]
    assert methods["pw4medseg"]["annotation"]["points"]["number"] == 200
    assert (
        methods["pw4medseg"]["pseudo_label"] == methods["pseudo_label"]["pseudo_label"] == {"gaussian": {"sigma": 10.0}}
    )


def test_methods_that_share_an_annotation_share_its_path():
    experiment = load_experiment(demo())
    assert annotation(experiment, "pw4medseg") == annotation(experiment, "unetr_pseudo")
    assert annotation(experiment, "pw4medseg") != annotation(experiment, "partial_ce")
    assert annotation(experiment, "dense") == "dense"


def test_controls_run_once_and_methods_once_per_seed():
    cells = load_experiment(demo(seeds=[3, 4])).cells()
    seeds = [cell.seed for cell in cells if cell.dataset == "phantom_ct"]
    assert sorted(seeds) == [3] * 10 + [4] * 7


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
    assert chosen["training"] == load_method("pw4medseg", preset_changes("cpu", [])["pw4medseg"])["training"]


def test_variants_that_differ_in_their_test_images_alone_share_a_model():
    blur, noise = {"test": {"blur": {"sigma": 3.0}}}, {"train": {"noise": {"std": 0.1}}}
    levels = {"none": {}, "blur": {"images": blur}, "noise": {"images": noise}, "both": {"images": blur | noise}}
    experiment = study(disturbance=levels)
    models = [experiment.model_of(f"pw4medseg+disturbance-{level}").partition("-")[2] for level in levels]
    assert models == ["none", "none", "noise", "noise"]
    assert experiment.image("pw4medseg+disturbance-both", "test") == "image_blur_sigma-3.0_seed-0"
    assert experiment.image("pw4medseg+disturbance-blur", "train") == "image"


def test_a_level_can_say_something_else_for_one_method():
    factors = {"annotation": {"box": {"annotation": {"box": {"margin": 2.0}}}}}
    own = {"pw4medseg": {"annotation": {"box": {"pseudo_label": {"box-gaussian": {}}}}}}
    own["ignore_label"] = {"annotation": {"box": {"pseudo_label": {"box-core": {"core": 0.4}}}}}
    methods = ["pw4medseg", "ignore_label"]
    experiment = load_experiment(demo(study={"methods": methods, "factors": factors, "per_method": own}))
    assert annotation(experiment, "pw4medseg+annotation-box") == annotation(experiment, "ignore_label+annotation-box")
    methods = experiment.methods
    labels = {name: pseudo_label_part(methods[f"{name}+annotation-box"]["pseudo_label"]) for name in own}
    assert labels == {"pw4medseg": "box-gaussian_width-1.0", "ignore_label": "box-core_core-0.4"}


@pytest.mark.parametrize("text", ["3e-05", "3E-5", "3.0e-5", "0.00003"])
def test_small_numbers_are_numbers_however_they_are_written(tmp_path, text):
    (tmp_path / "recipe.yaml").write_text(f"rate: {text}\nname: 3e\n", encoding="utf-8")
    assert read_yaml(tmp_path / "recipe.yaml") == {"rate": 3e-5, "name": "3e"}


def test_another_choice_replaces_one_and_the_same_choice_is_changed():
    base = {"annotation": {"points": {"number": 5, "jitter": 1.0}}}
    assert merged(base, {"annotation": {"points": {"number": 7}}})["annotation"] == {
        "points": {"number": 7, "jitter": 1.0}
    }
    assert merged(base, {"annotation": {"box": {}}})["annotation"] == {"box": {}}


def test_first_stages_are_trained_though_no_table_shows_them():
    experiment = load_experiment(demo(methods=["paseg", "dense"]))
    assert experiment.shown == ["paseg", "dense"]
    assert experiment.students("paseg") == ["paseg_stage1", "paseg_stage1_attention_unet"]
    assert set(experiment.students("paseg")) < set(experiment.methods)
    assert {cell.method for cell in experiment.cells()} == {"paseg", "dense"}


def test_first_stages_of_a_variant_learn_from_its_annotation():
    clicks = {"few": {"annotation": {"points": {"number": 7}}}, "seven": {}}
    experiment = load_experiment(
        demo(methods=["paseg_stage1"], study={"methods": ["paseg"], "factors": {"clicks": clicks}})
    )
    first, second = experiment.students("paseg+clicks-few")
    assert first == "paseg_stage1+clicks-few"
    assert annotation(experiment, first) == annotation(experiment, second) == annotation(experiment, "paseg+clicks-few")
    # A variant that changes nothing of what is learnt starts from the model that is there already.
    assert experiment.model_of("paseg_stage1+clicks-seven") == "paseg_stage1"


def test_validation_cases_are_those_marked_or_else_the_training_cases(tmp_path):
    split = tmp_path / "split.csv"
    split.write_text("case,split\n1,train\n2,train\n3,validation\n4,test\n", encoding="utf-8")
    rules = {"paseg": {"selection": "dense_validation"}}
    marked = load_experiment(demo(splits={"phantom_ct": str(split), "phantom_mr": str(split)}, overrides=rules))
    for method in ("paseg", "paseg_stage1"):
        assert marked.validation_cases("phantom_ct", method) == ["3"]
    assert marked.validation_cases("phantom_ct", "dense") == []
    plain = load_experiment(demo())
    assert plain.validation_cases("phantom_ct", "paseg") == plain.datasets["phantom_ct"].cases("train")


MISTAKES = [
    ({"metods": []}, "unknown key 'metods', did you mean 'methods'?"),
    ({"methods": ["pw4medseq"]}, "unknown method 'pw4medseq', did you mean 'pw4medseg'?"),
    ({"datasets": {"phantom_tc": ["spleen"]}}, "unknown dataset 'phantom_tc', did you mean 'phantom_ct'?"),
    ({"datasets": {"phantom_ct": ["spleeen"]}}, "unknown organ of dataset 'phantom_ct' 'spleeen'"),
    ({"overrides": {"dense": {"training": {"lr": 1}}}}, "unknown key 'lr' in 'training'"),
    ({"overrides": {"ignore_label": {}}}, "unknown method in 'overrides' 'ignore_label'"),
    ({"overrides": {"pw4medseg": {"pseudo_label": {"gaussian": {}, "points": {}}}}}, "pseudo_label"),
    ({"overrides": {"partial_ce": {"loss": {"dice_ce": {}}}}}, "use partial_ce or"),
    ({"overrides": {"pw4medseg": {"annotation": {"scribbles": {}}}}}, "'gaussian' cannot be made of annotation"),
    (
        {"overrides": {"partial_ce": {"annotation": {"scribbles": {"share": 1.0}}}}},
        "annotation.scribbles.share has no effect unless inside is border",
    ),
    ({"overrides": {"paseg": {"network": {"unet": {"channels": [2, 4, 8]}}}}}, "remove 'network'"),
    ({"overrides": {"paseg": {"distillation": {"students": ["paseg", "dense"]}}}}, "which has no network"),
    ({"overrides": {"paseg": {"training": {"patch_size": [28, 48, 48]}}}}, "divisible by [8, 8, 8]"),
    ({"overrides": {"paseg": {"annotation": {"seven-points": {"margin": 9.0}}}}}, "learns from something else"),
    ({"overrides": {"paseg": {"selection": "dense_validation"}}}, "no case is marked 'validation'; mark some"),
    ({"overrides": {"dense": {"selection": "weak_labels"}}}, "needs weak supervision"),
    ({"overrides": {"paseg_stage1": {"training": {"patch_size": [8, 8, 8]}}}}, "a single voxel"),
    (
        {"overrides": {"dense_unet": {"network": {"unet": {"deep_supervision": 3}}}}},
        "deep_supervision must be at least 2 less than the number of channels",
    ),
    ({"overrides": {"pw4medseg": {"pseudo_label": {"gaussian": {"sigma": 0}}}}}, "sigma"),
    ({"overrides": {"pw4medseg": {"target": {"form": "fuzzy"}}}}, "target.form"),
    ({"overrides": {"pw4medseg": {"images": {"test": {"haze": {}}}}}}, "unknown key 'haze'"),
    ({"study": {"methods": ["pw4medsec"], "factors": {"clicks": {5: {}}}}}, "unknown method 'pw4medsec'"),
    ({"study": {"methods": ["pw4medseg"], "factors": {"clicks": {5: {"annotaton": {}}}}}}, "'annotaton'"),
    (
        {"study": {"methods": ["pw4medseg"], "factors": {"clicks": {"5-10": {}}}}},
        "'5-10' in 'study.factors.clicks' is not usable",
    ),
    ({"study": {"methods": ["pw4medseg"]}}, "key 'factors' is missing"),
    (
        {"study": {"methods": ["pw4medseg"], "factors": {"clicks": {5: {}}}, "per_method": {"dense": {}}}},
        "unknown method in 'study.per_method' 'dense'",
    ),
    (
        {
            "study": {
                "methods": ["pw4medseg"],
                "factors": {"clicks": {5: {}}},
                "per_method": {"pw4medseg": {"clicks": {6: {}}}},
            }
        },
        "unknown level in 'study.per_method.pw4medseg.clicks' '6'",
    ),
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


def override(method, **changes):
    return {"methods": [method], "overrides": {method: changes}}


DIVERGENCE = {"kl_divergence": {"weight": 0.1}}
DETERMINISTIC = {"ptn": {"attention": "deterministic"}}
IDLE = [
    (override("pw4medseg", loss={"partial_dice_ce": {}}), "the soft pseudo label 'gaussian' has hardly any"),
    (override("unetr_pseudo", loss={"partial_ce": {}}), "the soft pseudo label 'gaussian' has hardly any"),
    (
        override("unetr_pseudo", regularisers=DIVERGENCE),
        "kl_divergence.weight 0.1 has no effect on network 'unetr'",
    ),
    (override("pw4medseg", network=DETERMINISTIC, prediction={"passes": 1}), "'ptn' with deterministic attention"),
    (
        override("paseg", regularisers=DIVERGENCE),
        "kl_divergence.weight 0.1 has no effect in a distillation",
    ),
    (
        override("paseg", regularisers={"variance": {"ramp_up": 0.1}}),
        "regularisers.variance.ramp_up 0.1 has no effect in a distillation",
    ),
    (override("paseg", prediction={"passes": 6}), "prediction.passes 6 has no effect on network 'unet2d5'"),
    (
        override("paseg", distillation={"temperature": 2.0, "cross_weight": 0}),
        "distillation.temperature 2.0 has no effect with distillation.cross_weight 0",
    ),
    (
        override("pw4medseg", network={"ptn": {"prior_std": 0.5}}, regularisers={"kl_divergence": {"weight": 0}}),
        "network.ptn.prior_std 0.5 has no effect without a regulariser of the KL divergence",
    ),
    (override("unetr_pseudo", prediction={"passes": 6}), "prediction.passes 6 has no effect on network 'unetr'"),
    (
        override("dense", regularisers={"gated_crf": {"weight": 0, "radius": 3}}),
        "regularisers.gated_crf.radius 3 has no effect with regularisers.gated_crf.weight 0",
    ),
    (override("dense", regularisers={"variance": {"weight": 0, "ramp_up": 0.5}}), "ramp_up 0.5 has no effect"),
    (override("dense", regularisers={"variance": {}}), "key 'weight' is missing in 'regularisers.variance'"),
    (override("dense", regularisers={"varianze": {"weight": 1}}), "did you mean 'variance'?"),
    (
        override("dense", loss={"name": "dice_ce", "crf_weight": 0.1}),
        "write the loss as 'loss: {dice_ce: {}}', and the weights of other terms under 'regularisers'",
    ),
    (override("dense", training={"validations": 9}), "training.validations 9 has no effect with 'selection: last'"),
    (
        override("dense", training={"foreground_share": 1, "image_threshold": 0.1}),
        "training.image_threshold 0.1 has no effect with training.foreground_share 1",
    ),
    (
        override("dense", training={"foreground_share": "none", "image_threshold": 0.1}),
        "training.image_threshold 0.1 has no effect with training.foreground_share none",
    ),
    (
        override("dense", training={"augmentation": {"shift_intensity": 0, "shift_probability": 0.1}}),
        "training.augmentation.shift_probability 0.1 has no effect with training.augmentation.shift_intensity 0",
    ),
    (
        override("dense", training={"extra_steps_per_epoch": 1}),
        "training.extra_steps_per_epoch 1 has no effect on a training that does not count epochs",
    ),
    (override("truth", clipping=False), "clipping False has no effect on control 'truth'"),
    (override("truth", prediction={"blending": "constant"}), "prediction.blending constant has no effect on control"),
    (override("dense", target={"form": "hard"}), "target.form hard has no effect on dense masks"),
    (override("partial_ce", target={"threshold": 0.3}), "target.threshold 0.3 has no effect on pseudo label 'points'"),
    (override("dense", pseudo_label={"gaussian": {}}), "'pseudo_label' has no effect with dense supervision"),
    (override("dense", annotation={"points": {}}), "an annotation has no effect with dense supervision"),
    (override("truth", loss={"ce": {}}), "'loss' has no effect on control 'truth'"),
    (override("truth", prediction={"threshold": 0.4}), "prediction.threshold 0.4 has no effect on control 'truth'"),
    (override("pseudo_label", prediction={"passes": 3}), "prediction.passes 3 has no effect on control"),
    (override("empty", selection="weak_labels"), "selection weak_labels has no effect on control 'empty'"),
    (override("pw4medseg", prediction={"passes": 10**12}), "prediction.passes"),
    (override("pw4medseg", prediction={"threshold": 1}), "prediction.threshold"),
]


@pytest.mark.parametrize(("change", "message"), IDLE, ids=[message[:40] for _, message in IDLE])
def test_a_key_without_effect_is_refused(change, message):
    with pytest.raises(UserError) as raised:
        load_experiment(demo(**change))
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"steps": 3, "epochs": 2}, "give 'epochs' or 'steps', not both"),
        ({"epochs": 0}, "epochs"),
        ({"epochs": 2, "schedule": {"warmup_steps": 3, "warmup_epochs": 1}}, "'warmup_epochs' or 'warmup_steps'"),
        ({"foreground_share": "all"}, "foreground_share"),
        ({"foreground_share": 1.5}, "foreground_share"),
        ({"image_threshold": "bright"}, "image_threshold"),
        ({"validations": "every_step"}, "validations"),
        ({"validations": {"every_steps": 0}}, "validations"),
    ],
)
def test_a_wrong_length_or_place_of_patches_is_refused(training, message):
    with pytest.raises(UserError, match=message) as raised:
        load_experiment(demo(**override("paseg_stage1", training=training)))
    assert "\n" not in str(raised.value)
    assert "training" in str(raised.value)


def test_a_training_without_a_length_is_refused():
    content = load_method("dense")
    del content["training"]["epochs"]
    with pytest.raises(UserError, match="method.yaml: training: key 'steps' or 'epochs' is missing"):
        checked_method(content, "method.yaml")


def test_epochs_take_the_place_of_steps_and_the_other_way_round():
    training = {"steps": 5, "schedule": {"warmup_steps": 2, "decay": "cosine"}}
    counted = merged(training, {"epochs": 3, "schedule": {"warmup_epochs": 1}})
    assert counted == {"epochs": 3, "schedule": {"decay": "cosine", "warmup_epochs": 1}}
    assert merged(counted, training) == training


@pytest.mark.parametrize(
    "change",
    [
        override(
            "unetr_pseudo", regularisers={"kl_divergence": {"weight": 0}, "gated_crf": {"weight": 0, "radius": 5}}
        ),
        override("pw4medseg", target={"form": "hard", "threshold": 0.3}, loss={"soft_dice": {}}),
        override("pseudo_label", prediction={"threshold": 0.4}),
        override("dense", loss={"partial_dice_ce": {}}),
        override("partial_ce", regularisers={"variance": {"weight": 0.1, "ramp_up": 0.5}}),
    ],
)
def test_a_default_and_a_key_with_an_effect_are_accepted(change):
    assert load_experiment(demo(**change)).methods


RECIPE = {
    "method": "test",
    "spacing": 2.0,
    "intensity": {"window": [0, 100]},
    "network": {"unet": {"channels": [2, 4, 8]}},
    "loss": {"dice_ce": {}},
    "training": {"patch_size": [16, 16, 16], "steps": 2, "optimizer": {"adamw": {"learning_rate": 0.01}}},
}
NAN = float("nan")
BAD_VALUES = [
    ({"spacing": NAN}, "'spacing' is"),
    ({"spacing": float("inf")}, "'spacing' is"),
    ({"spacing": 0}, "spacing"),
    ({"seed": 2**32}, "seed must be a whole number"),
    ({"threads": 10**9}, "threads must be a whole number"),
    ({"intensity": {}}, "intensity must be a window or percentiles"),
    ({"intensity": {"window": [0, NAN]}}, "'intensity.window' is nan"),
    ({"intensity": {"window": [5, 5]}}, "intensity must be"),
    ({"intensity": {"percentiles": [0, 101]}}, "intensity must be"),
    ({"prediction": {"passes": 10**12}}, "prediction.passes"),
    ({"prediction": {"threshold": NAN}}, "'prediction.threshold' is nan"),
    ({"target": {"threshold": NAN}}, "'target.threshold' is nan"),
    ({"prediction": {"overlap": NAN}}, "'prediction.overlap' is nan"),
    ({"training": RECIPE["training"] | {"patch_size": [0, 16, 16]}}, "patch_size"),
    ({"training": RECIPE["training"] | {"patch_size": [2**20] * 3}}, "training.patch_size must be three whole numbers"),
    ({"training": RECIPE["training"] | {"optimizer": {"adamw": {"learning_rate": NAN}}}}, "learning_rate"),
    ({"regularisers": {"gated_crf": {"weight": float("inf")}}}, "gated_crf.weight"),
    ({"loss": {"dice_ce": {}}, "regularisers": {"kl_divergence": {"weight": 0.3}}}, "kl_divergence.weight"),
    ({"loss": {"hinge": {}}}, "loss must be one of ce, "),
    ({"loss": []}, ""),
    ({"network": {"vnet": {}}}, ""),
    ({"network": []}, ""),
    ({"network": {"unet": None}}, ""),
    ({"training": RECIPE["training"] | {"devices": 0}}, ""),
    ({"training": RECIPE["training"] | {"augmentation": []}}, ""),
    ({"selection": 7}, "selection"),
    ({"distillation": 5}, ""),
    ({"target": {"form": "fuzzy"}}, "form"),
]


@pytest.mark.parametrize("with_jsonschema", [True, False])
@pytest.mark.parametrize(("change", "message"), BAD_VALUES, ids=[str(change)[:50] for change, _ in BAD_VALUES])
def test_a_recipe_with_a_bad_value_is_refused_even_without_jsonschema(change, message, with_jsonschema, monkeypatch):
    if not with_jsonschema:
        monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(UserError) as raised:
        checked_recipe(RECIPE | change, "recipe.yaml")
    assert message in str(raised.value)
    assert str(raised.value).startswith("recipe.yaml: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("missing", ["method", "spacing", "intensity", "loss", "training", "network"])
def test_a_recipe_without_a_key_is_refused_even_without_jsonschema(missing, monkeypatch):
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    with pytest.raises(UserError, match=missing):
        checked_recipe({key: value for key, value in RECIPE.items() if key != missing}, "recipe.yaml")


def test_the_schema_and_the_code_bound_the_passes_alike():
    passes = schema("method")["properties"]["prediction"]["properties"]["passes"]
    assert passes["maximum"] == MOST_PASSES
