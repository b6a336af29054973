"""Mixed supervision: which training case is taught by what, decided before anything runs."""

from types import SimpleNamespace

import pytest
import yaml

from weakseg3d.errors import UserError
from weakseg3d.experiment.annotator_pairs import pairs
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.mixture import divided, shares_of
from weakseg3d.experiment.people import people_of, people_of_part
from weakseg3d.experiment.recipes import checked_method
from weakseg3d.experiment.stage_files import StageFiles
from weakseg3d.files import PROJECT

SOFT_SCRIBBLES = {"annotation": {"scribbles": {"every": 5}}, "pseudo_label": {"scribbles-gaussian": {"sigma": 8.0}}}
MIXED = {"outlines": {"cases": 1, "supervision": "dense"}, "curves": {"cases": 2, **SOFT_SCRIBBLES}}
DEMO = yaml.safe_load((PROJECT / "config/demo-full.yaml").read_text(encoding="utf-8"))


def method(**changes):
    content = {
        "description": "Clicks, scribbles and outlines.",
        "supervision": "weak",
        "annotation": {"points": {"number": 20}},
        "pseudo_label": {"gaussian": {"sigma": 10.0}},
        "mixed": MIXED,
        "network": {"unet": {"channels": [2, 4, 8]}},
        "loss": {"soft_ce_dice": {}},
        "training": {"patch_size": [16, 16, 16], "steps": 2, "optimizer": {"adamw": {"learning_rate": 0.01}}},
    }
    return checked_method(content | changes, "mine.yaml")


def experiment(batch="case", **changes):
    overrides = {"pw4medseg": {"mixed": MIXED}} | changes
    return load_experiment(DEMO | {"methods": ["pw4medseg"], "overrides": overrides, "batch": batch})


def test_the_first_cases_of_the_split_have_the_first_shares():
    shares = divided(method(), "abcde", lambda name, case: True)
    assert shares == {"a": "outlines", "b": "curves", "c": "curves", "d": "rest", "e": "rest"}


def test_a_case_has_the_first_share_that_it_has_something_for():
    content = method(mixed={"outlines": {"supervision": "dense"}, "curves": SOFT_SCRIBBLES})
    given = {"a": {"points"}, "b": {"scribbles", "points"}, "c": {"dense", "points"}, "d": set(), "e": {"scribbles"}}

    def has(name, case):
        share = shares_of(content)[name]
        return (share["supervision"] if share["supervision"] == "dense" else next(iter(share["annotation"]))) in given[
            case
        ]

    assert divided(content, given, has) == {"a": "rest", "b": "curves", "c": "outlines", "d": None, "e": "curves"}


def test_a_program_labels_the_cases_of_its_share_alone_unless_a_batch_is_made_as_a_whole():
    program = {"external": {"name": "theirs", "predict": "run {annotations} {images} {out}", "probabilities": True}}
    mixed = {"clicks": {"cases": 2, "annotation": {"points": {"number": 9}}, "pseudo_label": program}}
    for batch in ("case", "split"):
        chosen = experiment(batch, pw4medseg={"mixed": mixed})
        (label,) = chosen.external_labels()
        (annotation,) = (part for part in chosen.annotations() if "number-9_" in part)
        cell = SimpleNamespace(dataset="phantom_ct", organ="spleen", annotation=annotation, pseudo_label=label)
        files, train = StageFiles(chosen), chosen.datasets["phantom_ct"].cases("train")
        assert files.labelled_cases(cell) == (train[:2] if batch == "case" else train)
        assert len(files.label_inputs(cell)) == (4 if batch == "case" else 2)


