"""The card of an exported model where the experiment lacks something; a whole one is in the end-to-end test."""

import json

import pytest
from small_experiment import small_experiment

from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.report.results import Results
from weakseg3d.segmentation.model_card import model_card


def cell_of(results):
    return next(cell for cell in results.cells if cell["model"])


@pytest.mark.parametrize("damage", [lambda run: run.pop("cases"), lambda run: run["recipe"].pop("spacing", None)])
def test_a_damaged_record_of_the_training_is_named(tmp_path, damage):
    results = Results(small_experiment(tmp_path))
    path = results.model(cell_of(results), "run.json")
    run = json.loads(path.read_text(encoding="utf-8"))
    run |= {"cases": ["1"], "recipe": run["recipe"] | {"spacing": 2.0, "intensity": {"window": [0, 1]}}}
    path.write_text(json.dumps(run), encoding="utf-8")
    assert model_card(results, cell_of(results))["training_cases"] == 1
    damage(run)
    path.write_text(json.dumps(run), encoding="utf-8")
    with pytest.raises(UserError, match=r"run\.json: does not say what was learnt from"):
        model_card(results, cell_of(results))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"organ": "blop"}, "unknown organ 'blop'"),
        ({"method": "truth"}, "trains no model"),
        ({"seed": "9"}, "seed '9'"),
    ],
)
def test_a_cell_that_has_no_model_is_named_and_nothing_is_written(tmp_path, capsys, changed, message):
    folder = small_experiment(tmp_path)
    cell = {key: str(value) for key, value in cell_of(Results(folder)).items()}
    names = {key: cell[key] for key in ("dataset", "organ", "method", "seed")} | changed
    options = [word for key, value in names.items() for word in (f"--{key}", value)]
    out = tmp_path / "out" / "model.pt"
    assert main(["export", str(folder), *options, "--out", str(out)]) == 2
    assert message in capsys.readouterr().err
    assert not out.parent.exists()
