"""Which files each step reads: decided from a cell, with cases one by one and in batches."""

from pathlib import Path

import pytest
import yaml

from weakseg3d.experiment.experiment import Cell, Evaluation
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.stage_files import StageFiles

CLICKS = "points_number-100_candidate_share-0.5_background-0_seed-0"
GAUSSIAN = "gaussian_sigma-12.0"
DEMO = yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text(encoding="utf-8"))
DEMO |= {"datasets": {"phantom_mr": ["liver"]}, "uncertainty": False, "batch": "case"}

WEAK = Cell("phantom_mr", "liver", CLICKS, "pw4medseg", 0)
DENSE = Cell("phantom_mr", "liver", "dense", "dense", 0)


def files(**changes):
    return StageFiles(load_experiment(DEMO | changes))


def names(found):
    return [path.removeprefix("results/demo/") for path in found]


@pytest.mark.parametrize(
    ("batch", "cases", "folder"), [("case", ["1", "2", "3", "4", "5", "6"], ""), ("split", ["@train"], "batches/")]
)
def test_a_training_reads_images_and_targets_of_training_cases_alone(batch, cases, folder):
    demo, end = files(batch=batch), ".json" if folder else ""
    labels = f"6_pseudo_labels/phantom_mr/liver/{CLICKS}/{GAUSSIAN}"
    assert names(demo.training_images(WEAK)) == [f"{folder}3_isotropic/phantom_mr/{c}/image.npy{end}" for c in cases]
    assert names(demo.training_targets(WEAK)) == [f"{folder}{labels}/{c}.npy{end}" for c in cases]
    assert names(demo.training_targets(DENSE)) == [f"{folder}4_masks/phantom_mr/liver/{c}.npy{end}" for c in cases]


def test_a_method_without_clipping_reads_arrays_of_its_own():
    unclipped = {"paseg": {"clipping": False}, "paseg_stage1": {"clipping": False}}
    demo = files(overrides=unclipped)
    cell = WEAK._replace(annotation="seven-points_margin-3.0_seed-0", method="paseg_stage1")
    assert names(demo.training_images(cell))[0] == "3_isotropic/phantom_mr/1/unclipped_image.npy"
    assert names(demo.training_images(WEAK))[0] == "3_isotropic/phantom_mr/1/image.npy"
    assert demo.experiment.recipe("phantom_mr", "paseg_stage1", 0)["intensity"] == {"percentiles": [0, 100]}
    stages = demo.experiment.methods["paseg_stage1_attention_unet"]
    assert not stages["clipping"], "a distillation and the networks it starts from see the same images"


def test_the_list_of_cases_names_files_seen_from_its_own_folder():
    for batch in ("case", "split"):
        lines = files(batch=batch).training_lines(WEAK)
        loop, line = lines.removesuffix("; done").split('; do echo "')
        assert loop.startswith("for case in 1 2 ")
        case, image, label = line.removesuffix('"').split(",")
        assert case == "$case"
        folder = Path(f"results/demo/7_models/phantom_mr/liver/{CLICKS}/pw4medseg")
        assert (folder / image).resolve() == Path("results/demo/3_isotropic/phantom_mr/$case/image.npy").resolve()
        assert label.endswith(f"6_pseudo_labels/phantom_mr/liver/{CLICKS}/{GAUSSIAN}/$case.npy")


def test_cases_select_a_model_only_where_the_method_says_so():
    demo = files()
    cell = WEAK._replace(annotation="seven-points_margin-3.0_seed-0", method="paseg_stage1")
    assert demo.validation_cases(WEAK) == demo.validation_images(WEAK) == demo.validation_targets(WEAK) == []
    assert names(demo.validation_cases(cell)) == [
        f"7_models/phantom_mr/liver/{cell.annotation}/paseg_stage1/validation.csv"
    ]
    assert demo.validation_images(cell) == demo.training_images(cell), "no case is marked 'validation'"


def test_a_distillation_starts_from_the_models_of_its_students():
    cell = WEAK._replace(annotation="seven-points_margin-3.0_seed-0", method="paseg", seed=3)
    stages = [path.split("/")[-3:] for path in files().first_stages(cell)]
    assert stages == [[name, "seed-3", "model.pt"] for name in ("paseg_stage1", "paseg_stage1_attention_unet")]


def test_predictions_are_compared_on_the_grid_that_the_config_names():
    evaluation = Evaluation(*WEAK, "7")
    original, isotropic = files(evaluate_on="original"), files(evaluate_on="isotropic")
    assert names([original.reference(evaluation)]) == ["4_masks/phantom_mr/liver/original/7.nii.gz"]
    assert names([isotropic.reference(evaluation)]) == ["4_masks/phantom_mr/liver/7.nii.gz"]
    assert names([original.evaluated_image(evaluation)]) == ["2_cases/phantom_mr/7/image.nii.gz"]
    assert names([isotropic.evaluated_image(evaluation)]) == ["3_isotropic/phantom_mr/7/image.nii.gz"]


def test_a_control_copies_the_reference_or_the_pseudo_label():
    control = Evaluation("phantom_mr", "liver", CLICKS, "pseudo_label", 0, "7")
    assert names([files().control_source(control)]) == [
        f"6_pseudo_labels/phantom_mr/liver/{CLICKS}/{GAUSSIAN}/7.nii.gz"
    ]
    truth = control._replace(annotation="none", method="truth")
    assert files().control_source(truth) == files().reference(truth)


def test_controls_have_no_uncertainty():
    demo = files(uncertainty=True)
    maps = [Path(path).name for path in demo.uncertainty(Evaluation(*WEAK, "7"))]
    assert maps == ["probability.nii.gz", "entropy.nii.gz", "variance.nii.gz"]
    assert demo.uncertainty(Evaluation("phantom_mr", "liver", "none", "truth", 0, "7")) == []
    assert files().uncertainty(Evaluation(*WEAK, "7")) == files().uncertainty_patterns() == []


def test_the_effort_of_full_supervision_is_that_of_the_masks():
    assert names(files().measured(DENSE))[0] == "4_masks/phantom_mr/liver/1.nii.gz"
    assert names(files().measured(WEAK))[0] == f"5_annotations/phantom_mr/liver/{CLICKS}/1.mrk.json"
    assert files(batch="split").annotations_of_cases(WEAK, "train") == files().measured(WEAK)


def test_the_effort_of_what_is_paid_per_scan_is_that_of_the_test_cases():
    control = WEAK._replace(method="pseudo_label")
    cases = [Path(path).name for path in files().measured(control, "test")]
    assert cases == [f"{case}.mrk.json" for case in files().experiment.datasets["phantom_mr"].cases("test")]
    assert f"results/demo/5_annotations/phantom_mr/liver/{CLICKS}/effort_test.csv" in files().effort()


def test_all_cells_are_evaluated_on_all_test_cases():
    demo = files()
    assert len(demo.metrics()) == len(demo.experiment.cells()) * 4
    assert demo.metrics() == demo.metrics_of_cases() == files(batch="split").metrics_of_cases()
    assert len(files(batch="split").metrics()) == len(demo.experiment.cells())


def test_pictures_leave_out_the_variants_of_a_study():
    study = {"methods": ["pw4medseg"], "factors": {"sigma": {5: {"pseudo_label": {"gaussian": {"sigma": 5.0}}}}}}
    demo = files(methods=["dense"], study=study)
    assert names(demo.pictures()) == ["figures/overlays/phantom_mr/liver/dense.png"]
    assert not [path for path in demo.shown_volumes() if "pw4medseg" in path]
    assert len(demo.runs()) == 4