def test_a_share_is_the_method_with_another_supervision():
    shares = shares_of(method())
    assert list(shares) == ["outlines", "curves", "rest"]
    assert shares["outlines"]["supervision"] == "dense"
    assert shares["curves"]["pseudo_label"] == {"scribbles-gaussian": {"sigma": 8.0}}
    assert shares["curves"]["annotation"]["scribbles"]["margin"] == 5.0
    assert all("mixed" not in share and share["network"] == method()["network"] for share in shares.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mixed": {"curves": {"annotation": {"scribbles": {}}}}}, "mixed.curves needs the key 'pseudo_label'"),
        ({"mixed": {"curves": {"supervision": "dense", **SOFT_SCRIBBLES}}}, "mixed.curves.annotation has no effect"),
        ({"mixed": {"rest": {"supervision": "dense"}}}, "'mixed.rest' is what the other cases are called"),
        ({"mixed": {"a_b": {"supervision": "dense"}}}, "a_b"),
        ({"mixed": {"a\n": {"supervision": "dense"}}}, "a"),
        ({"mixed": {}}, "mixed"),
        ({"mixed": {"x": {"cases": 0, "supervision": "dense"}}}, "'mixed.x.cases' does not fit"),
        (
            {"mixed": {"x": {"annotation": {"scribbles": {}}, "pseudo_label": {"scribbles": {}}}}},
            "loss 'soft_ce_dice' cannot leave out the unknown voxels of pseudo label 'scribbles'",
        ),
        (
            {"mixed": {"x": {"annotation": {"scribbles": {}}, "pseudo_label": {"gaussian": {}}}}},
            "pseudo label 'gaussian' cannot be made of annotation 'scribbles'",
        ),
        ({"supervision": "dense", "annotation": {"none": {}}}, "'mixed' needs 'supervision: weak'"),
    ],
)
def test_a_mistake_in_a_method_is_one_sentence(change, message):
    with pytest.raises(UserError) as raised:
        method(**change)
    assert message in str(raised.value)


def test_sparse_losses_learn_from_one_volume_at_a_time():
    sparse = {
        "pseudo_label": {"points": {}},
        "loss": {"partial_ce": {}},
        "mixed": {"outlines": {"cases": 1, "supervision": "dense"}},
    }
    training = {"patch_size": [16, 16, 16], "steps": 2, "optimizer": {"adamw": {}}}
    assert method(**sparse, training=training)
    with pytest.raises(UserError, match=r"training.volumes_per_step to 1, so that every case counts alike"):
        method(**sparse, training=training | {"volumes_per_step": 2})


def test_without_people_a_share_says_how_many_cases_it_is_for():
    with pytest.raises(UserError, match=r"mixed.outlines needs 'cases', as nobody annotated the spleen"):
        experiment(pw4medseg={"mixed": {"outlines": {"supervision": "dense"}}})


@pytest.mark.parametrize("batch", ["case", "split"])
def test_the_graph_has_the_files_of_every_share(batch):
    planned = experiment(batch)
    files = StageFiles(planned)
    cell = next(cell for cell in planned.cells() if cell.dataset == "phantom_ct")
    assert cell.annotation.startswith("mixed_outlines-1_curves-2_rest-points_sha-")
    assert cell.annotation.endswith("_seed-0")
    targets = files.training_targets(cell)
    train = planned.datasets["phantom_ct"].cases("train")
    number = [len([path for path in targets if part in path]) for part in ("/4_masks/", "/scribbles_", "/points_")]
    assert number == ([1, 2, len(train) - 3] if batch == "case" else [1, 1, 1])
    lines = files.training_lines(cell).split("; done")
    assert [line.partition("; do")[0].strip("; ") for line in lines[:3]] == [
        f"for case in {train[0]}",
        f"for case in {train[1]} {train[2]}",
        "for case in " + " ".join(train[3:]),
    ]
    tables = files.efforts_of_mixture(cell)
    assert list(tables.values()) == [train[:1], train[1:3], train[3:]]
    assert "/dense/effort.csv" in next(iter(tables))
    assert len(files.effort()) == 2  # of the mixtures in two datasets, gathered from six tables


