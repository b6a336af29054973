"""``study.select``: as many settings of each method, and which files choose among them."""

import copy
import re
from dataclasses import replace

import pytest

from weakseg3d.errors import UserError
from weakseg3d.experiment.duration import slow_without_gpu
from weakseg3d.experiment.experiment import Cell, pseudo_label_part
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.input_files import check_input_files
from weakseg3d.experiment.options import trials_options
from weakseg3d.experiment.provenance import provenance
from weakseg3d.experiment.stage_files import StageFiles

SIGMA = {8: {"pseudo_label": {"gaussian": {"sigma": 8.0}}}, 16: {"pseudo_label": {"gaussian": {"sigma": 16.0}}}}
RATE = {"low": {"training": {"optimizer": {"adamw": {"learning_rate": 0.001}}}}, "preset": {}}
THRESHOLDS = {
    name: {"pseudo_label": {"geodesic": {"threshold": value}}}
    for name, value in (("0.1", 0.1), ("0.2", 0.2), ("0.3", 0.3), ("0.4", 0.4))
}
CONFIG = {
    "experiment": "tuned",
    "datasets": {"phantom_mr": ["liver"]},
    "methods": ["dense_unet"],
    "study": {
        "methods": ["pw4medseg", "paseg"],
        "factors": {"clicks": {n: {"annotation": {"points": {"number": n}}} for n in (7, 100)}},
        "select": {
            "settings": {"pw4medseg": {"sigma": SIGMA, "rate": RATE}, "paseg": {"threshold": THRESHOLDS}},
        },
    },
    "preset": "cpu",
    "spacing": 5.0,
}
SELECTED = ["pw4medseg+clicks-7", "pw4medseg+clicks-100", "paseg+clicks-7", "paseg+clicks-100"]


