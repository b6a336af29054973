"""Commands of somebody else's programs: words with placeholders, and what is refused."""

import re

import pytest
import yaml

from weakseg3d.errors import UserError
from weakseg3d.experiment.experiment import pseudo_label_part
from weakseg3d.experiment.external_commands import check_pattern, command_words
from weakseg3d.experiment.external_facts import gets_annotations, target_of
from weakseg3d.experiment.recipes import checked_method

CLICKS = {"annotation": {"seven-points": {"margin": 3.0}}}
COMMANDS = {"train": "run {cases} {recipe} {out}", "predict": "run {model} {images} {out}"}
PROMPTED = "run {annotations} {recipe} {images} {out}"


LABELLED = {
    "description": "Ours, on their labels.",
    "supervision": "weak",
    **CLICKS,
    "network": {"unet": {"channels": [2, 4, 8]}},
    "loss": {"dice_ce": {}},
    "training": {"patch_size": [16, 16, 16], "steps": 3, "optimizer": {"adamw": {}}},
}


def labelled(program=None, **changes):
    """Return a method that learns from the labels of a program."""
    return LABELLED | {"pseudo_label": {"external": {"predict": PROMPTED} | (program or {})}} | changes


def method(external=None, **changes):
    content = {"description": "Theirs.", "supervision": "weak", **CLICKS, "external": COMMANDS | (external or {})}
    return {key: value for key, value in (content | changes).items() if value is not None}


def untrained(predict, more=None, **changes):
    return method(**{"supervision": "none"} | changes) | {"external": {"predict": predict} | (more or {})}


def test_a_placeholder_stays_within_its_word_whatever_it_stands_for():
    values = {"cases": "/a b/$(rm x); 'c'", "out": "{cases}"}
    assert command_words("run '--in={cases}' \"x y\" {out}", values) == [
        "run",
        "--in=/a b/$(rm x); 'c'",
        "x y",
        "{cases}",
    ]


def test_the_kind_of_target_follows_from_the_keys_of_the_method():
    assert target_of(checked_method(method(), "m.yaml")) == "annotation"
    assert target_of(checked_method(method(pseudo_label={"geodesic": {}}), "m.yaml")) == "sparse"
    soft = method(annotation={"points": {}}, pseudo_label={"gaussian": {"sigma": 5.0}})
    assert target_of(checked_method(soft, "m.yaml")) == "soft"
    dense = method(supervision="dense", annotation={"none": {}})
    assert target_of(checked_method(dense, "m.yaml")) == "mask"


def test_a_program_without_training_may_get_the_annotations_of_what_it_segments():
    prompted = checked_method(untrained(PROMPTED), "m.yaml")
    automatic = checked_method(untrained("run {images} {out}", annotation={"none": {}}), "m.yaml")
    assert (target_of(prompted), gets_annotations(prompted)) == (None, True)
    assert (target_of(automatic), gets_annotations(automatic)) == (None, False)
    assert not gets_annotations(checked_method(method(), "m.yaml"))


def test_a_programs_label_is_a_mask_or_soft_and_another_one_if_anything_is_said_otherwise():
    learnt = method(pseudo_label={"external": {"predict": PROMPTED, "probabilities": True}})
    assert target_of(checked_method(learnt, "m.yaml")) == "soft"
    variants = [{}, {"name": "balls"}, {"settings": {"radius": 3}}, {"environment": "venv"}, {"probabilities": True}]
    choices = [checked_method(labelled(variant), "m.yaml")["pseudo_label"] for variant in variants]
    parts = [pseudo_label_part(choice) for choice in choices]
    assert len(set(parts)) == len(parts)
    assert [re.fullmatch(r"(\w+)_sha-[0-9a-f]{8}", part)[1] for part in parts] == [
        "external",
        "balls",
        *["external"] * 3,
    ]