def test_another_share_has_another_path():
    first, other = (
        experiment(pw4medseg={"mixed": {"outlines": {"cases": n, "supervision": "dense"}}}).cells()[0].annotation
        for n in (1, 2)
    )
    assert first != other
    assert "outlines-1" in first


PEOPLE = {"phantom_ct": {"spleen": {"files": "clicks/{annotator}/{case}.mrk.json", "annotators": ["ann", "bo"]}}}


def test_a_study_of_two_factors_compares_annotators_at_each_level_of_the_other():
    factors = {
        "annotator": {name: {"annotated_by": name} for name in ("ann", "bo")},
        "sigma": {str(mm): {"pseudo_label": {"gaussian": {"sigma": mm}}} for mm in (5.0, 10.0)},
    }
    study = {"methods": ["pw4medseg"], "factors": factors}
    config = DEMO | {"datasets": {"phantom_ct": ["spleen"]}, "methods": ["truth"], "overrides": {}, "study": study}
    found = pairs(load_experiment(config | {"annotations": PEOPLE, "seeds": [0, 1]}))
    names = [name for _, _, name in found]
    assert sorted(name for name in names if name.startswith("labels")) == [
        "labels_pw4medseg+sigma-10.0_ann_bo",
        "labels_pw4medseg+sigma-5.0_ann_bo",
    ]
    assert len([name for name in names if name.startswith("predictions")]) == 4


@pytest.mark.parametrize("mixed", [{}, {"mixed": MIXED}])
@pytest.mark.parametrize("people", [{}, {"annotations": PEOPLE}])
def test_an_annotator_whom_nobody_knows_is_named(mixed, people):
    config = DEMO | {"methods": ["pw4medseg"], "overrides": {"pw4medseg": {"annotated_by": "bob"} | mixed}}
    with pytest.raises(UserError, match=r"method 'pw4medseg': nobody called 'bob' annotated"):
        load_experiment(config | people)


@pytest.mark.parametrize("name", ["ann\n", "a_b", "..", "a/b", ""])
def test_an_annotators_name_is_a_word(name):
    files = {"files": "clicks/{annotator}/{case}.mrk.json", "annotators": [name]}
    with pytest.raises(UserError, match="annotations"):
        load_experiment(
            DEMO | {"methods": ["pw4medseg"], "overrides": {}, "annotations": {"phantom_ct": {"spleen": files}}}
        )


def given(entry):
    return people_of({"spleen": entry}, {"organs": {"spleen": [1]}}, "", "dataset 'hospital'")["spleen"]


def test_people_give_several_kinds_and_several_annotators():
    people = given(
        [
            {"files": "clicks/{annotator}/{case}.mrk.json", "annotators": ["ann", "bo"], "seconds": "{annotator}.csv"},
            {"files": "drawn/{case}.nii.gz", "unknown": [0], "kind": "slices"},
        ]
    )
    assert [each.annotator for each in people] == ["ann", "bo", ""]
    assert [each.files for each in people][:2] == [["clicks/ann/{case}.mrk.json"], ["clicks/bo/{case}.mrk.json"]]
    assert people[1].times == "bo.csv"
    assert people_of_part(people, "people_points_annotator-bo") == people[1]
    assert people_of_part(people, "people_slices") == people[2]
    assert people_of_part(people, "people_scribbles") is None


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"files": "clicks/{case}.mrk.json", "annotators": ["ann"]}, "write {annotator} in it"),
        ({"files": "clicks/{annotator}/{case}.mrk.json"}, "name them under 'annotators'"),
        ({"files": "clicks/{case}.mrk.json", "kind": "slices"}, "kind is 'slices', which is saved as label maps"),
        ({"files": "clicks/{case}.mrk.json", "kind": "dots"}, "unknown annotation 'dots'"),
    ],
)
def test_a_mistake_about_people_is_one_sentence(entry, message):
    with pytest.raises(UserError) as raised:
        given(entry)
    assert message in str(raised.value)
