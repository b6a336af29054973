"""What the graph of jobs promises: weak training sees no dense mask, and no training sees a test case."""

import json
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
import yaml

from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.paths import UNCLIPPED
from weakseg3d.jobs.batches import of_case
from weakseg3d.texts import read_yaml

PROJECT = Path(__file__).parents[2]

SPLIT = {"train": [1, 2], "validation": [3], "test": [4]}


def graph_of(config, folder):
    """Return the experiment of a config, its jobs and, for every file, the job that makes it.

    The record of a batch goes by the name of a case's file, with the batch for the case.
    """
    command = [sys.executable, Path(__file__).with_name("list_jobs.py"), PROJECT / "workflow" / "Snakefile", config]
    listed = subprocess.run(command, capture_output=True, encoding="utf-8", cwd=folder)
    assert listed.returncode == 0, listed.stderr
    jobs = json.loads(listed.stdout)
    for job in jobs:
        for key in ("input", "output"):
            job[key] = [of_case(path, "", "") for path in job[key]]
    return load_experiment(read_yaml(config)), jobs, {path: job for job in jobs for path in job["output"]}


CONFIGS = ["config.yaml", "la2018.yaml", "paper.yaml", "annotations.yaml", "effort.yaml", "nnunet.yaml", "prompts.yaml"]


GRAPHS = [*product(CONFIGS, ["case"]), ("config.yaml", "split"), ("paper.yaml", "split")]


@pytest.fixture(scope="module", params=GRAPHS, ids=" ".join)
def graph(request, tmp_path_factory):
    name, batch = request.param
    folder = tmp_path_factory.mktemp("dag")
    config = read_yaml(PROJECT / "config" / name) | {"batch": batch}
    config.pop("raw", None)  # It names a folder of the user's, which has to exist.
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return graph_of(folder / "config.yaml", folder)


LEARNT = """\
description: A U-Net learns from what a program makes of the clicks on training scans.
supervision: weak
annotation: {seven-points: {margin: 3.0}}
pseudo_label: {external: {name: theirs, predict: "run {annotations} {images} {out}"}}
network: {unet: {channels: [2, 4, 8]}}
loss: {dice_ce: {}}
training: {patch_size: [16, 16, 16], steps: 3, optimizer: {adamw: {}}}
"""


