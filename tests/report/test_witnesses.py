"""What the report says of MedPy's values."""

import json

import pytest
from small_experiment import report, small_experiment

from weakseg3d.report.results import Results
from weakseg3d.report.witnesses import agreement

OURS = {"dice": 0.9, "hd95": 3.0}


def write(results, *verdicts):
    """Write what the witness says of the first cells, one verdict each."""
    record = Results(results)
    for cell, verdict in zip(record.cells, verdicts, strict=False):
        path = record.witness(cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        values = {"case": "c1", "weakseg3d": OURS, "medpy": OURS, "agrees": verdict}
        path.write_text(json.dumps(values), encoding="utf-8")


@pytest.fixture
def results(tmp_path):
    return small_experiment(tmp_path)


def test_agreement_is_counted_and_empty_masks_are_not(results):
    write(results, True, None, True)
    sentence, warnings = agreement(Results(results))
    assert sentence == "agrees with MedPy in 2 of 2 cases, one of each cell (Dice and HD95)"
    assert warnings == []


def test_a_case_that_differs_is_named(results):
    write(results, True, False)
    sentence, [warning] = agreement(Results(results))
    assert sentence.startswith("agrees with MedPy in 1 of 2 cases")
    method = Results(results).cells[1]["method"]
    assert "case c1" in warning
    assert method in warning


def test_without_a_witness_nothing_is_claimed(results):
    assert agreement(Results(results)) == (None, [])
    write(results, None)
    assert agreement(Results(results)) == (None, [])


@pytest.mark.parametrize("content", ["", "[]", "{}", "{"])
def test_a_damaged_witness_is_a_warning(results, content):
    write(results, True)
    path = Results(results).witness(Results(results).cells[0])
    path.write_text(content, encoding="utf-8")
    sentence, [warning] = agreement(Results(results))
    assert sentence is None
    assert str(path) in warning


def test_tables_and_page_say_it(results, capsys):
    write(results, True, False)
    report(results)
    for product in ("tables/main.md", "report.html"):
        assert "agrees with MedPy in 1 of 2 cases" in (results / product).read_text(encoding="utf-8")
    assert "MedPy&#39;s values of case c1" in (results / "report.html").read_text(encoding="utf-8")
