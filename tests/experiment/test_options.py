"""The command-line options that a config decides: shell words, each quoted."""

import shlex
from pathlib import Path

import pytest
import yaml

from weakseg3d.experiment import options
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.provenance import provenance
from weakseg3d.experiment.report_products import figures, readable_tables

DEMO = yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text(encoding="utf-8"))
DEMO |= {"datasets": {"phantom_ct": ["spleen"]}, "uncertainty": False}


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
    assert readable_tables(controls) == ["main", "main_wide", "against_best", "ranking", "overall_ranking"]
    assert figures(controls) == ["dice_boxplot", "ranking", "overall_ranking"]
    trained = experiment(uncertainty=True)
    assert readable_tables(trained)[5:] == ["networks", "break_even", "uncertainty", "risk_coverage", "cost/cost"]
    assert figures(trained)[3:] == ["break_even", "training", "reliability"]


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
