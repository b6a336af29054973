"""The command-line options that a config decides: shell words, each quoted."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from weakseg3d.errors import UserError
from weakseg3d.experiment import options
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.provenance import provenance
from weakseg3d.experiment.report_products import figures, readable_tables

DEMO = yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text(encoding="utf-8"))
DEMO |= {"datasets": {"phantom_ct": ["spleen"]}, "uncertainty": False}
ABOUT = {"title": "Jane's clicks", "authors": ["Jane Doe", "John Roe"], "licence": "CC-BY-4.0", "date": "2026-11-27"}


def experiment(**changes):
    return load_experiment(DEMO | changes)


@pytest.mark.parametrize(
    ("values", "words"), [([], []), ("", []), ("a b", ["--x", "a b"]), (["$(rm)", -3], ["--x", "$(rm)", "-3"])]
)
def test_an_option_is_quoted_and_left_out_without_values(values, words):
    assert shlex.split(options.option("x", values)) == words


def test_raw_data_of_the_users_own_go_before_a_shared_folder():
    assert options.raw_data_options(experiment(), "phantom_ct") == ""
    shared = experiment(raw_folder="/all raw", offline=True)
    assert shlex.split(options.raw_data_options(shared, "phantom_ct")) == ["--shared", "/all raw", "--offline"]
    own = experiment(raw_folder="/all raw", raw={"phantom_ct": "o'b"})
    assert shlex.split(options.raw_data_options(own, "phantom_ct")) == ["--source", "o'b"]


def test_images_are_scaled_and_shown_as_the_dataset_says():
    assert options.intensity_options(experiment(), "phantom_ct", clipping=True).startswith("--window -")
    by_share = experiment(intensity={"phantom_ct": {"percentiles": [1, 99]}})
    assert options.intensity_options(by_share, "phantom_ct", clipping=True) == "--percentiles 1 99"
    assert options.intensity_options(by_share, "phantom_ct", clipping=False) == "--percentiles 0 100"
    assert options.window_options(by_share, "phantom_ct") == ""


def test_predictions_are_brought_to_the_scans_grid_and_reduced_where_the_config_says_so():
    assert options.grid_options(experiment(), "--resample-prediction") == "--resample-prediction"
    isotropic = experiment(evaluate_on="isotropic", largest_component=True)
    assert options.grid_options(isotropic, "--resample-prediction") == "--largest-component"


def test_uncertainty_maps_go_by_their_folder():
    files = {"image": "i.nii.gz", "prediction": "p.nii.gz", "uncertainty": ["a/7_uncertainty/entropy.nii.gz"]}
    assert options.file_options(files) == "--image i.nii.gz --prediction p.nii.gz --uncertainty a/7_uncertainty"
    assert options.file_options(files | {"uncertainty": []}) == "--image i.nii.gz --prediction p.nii.gz"


def test_the_report_hears_of_the_origin_and_of_what_selected_each_model():
    words = shlex.split(options.report_options(experiment(methods=["paseg_stage1", "truth"], seeds=[3, 4])))
    assert {"experiment=demo", "seeds=3 4", "paseg_stage1=weak_labels"} <= set(words)
    assert not [word for word in words if word.startswith("truth=")]
    assert "--published" not in words
    published = experiment(report={"published": "values of others.csv", "means_without_missed": True})
    words = shlex.split(options.report_options(published))
    assert words[words.index("--published") + 1] == "values of others.csv"
    assert "--means-without-missed" in words


def test_tables_and_figures_follow_from_what_is_trained():
    controls = experiment(methods=["truth", "empty"])
    assert readable_tables(controls) == ["overview", "main", "main_wide", "against_best", "ranking", "overall_ranking"]
    assert figures(controls) == ["overview", "dice_boxplot", "ranking", "overall_ranking"]
    trained = experiment(uncertainty=True)
    assert readable_tables(trained)[6:] == ["networks", "break_even", "uncertainty", "risk_coverage", "cost/cost"]
    assert figures(trained)[4:] == ["break_even", "training", "reliability"]


def test_the_report_hears_when_the_effort_of_each_method_is_paid():
    words = shlex.split(options.report_options(experiment(methods=["paseg_stage1", "dense", "pseudo_label", "truth"])))
    paid = words[words.index("--paid") + 1 : words.index("--scans-to-come")]
    assert paid == ["paseg_stage1=once", "dense=once", "pseudo_label=per_scan"]
    assert words[words.index("--scans-to-come") + 1] == "300"


def test_provenance_leads_from_a_cell_to_its_models():
    record = provenance(experiment(methods=["paseg", "truth"]), {"experiment": "demo"})
    paseg, truth = record["cells"]
    folder = "7_models/phantom_ct/spleen/seven-points_margin-3.0_seed-0"
    assert paseg["model"] == f"{folder}/paseg/seed-0"
    assert paseg["first_stages"] == [f"{folder}/paseg_stage1/seed-0", f"{folder}/paseg_stage1_attention_unet/seed-0"]
    assert truth["model"] is None
    assert record["datasets"]["phantom_ct"]["cases"]["test"] == ["0007", "0008", "0009", "0010"]


def test_provenance_leads_from_a_cell_to_what_made_its_labels():
    label = {
        "external": {"name": "theirs", "environment": "/home/me/venv", "predict": "run {annotations} {images} {out}"}
    }
    chosen = experiment(methods=["paseg_stage1", "unet_pseudo"], overrides={"unet_pseudo": {"pseudo_label": label}})
    record = provenance(chosen, {})
    ours, theirs = record["cells"]
    (path,) = theirs["label_runs"]
    name = record["pseudo_labels"][-1]
    assert re.fullmatch(r"theirs_sha-[0-9a-f]{8}", name)
    assert path == f"6_pseudo_labels/phantom_ct/spleen/{theirs['annotation']}/{name}/run.json"
    assert "label_runs" not in ours
    said = record["methods"]["unet_pseudo"]["supervision"]["pseudo_label"]
    assert said == {"theirs": {"sha": name.removeprefix("theirs_sha-")}}, "tables show no path of a machine"


def test_provenance_names_the_annotations_of_all_shares():
    scribbles = {"annotation": {"scribbles": {"every": 5}}, "pseudo_label": {"scribbles-gaussian": {"sigma": 8.0}}}
    mixed = {"drawn": {"cases": 1, "supervision": "dense"}, "curves": {"cases": 1, **scribbles}}
    chosen = experiment(methods=["pw4medseg"], overrides={"pw4medseg": {"mixed": mixed}})
    (cell,) = provenance(chosen, {})["cells"]
    drawn, curves, clicks = cell["shares"]
    assert (drawn, curves.partition("_")[0], clicks.partition("_")[0]) == ("dense", "scribbles", "points")


def test_provenance_leaves_out_what_is_said_of_a_release():
    config = {"experiment": "demo", "release": ABOUT}
    assert provenance(experiment(release=ABOUT), config)["config"] == {"experiment": "demo"}


def test_a_release_is_described_by_the_config():
    words = options.release_options(experiment(release=ABOUT | {"doi": "10.5281/zenodo.1", "people": True}))
    described = ["--title", "Jane's clicks", "--authors", "Jane Doe", "John Roe", "--licence", "CC-BY-4.0"]
    assert shlex.split(words) == [*described, "--date", "2026-11-27", "--doi", "10.5281/zenodo.1", "--people"]


def test_a_release_must_be_described():
    with pytest.raises(UserError, match="the config has no 'release'.* with title, authors, licence and date"):
        options.release_options(experiment())


@pytest.mark.parametrize("key", ["title", "authors", "licence", "date"])
def test_a_release_without_one_of_its_facts_is_refused(key):
    with pytest.raises(UserError, match=f"the config: key '{key}' is missing in 'release'; add it"):
        experiment(release={name: value for name, value in ABOUT.items() if name != key})


def test_the_day_of_a_release_may_be_a_date_of_yaml():
    day = yaml.safe_load("2026-11-27")
    assert experiment(release=ABOUT | {"date": day}).release["date"] == "2026-11-27"


@pytest.mark.parametrize("day", ["2026-02-30", "27.11.2026", yaml.safe_load("2026-11-27 10:00:00")])
def test_the_day_of_a_release_must_be_one(day):
    with pytest.raises(UserError, match="release.date"):
        experiment(release=ABOUT | {"date": day})