@pytest.fixture
def split(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text("case,split\n1,train\n2,train\n3,validation\n4,validation\n5,test\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def config(split):
    return copy.deepcopy(CONFIG) | {"splits": {"phantom_mr": split}}


def test_every_variant_is_tried_with_every_combination_of_its_methods_levels(config):
    experiment = load_experiment(config)
    assert experiment.shown == ["dense_unet", *SELECTED], "trials are in no table of their own"
    assert experiment.selected() == SELECTED
    assert experiment.trials("pw4medseg+clicks-7") == (
        "pw4medseg+clicks-7+sigma-8+rate-low",
        "pw4medseg+clicks-7+sigma-8+rate-preset",
        "pw4medseg+clicks-7+sigma-16+rate-low",
        "pw4medseg+clicks-7+sigma-16+rate-preset",
    )
    assert [len(experiment.trials(name)) for name in experiment.shown] == [0, 4, 4, 4, 4]
    trial = experiment.methods["pw4medseg+clicks-100+sigma-16+rate-low"]
    assert trial["annotation"]["points"]["number"] == 100
    assert trial["pseudo_label"] == {"gaussian": {"sigma": 16.0}}
    assert trial["training"]["optimizer"]["adamw"]["learning_rate"] == 0.001


def test_labels_that_a_program_makes_for_trials_are_all_counted_with_what_is_chosen(config):
    program = {"predict": "run {annotations} {images} {out}"}
    config["overrides"] = {"unet_pseudo": {"pseudo_label": {"external": program}}}
    config["study"]["methods"] = ["unet_pseudo"]
    radii = {n: {"pseudo_label": {"external": {"settings": {"radius": n}}}} for n in (10, 20)}
    config["study"]["select"]["settings"] = {"unet_pseudo": {"radius": radii}}
    experiment = load_experiment(config)
    dense, *cells = provenance(experiment, config)["cells"]
    assert (len(cells), "label_runs" in dense) == (2, False)
    for cell in cells:
        labels = [
            pseudo_label_part(experiment.methods[name]["pseudo_label"]) for name in experiment.trials(cell["method"])
        ]
        assert [path.split("/")[-2] for path in cell["label_runs"]] == labels
        assert len(set(labels)) == 2


def test_a_distillation_is_tried_with_first_stages_of_the_same_setting(config):
    experiment = load_experiment(config)
    trial = "paseg+clicks-7+threshold-0.4"
    stages = [f"{name}+clicks-7+threshold-0.4" for name in ("paseg_stage1", "paseg_stage1_attention_unet")]
    assert experiment.trained_for(trial) == [trial, *stages]
    assert experiment.methods[stages[0]]["pseudo_label"]["geodesic"]["threshold"] == 0.4
    assert len(experiment.trained_for("paseg+clicks-7")) == 4 * 3, "all trainings of all trials"
    assert not experiment.students("paseg+clicks-7")


def test_no_variant_that_is_selected_is_trained_itself(config):
    config["study"]["select"]["settings"]["pw4medseg"] = {
        "sigma": {8: SIGMA[8], 12: {}, 16: SIGMA[16], 20: RATE["low"]}
    }
    experiment = load_experiment(config)
    variant, same = "pw4medseg+clicks-7", "pw4medseg+clicks-7+sigma-12"
    assert experiment.methods[variant] == experiment.methods[same]
    assert experiment.model_of(same) == same
    assert experiment.model_of(variant) == variant
    assert not set(SELECTED) & {name for each in experiment.shown for name in experiment.trained_for(each)}


def test_the_estimate_of_the_duration_counts_all_trials(config):
    config["study"]["methods"] = ["pw4medseg"]
    config["overrides"] = {"pw4medseg": {"training": {"steps": 1_000_000}}}
    said = []
    for settings in ({"sigma": SIGMA}, {"sigma": SIGMA, "rate": RATE}):
        config["study"]["select"]["settings"] = {"pw4medseg": settings}
        said.append(slow_without_gpu(load_experiment(config)))
    times = [float(re.search(r"takes about ([\d,]+) (days|hours)", each)[1].replace(",", "")) for each in said]
    assert times[1] == pytest.approx(2 * times[0], abs=1)


CELL = Cell("phantom_mr", "liver", "points_number-7_candidate_share-0.5_background-0_seed-0", "pw4medseg+clicks-7", 0)
VALIDATION = "points_number-10_background-10_candidate_share-0.5_seed-0"


def names(found):
    return [path.removeprefix("results/tuned/") for path in found]


@pytest.mark.parametrize(("batch", "cases"), [("case", ["3", "4"]), ("split", ["@validation"])])
def test_validation_cases_alone_score_a_trial_at_annotated_voxels(config, batch, cases):
    files = StageFiles(load_experiment(config | {"batch": batch}))
    folder, end = ("", "") if batch == "case" else ("batches/", ".json")
    labels = f"{folder}6_pseudo_labels/phantom_mr/liver/{VALIDATION}/points"
    assert names(files.scored_labels(CELL)) == [f"{labels}/{case}.nii.gz{end}" for case in cases]
    images = f"{folder}3_isotropic/phantom_mr"
    assert names(files.scored_images(CELL)) == [f"{images}/{case}/image.nii.gz{end}" for case in cases]


def test_dense_masks_score_a_trial_only_where_the_config_says_so(config):
    config["study"]["select"]["labels"] = "dense"
    files = StageFiles(load_experiment(config))
    assert names(files.scored_labels(CELL)) == [f"4_masks/phantom_mr/liver/{case}.nii.gz" for case in "34"]
    assert "labels=dense" in trials_options(files, CELL)
    assert VALIDATION not in files.experiment.annotations()


def test_every_annotator_also_annotates_the_validation_cases(config):
    files = StageFiles(load_experiment(config | {"annotation_seeds": [0, 3]}))
    other = CELL._replace(annotation=CELL.annotation.replace("seed-0", "seed-3"))
    assert all("seed-3/points" in path for path in files.scored_labels(other))


def test_a_selection_reads_scores_and_models_of_its_trials_in_order(config):
    files = StageFiles(load_experiment(config))
    trials = files.experiment.trials(CELL.method)
    assert [path.split("/")[-3] for path in files.scores_of_trials(CELL)] == list(trials)
    assert [path.split("/")[-3] for path in files.models_of_trials(CELL)] == list(trials)
    words = trials_options(files, CELL).split()
    assert words[:5] == [
        "--settings",
        "sigma-8+rate-low",
        "sigma-8+rate-preset",
        "sigma-16+rate-low",
        "sigma-16+rate-preset",
    ]
    assert f"labels={VALIDATION}" in words


def change(config, *path, **keys):
    place = config["study"]["select"]
    for key in path:
        place = place[key]
    place.update(keys)


REFUSALS = {
    "another number": (
        lambda c: change(c, "settings", "paseg", threshold=dict(list(THRESHOLDS.items())[:3])),
        "tries 4 settings of 'pw4medseg' and 3 settings of 'paseg'; give every method of the study as many",
    ),
    "a method that is not tried": (
        lambda c: c["study"]["select"]["settings"].pop("paseg"),
        "tries 4 settings of 'pw4medseg' and 0 settings of 'paseg'",
    ),
    "a single setting": (
        lambda c: change(c, settings={"pw4medseg": {"sigma": {8: {}}}, "paseg": {"threshold": {"0.1": {}}}}),
        "tries one setting of each method; name at least two",
    ),
    "a method of no study": (
        lambda c: change(c, "settings", dense_unet={"rate": RATE}),
        "unknown method in 'study.select.settings' 'dense_unet'",
    ),
    "a factor": (
        lambda c: change(c, "settings", "pw4medseg", clicks=RATE),
        "'study.select.settings.pw4medseg.clicks' is also a factor of the study; rename one of the two",
    ),
    "more clicks": (
        lambda c: change(
            c, "settings", "pw4medseg", rate={"low": {}, "more": {"annotation": {"points": {"number": 9}}}}
        ),
        "changes 'annotation' in trial 'pw4medseg+clicks-7+sigma-8+rate-more'",
    ),
    "dense masks": (
        lambda c: change(c, "settings", "pw4medseg", rate={"a": {}, "b": {"selection": "dense_validation"}}),
        "changes 'selection' in trial 'pw4medseg+clicks-7+sigma-8+rate-b'",
    ),
    "the same twice": (
        lambda c: change(c, "settings", "pw4medseg", rate={"low": {}, "high": {}}),
        "tries the same setting twice, as 'pw4medseg+clicks-7+sigma-8+rate-low'",
    ),
    "no clicks outside": (
        lambda c: change(c, annotation={"points": {"number": 10}}),
        "has no clicks on the background, without which the largest mask wins; add 'background: 10'",
    ),
    "a box": (lambda c: change(c, annotation={"box": {}}), "is 'box', which tells of no voxel what it is"),
    "an unknown annotation": (
        lambda c: change(c, annotation={"point": {}}),
        "'study.select' in the config: unknown key",
    ),
    "an untrained method": (
        lambda c: (
            c["study"]["methods"].append("pseudo_label"),
            change(c, "settings", pseudo_label={"sigma": SIGMA, "again": {"a": {}, "b": {}}}),
        ),
        "cannot choose a setting of 'pseudo_label+clicks-7', which is not trained by this package",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_would_be_unfair_is_refused_in_one_sentence(config, case):
    spoil, message = REFUSALS[case]
    spoil(config)
    with pytest.raises(UserError) as refusal:
        load_experiment(config)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_without_validation_cases_nothing_is_selected(config):
    del config["splits"]
    with pytest.raises(UserError, match=r"phantom_mr\.csv: 'study\.select' in the config chooses by validation cases"):
        load_experiment(config)


def test_a_validation_case_that_nobody_can_annotate_is_refused(config):
    experiment = load_experiment(config)
    check_input_files(experiment)
    dataset = replace(experiment.datasets["phantom_mr"], unlabelled=frozenset({"4"}))
    with pytest.raises(UserError, match="validation case '4' has neither an annotation of the liver"):
        check_input_files(replace(experiment, datasets={"phantom_mr": dataset}))
