"""Several simulated annotators: which cells they give, and from which files each of them learns."""

import json
from pathlib import Path

import pytest
import yaml

from weakseg3d.errors import UserError
from weakseg3d.experiment.annotation_seeds import seed_of, with_seed, without_seed
from weakseg3d.experiment.annotator_pairs import pairs
from weakseg3d.experiment.experiment import Evaluation
from weakseg3d.experiment.from_config import load_experiment
from weakseg3d.experiment.options import footer
from weakseg3d.experiment.stage_files import StageFiles

DEMO = yaml.safe_load((Path(__file__).parents[2] / "config/config.yaml").read_text(encoding="utf-8"))
DEMO |= {"datasets": {"phantom_mr": ["liver"]}, "uncertainty": False, "batch": "case"}
SEVERAL = {"seeds": [0, 1], "annotation_seeds": [3, 4, 5]}
SHARES = {"outlines": {"supervision": "dense", "cases": 2}}


def demo(**changes):
    return load_experiment(DEMO | changes)


def annotators(experiment, method):
    """Return ``{(training seed, annotation seed), ...}`` of the cells of a method, as a sorted list."""
    cells = [cell for cell in experiment.cells() if cell.method == method]
    return sorted((cell.seed, seed_of(cell.annotation)) for cell in cells)


def test_names():
    assert with_seed("points_number-5", 12) == "points_number-5_seed-12"
    assert (seed_of("points_number-5_seed-12"), without_seed("points_number-5_seed-12")) == (12, "points_number-5")
    for part in ("dense", "none", "people_points_annotator-ann"):
        assert (seed_of(part), without_seed(part)) == (None, part)


def test_a_single_annotator_changes_no_path():
    assert demo(annotation_seeds=[7]).cells() == demo(annotation_seed=7).cells()
    assert demo(annotation_seeds=[0]).cells() == demo().cells()
    assert footer(demo(annotation_seeds=[0])) == footer(demo())


def test_annotators_are_crossed_with_seeds_where_something_is_simulated():
    experiment = demo(**SEVERAL)
    crossed = [(seed, annotator) for seed in (0, 1) for annotator in (3, 4, 5)]
    assert annotators(experiment, "pw4medseg") == annotators(experiment, "paseg") == crossed
    assert annotators(experiment, "pseudo_label") == [(0, 3), (0, 4), (0, 5)], "a control has one training seed"
    assert annotators(experiment, "dense") == [(0, None), (1, None)]
    assert annotators(experiment, "truth") == [(0, None)]
    assert footer(experiment)["annotations"] == "simulated, seeds 3, 4, 5"


def test_masks_made_elsewhere_are_evaluated_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config/methods").mkdir(parents=True)
    given = {"description": "Masks.", "supervision": "weak", "annotation": {"points": {"number": 9}}}
    given |= {"predictions": "masks/{case}.nii.gz"}
    (tmp_path / "config/methods/given.yaml").write_text(yaml.safe_dump(given), encoding="utf-8")
    assert annotators(demo(**SEVERAL, methods=["given", "pw4medseg"]), "given") == [(0, 3)]


@pytest.mark.parametrize("mixed", [False, True])
def test_every_cell_reads_the_files_of_its_own_annotator_alone(mixed):
    overrides = {"pw4medseg": DEMO.get("overrides", {}).get("pw4medseg", {}) | {"mixed": SHARES}} if mixed else {}
    experiment = demo(**SEVERAL, methods=["pw4medseg", "paseg"], overrides=overrides)
    files = StageFiles(experiment)
    for cell in experiment.cells():
        own = f"_seed-{seed_of(cell.annotation)}/"
        read = files.training_targets(cell) + files.validation_targets(cell) + files.first_stages(cell)
        read += [files.training_lines(cell), files.model(cell), files.path("{annotation}/", cell)]
        read = " ".join(read).replace(f"seed-{cell.seed}/model.pt", "model.pt")
        assert own in read
        assert not any(f"_seed-{other}/" in read for other in (3, 4, 5) if f"_seed-{other}/" != own)


def test_a_mixture_has_one_name_for_all_annotators_but_for_its_seed():
    mixed = {"pw4medseg": {"mixed": SHARES}}
    experiment = demo(**SEVERAL, methods=["pw4medseg"], overrides=mixed)
    parts = experiment.annotations_of("pw4medseg", "phantom_mr", "liver")
    assert len(parts) == 3
    assert len({without_seed(part) for part in parts}) == 1
    assert set(experiment.mixtures()) == set(parts)
    (cell, *_) = [cell for cell in experiment.cells() if cell.annotation == parts[2]]
    tables = StageFiles(experiment).efforts_of_mixture(cell)
    assert any("_seed-5/" in table for table in tables)
    assert not any("_seed-3/" in table for table in tables)


PEOPLE = {"phantom_mr": {"liver": [{"files": "{annotator}/{case}.mrk.json", "annotators": ["ann"]}]}}


def test_people_are_not_repeated_and_are_compared_with_the_first_simulated_annotator():
    levels = {"simulated": {"annotated_by": "simulated"}, "ann": {"annotated_by": "ann"}}
    study = {"methods": ["pw4medseg"], "factors": {"who": levels}}
    experiment = demo(**SEVERAL, methods=["dense"], study=study, annotations=PEOPLE)
    assert annotators(experiment, "pw4medseg+who-ann") == [(0, None), (1, None)]
    assert len(annotators(experiment, "pw4medseg+who-simulated")) == 6
    found = pairs(experiment)
    assert len(found) == 3, "labels once, predictions with both training seeds"
    assert {frozenset(pair.names) for pair in found.values()} == {frozenset(("simulated", "ann"))}
    assert {seed_of(cell.annotation) for pair in found.values() for cell in pair.cells} == {None, 3}


def test_pictures_and_new_scans_show_the_first_annotator():
    experiment = demo(**SEVERAL)
    files = StageFiles(experiment)
    drawn = [cell for cell in experiment.cells() if cell.method == "pw4medseg"][-1]
    picture = Evaluation(*drawn, "x")
    shown = type("Shown", (), picture._asdict() | {"picture": "overlays"})
    assert "_seed-3/pw4medseg/seed-0/" in files.overlay(shown)["prediction"]
    assert "_seed-3/pw4medseg/seed-1/" in files.models_of_organs(drawn._replace(seed=1))[0]


def test_meaningless_combinations_are_refused():
    with pytest.raises(UserError, match="both 'annotation_seed' and 'annotation_seeds'; keep one"):
        demo(annotation_seed=0, annotation_seeds=[0, 1])
    with pytest.raises(UserError, match="'annotation_seeds' in the config has no effect.*; remove it"):
        demo(annotation_seeds=[0, 1], methods=["dense", "truth"], overrides={})
    with pytest.raises(UserError, match="annotation_seeds"):
        demo(annotation_seeds=[0, 0])


def test_recipes_do_not_depend_on_the_annotator():
    experiment = demo(**SEVERAL, methods=["pw4medseg"], overrides={})
    recipes = {json.dumps(experiment.recipe("phantom_mr", "pw4medseg", cell.seed)) for cell in experiment.cells()}
    assert len(recipes) == 2