def write_method(folder, name, text):
    (folder / "config/methods").mkdir(parents=True, exist_ok=True)
    (folder / f"config/methods/{name}.yaml").write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def validated_graph(tmp_path_factory):
    """Of a config in which PA-Seg's first stage is selected by dense masks, its second by weak labels.

    Beside it is a network that a program's labels train and select.
    """
    folder = tmp_path_factory.mktemp("validated")
    write_method(folder, "learnt", LEARNT + "selection: weak_labels\n")
    lines = [f"{case:04d},{part}" for part, cases in SPLIT.items() for case in cases]
    (folder / "split.csv").write_text("\n".join(["case,split", *lines]) + "\n", encoding="utf-8")
    config = {
        "experiment": "validated",
        "datasets": {"phantom_ct": ["spleen"]},
        "methods": ["paseg", "learnt"],
        "preset": "cpu",
        "overrides": {"paseg_stage1": {"selection": "dense_validation"}},
        "splits": {"phantom_ct": str(folder / "split.csv")},
        "spacing": 5.0,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return graph_of(folder / "config.yaml", folder)


TUNED = {
    "experiment": "tuned",
    "datasets": {"phantom_ct": ["spleen"]},
    "methods": ["truth"],
    "study": {
        "methods": ["unet_pseudo", "paseg"],
        "factors": {"clicks": {7: {"annotation": {"points": {"number": 7}}}}},
        "select": {
            "settings": {
                "unet_pseudo": {"sigma": {8: {"pseudo_label": {"gaussian": {"sigma": 8.0}}}, 12: {}}},
                "paseg": {"threshold": {0.1: {"pseudo_label": {"geodesic": {"threshold": 0.1}}}, 0.3: {}}},
            },
        },
    },
    "preset": "cpu",
    "spacing": 5.0,
}


@pytest.fixture(scope="module", params=["weak case", "dense split"])
def tuned_graph(request, tmp_path_factory):
    """Of a study that chooses among two settings of two methods, one of them a distillation."""
    labels, batch = request.param.split()
    folder = tmp_path_factory.mktemp("tuned")
    lines = [f"{case:04d},{part}" for part, cases in SPLIT.items() for case in cases]
    (folder / "split.csv").write_text("\n".join(["case,split", *lines]) + "\n", encoding="utf-8")
    config = TUNED | {"splits": {"phantom_ct": str(folder / "split.csv")}, "batch": batch}
    config["study"] = config["study"] | {"select": config["study"]["select"] | {"labels": labels}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return labels, batch, graph_of(folder / "config.yaml", folder)


PROMPTED = """\
description: Gets the clicks on the scan itself.
supervision: none
annotation: {seven-points: {margin: 3.0}}
external: {predict: "run {annotations} {recipe} {images} {out}"}
"""
AUTOMATIC = """\
description: Gets no click at all.
supervision: none
annotation: {none: {}}
external: {predict: "run {images} {out}"}
"""


@pytest.fixture(scope="module")
def prompted_graph(tmp_path_factory):
    """Of a config with programs that nobody trains, beside networks that learn from the same clicks."""
    folder = tmp_path_factory.mktemp("prompted")
    for name, text in (("prompted", PROMPTED), ("automatic", AUTOMATIC), ("learnt", LEARNT)):
        write_method(folder, name, text)
    config = {
        "experiment": "prompted",
        "datasets": {"phantom_ct": ["spleen"]},
        "methods": ["prompted", "automatic", "paseg_stage1", "learnt", "pseudo_label"],
        "seeds": [0, 1],
        "annotation_seeds": [0, 1],
        "spacing": 5.0,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return graph_of(folder / "config.yaml", folder)


def upstream(job, makers, stop_at=()):
    """Yield every file above a job; do not look above jobs of the rules in ``stop_at``."""
    waiting, seen = list(job["input"]), set()
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        yield path
        maker = makers.get(path)
        if maker and maker["rule"] not in stop_at:
            waiting += maker["input"]


def is_dense(path):
    return "/4_masks/" in path or path.endswith(("/label.nii.gz", "/label.npy"))


def trainings(jobs):
    return [job for job in jobs if job["rule"] in ("train", "distill", "external_train")]


def cases_above(job, makers):
    """Return the cases of all files above a job."""
    made = [makers[path]["wildcards"] for path in upstream(job, makers) if path in makers]
    return {wildcards["case"] for wildcards in made if "case" in wildcards}


def test_weak_training_sees_a_dense_mask_only_through_annotation(graph):
    experiment, jobs, makers = graph
    weak = [job for job in trainings(jobs) if experiment.methods[job["wildcards"]["method"]]["supervision"] == "weak"]
    assert weak
    for job in weak:
        assert not [path for path in upstream(job, makers, stop_at=["annotate"]) if is_dense(path)]
        assert [path for path in upstream(job, makers) if is_dense(path)]


def test_dense_training_is_seen_to_be_dense(graph):
    experiment, jobs, makers = graph
    for job in trainings(jobs):
        if experiment.methods[job["wildcards"]["method"]]["supervision"] == "dense":
            assert [path for path in upstream(job, makers, stop_at=["annotate"]) if is_dense(path)]


def test_training_reads_arrays_and_each_is_made_of_the_volume_beside_it(graph):
    _, jobs, makers = graph
    for job in [job for job in trainings(jobs) if job["rule"] != "external_train"]:
        arrays = {path for path in job["input"] if path.endswith(".npy")}
        others = {Path(path).name for path in job["input"]} - {Path(path).name for path in arrays}
        models = {"model.pt"} if job["rule"] == "distill" else set()
        assert others - {"validation.csv"} == {"recipe.yaml", "cases.csv"} | models
        for path in arrays:
            # An array whose intensities are not clipped is made of the same volume, under a name of its own.
            volume = path.removesuffix(".npy").replace(f"/{UNCLIPPED}", "/") + ".nii.gz"
            assert makers[path]["input"] == [volume]


def test_a_program_of_somebody_elses_gets_volumes_and_is_given_no_test_case_before_it_predicts(graph):
    experiment, jobs, makers = graph
    for job in [job for job in jobs if job["rule"] == "external_train"]:
        files = [path for path in job["input"] if path.endswith(".nii.gz")]
        dense = experiment.methods[job["wildcards"]["method"]]["supervision"] == "dense"
        cases = experiment.datasets[job["wildcards"]["dataset"]].cases("train")
        assert len(files) == 2 * len(cases)
        assert sum("/4_masks/" in path for path in files) == dense * len(cases)
    for job in [job for job in jobs if job["rule"] == "external_predict"]:
        images = [path for path in job["input"] if path.endswith(".nii.gz")]
        assert {makers[path]["wildcards"]["case"] for path in images} == set(
            experiment.batches(job["wildcards"]["dataset"], "test")
        )


def test_no_training_sees_a_test_case(graph):
    experiment, jobs, makers = graph
    for job in trainings(jobs):
        assert cases_above(job, makers) == set(experiment.batches(job["wildcards"]["dataset"], "train"))


def test_a_distillation_starts_from_its_two_first_stages(graph):
    experiment, jobs, makers = graph
    for job in jobs:
        if job["rule"] == "distill":
            wildcards = job["wildcards"]
            models = [makers[path]["wildcards"] for path in job["input"] if path.endswith("/model.pt")]
            students = experiment.students(wildcards["method"])
            assert [model["method"] for model in models] == [experiment.model_of(student) for student in students]
            assert all(model[key] == wildcards[key] for model in models for key in wildcards if key != "method")


def test_selection_by_dense_masks_sees_those_of_validation_cases_alone(validated_graph):
    _, jobs, makers = validated_graph
    stages = {job["wildcards"]["method"]: job for job in trainings(jobs)}
    masks = [path for path in upstream(stages["paseg_stage1"], makers, stop_at=["annotate"]) if "/4_masks/" in path]
    assert {Path(path).name.partition(".")[0] for path in masks} == {"0003"}
    weak = stages["paseg_stage1_attention_unet"]
    assert not [path for path in upstream(weak, makers, stop_at=["annotate"]) if is_dense(path)]
    assert cases_above(weak, makers) == {"0001", "0002", "0003"}, "weak labels of validation cases select it"
    assert "0004" not in cases_above(stages["paseg"], makers)


def test_no_test_case_and_no_unasked_mask_chooses_among_settings(tuned_graph):
    labels, batch, (experiment, jobs, makers) = tuned_graph
    test = set(experiment.batches("phantom_ct", "test"))
    choosing = [job for job in jobs if job["rule"] in ("validate", "select", "train", "distill")]
    assert {job["rule"] for job in choosing} == {"validate", "select", "train", "distill"}
    for job in choosing:
        assert not test & cases_above(job, makers), f"{job['rule']} sees a test case"
        dense = [path for path in upstream(job, makers, stop_at=["annotate"]) if is_dense(path)]
        expected = labels == "dense" and job["rule"] in ("validate", "select")
        assert bool(dense) == expected
        if dense:
            named = {makers[path]["wildcards"]["case"] for path in dense if "/4_masks/" in path}
            assert named == set(experiment.batches("phantom_ct", "validation"))


def test_test_cases_are_segmented_with_chosen_models_alone(tuned_graph):
    _, batch, (experiment, jobs, makers) = tuned_graph
    predictions = [job for job in jobs if job["rule"] == "predict"]
    assert {job["wildcards"]["method"] for job in predictions} == set(experiment.selected())
    for job in predictions:
        (model,) = [path for path in job["input"] if path.endswith("/model.pt")]
        assert makers[model]["rule"] == "select"
        trials = experiment.trials(job["wildcards"]["method"])
        read = [makers[path] for path in makers[model]["input"] if path.endswith("/scores.csv")]
        assert [scored["wildcards"]["method"] for scored in read] == list(trials)
        assert {scored["rule"] for scored in read} == {"validate"}


def jobs_with_test_annotations(experiment, jobs):
    """Return the jobs that read an annotation of a test case, and those cases."""
    found = []
    for job in jobs:
        files = [path for path in job["input"] if "/5_annotations/" in path and path.endswith(".mrk.json")]
        cases = {Path(path).name.partition(".")[0] for path in files}
        tested = cases & set(experiment.datasets["phantom_ct"].cases("test"))
        found += [(job, tested)] * bool(tested)
    return found


def test_clicks_on_test_scans_go_to_prompted_predictions_and_nowhere_else(prompted_graph):
    experiment, jobs, makers = prompted_graph
    readers = jobs_with_test_annotations(experiment, jobs)
    assert {job["rule"] for job, _ in readers} == {"external_predict", "test_effort", "pseudo_label"}
    tested = set(experiment.datasets["phantom_ct"].cases("test"))
    for job, cases in readers:
        if job["rule"] == "external_predict":
            assert job["wildcards"]["method"] == "prompted"
            assert cases == tested == cases_above(job, makers), "no training case is above it"
    labels = [path for job, _ in readers if job["rule"] == "pseudo_label" for path in job["output"]]
    assert {job["rule"] for job in jobs if set(labels) & set(job["input"])} == {"control"}
    for job in trainings(jobs):
        assert not tested & cases_above(job, makers)


def test_a_prediction_without_training_sees_no_label_but_through_the_annotator(prompted_graph):
    experiment, jobs, makers = prompted_graph
    predictions = [job for job in jobs if job["rule"] == "external_predict"]
    methods = [job["wildcards"]["method"] for job in predictions]
    assert sorted(methods) == ["automatic", "prompted", "prompted"], "one seed, as nothing is trained; two annotators"
    for job in predictions:
        assert not [path for path in upstream(job, makers, stop_at=["annotate"]) if is_dense(path)]
        prompted = job["wildcards"]["method"] == "prompted"
        assert any(is_dense(path) for path in upstream(job, makers)) == prompted
    assert {name: experiment.paid(name) for name in experiment.shown} == {
        "prompted": "per_scan",
        "automatic": "never",
        "paseg_stage1": "once",
        "learnt": "once",
        "pseudo_label": "per_scan",
    }


def test_a_program_makes_labels_of_training_scans_alone_once_for_each_annotator(prompted_graph):
    experiment, jobs, makers = prompted_graph
    labels = [job for job in jobs if job["rule"] == "external_label"]
    assert sorted(job["wildcards"]["annotation"] for job in labels) == experiment.annotations_of(
        "learnt", "phantom_ct", "spleen"
    ), "whatever the number of training seeds"
    for job in labels:
        given = [path for path in job["input"] if path.endswith((".nii.gz", ".mrk.json"))]
        cases = experiment.datasets["phantom_ct"].cases("train")
        assert sorted(makers[path]["wildcards"]["case"] for path in given) == sorted(2 * cases)
        assert cases_above(job, makers) == set(cases)
        assert not [path for path in upstream(job, makers, stop_at=["annotate"]) if is_dense(path)]


def test_a_program_makes_labels_of_validation_scans_where_those_select_a_model(validated_graph):
    _, jobs, makers = validated_graph
    (label,) = [job for job in jobs if job["rule"] == "external_label"]
    assert cases_above(label, makers) == {"0001", "0002", "0003"}
    (training,) = [job for job in trainings(jobs) if job["wildcards"]["method"] == "learnt"]
    assert cases_above(training, makers) == {"0001", "0002", "0003"}
    assert {makers[path]["rule"] for path in training["input"] if "/6_pseudo_labels/" in path} == {
        "adopted_label_array"
    }


def test_every_test_case_of_every_cell_is_evaluated(graph):
    experiment, jobs, _ = graph
    wildcards = [job["wildcards"] for job in jobs if job["rule"] == "evaluate"]
    evaluated = sum(len(experiment.cases_of(names["dataset"], names["case"])) for names in wildcards)
    assert evaluated == sum(len(experiment.datasets[cell.dataset].cases("test")) for cell in experiment.cells())


def test_in_batches_there_is_one_prediction_and_one_evaluation_per_model(graph):
    experiment, jobs, _ = graph
    if experiment.batch == "split":
        cells = [cell for cell in experiment.cells() if "control" not in experiment.methods[cell.method]]
        assert sum(job["rule"] in ("predict", "external_predict") for job in jobs) == len(cells)
        assert sum(job["rule"] == "evaluate" for job in jobs) == len(experiment.cells())
        assert sum(job["rule"] == "import_case" for job in jobs) == 2 * len(experiment.datasets)