MISTAKES = [
    (labelled({"predict": "run {images} {out}"}), r"pseudo_label.external.predict lacks \{annotations\}"),
    (labelled({"predict": PROMPTED + " {model}"}), r"pseudo_label.external.predict has the placeholder \{model\}"),
    (labelled({"predict": PROMPTED + " {program}"}), "but pseudo_label.external.program names no file"),
    (labelled({"program": "nowhere.py"}), "nowhere.py: no such file"),
    (labelled({"environment": "envs/nowhere.yaml"}), "envs/nowhere.yaml: no such file"),
    (labelled({"train": "run {cases} {out}"}), "unknown key 'train' in 'pseudo_label.external'"),
    (labelled({"name": "../up"}), "pseudo_label.external.name"),
    (labelled(annotation={"none": {}}), "weak supervision needs an annotation"),
    (labelled(target={"form": "hard"}), "on pseudo label 'external', which has no values between 0 and 1"),
    (labelled({"probabilities": True}, loss={"partial_ce": {}}), "of which the soft pseudo label 'external' has"),
    (
        labelled(supervision="none", control="pseudo_label", network=None, loss=None, training=None),
        "cannot show what a program makes of test cases; give the program under 'external'",
    ),
    (
        labelled(mixed={"clicked": {"cases": 1, **CLICKS, "pseudo_label": {"external": {"predict": "run {out}"}}}}),
        r"pseudo_label.external.predict lacks \{annotations\}",
    ),
    (method({"train": "run {cases}"}), r"external.train lacks \{out\}"),
    (method({"train": "run {cases} {out} {model}"}), r"has the placeholder \{model\}; use \{cases\}, \{out\}"),
    (method({"predict": "run '{model} {images} {out}"}), "external.predict cannot be split into words"),
    (method({"predict": ""}), "external.predict is empty"),
    (method({"train": "run {program} {cases} {out}"}), "external.program names no file"),
    (method({"program": "nowhere.py"}), "nowhere.py: no such file"),
    (method({"environment": "envs/nowhere.yaml"}), "envs/nowhere.yaml: no such file"),
    (method({"gpus": 2}), "external.gpus"),
    (method({"trian": "x"}), "did you mean 'train'"),
    (method(loss={"dice_ce": {}}), "'loss' has no effect beside 'external'"),
    (method(selection="weak_labels"), "selection weak_labels has no effect beside 'external'"),
    (method(target={"form": "hard"}), "target.form hard has no effect"),
    (method(supervision="none"), "a trained method needs 'weak' or 'dense'"),
    (method(annotation={"none": {}}), "weak supervision needs an annotation"),
    (method(supervision="dense"), "an annotation has no effect with dense supervision"),
    (method(pseudo_label={"slices": {}}), "cannot be made of annotation 'seven-points'"),
    (method(control="truth"), "give 'control' or 'external', not both"),
    (method({"predict": "run {model} {annotations} {images} {out}"}), "a method that is trained gets no annotations"),
    (
        untrained("run {model} {images} {out}"),
        r"has the placeholder \{model\}; use \{images\}, \{out\}, \{annotations\}",
    ),
    (untrained("run {annotations} {images}"), r"external.predict lacks \{out\}"),
    (untrained(PROMPTED, supervision="weak"), "without external.train nothing is learnt; set 'supervision: none'"),
    (untrained(PROMPTED, annotation={"none": {}}), "but 'annotation' is none"),
    (untrained("run {images} {out}"), "an annotation has no effect without external.train"),
    (untrained(PROMPTED, pseudo_label={"geodesic": {}}), "'pseudo_label' has no effect without external.train"),
    (
        untrained(PROMPTED, images={"train": {"noise": {"std": 0.1}}}),
        "'images.train' has no effect without external.train",
    ),
    (untrained(PROMPTED, {"resume": True}), "external.resume True has no effect without external.train"),
    (method(external=None) | {"predictions": "a/{case}.nii.gz"}, "give 'external' or 'predictions', not both"),
]


@pytest.mark.parametrize(("content", "message"), MISTAKES, ids=[m for _, m in MISTAKES])
def test_a_mistake_in_a_method_is_named(content, message):
    with pytest.raises(UserError, match=message):
        checked_method({key: value for key, value in content.items() if value is not None}, "m.yaml")


@pytest.mark.parametrize(
    "pattern", ["masks/a.nii.gz", "../{case}.nii.gz", "{case}/{organs}.nii.gz", "{case}.png", "{case}{}.nii.gz"]
)
def test_a_path_to_masks_without_a_case_or_out_of_its_folder_is_refused(pattern):
    with pytest.raises(UserError, match=r"m.yaml: predictions is .*\{case\} in place of the case id"):
        check_pattern(pattern, "m.yaml")


def test_a_path_to_masks_may_lie_anywhere():
    check_pattern("/data/{dataset}/{organ}/seed {seed}/{case}.nii.gz", "m.yaml")


def test_a_changed_program_is_another_recipe(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    digests = []
    for text in ("print(1)", "print(2)"):
        (tmp_path / "theirs.py").write_text(text, encoding="utf-8")
        content = yaml.safe_load(yaml.safe_dump(method({"program": "theirs.py"})))
        digests.append(checked_method(content, "m.yaml")["external"]["sha256"])
    assert digests[0] != digests[1]
