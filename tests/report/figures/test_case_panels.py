"""The panels show the worst, a median and the best case, on files whose content is known."""

import pytest
from drawing import draw
from metrics_rows import table_of
from small_experiment import small_experiment

from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.report.figures.case_panels import case_panels, ranked_cases
from weakseg3d.report.results import Results


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return Results(small_experiment(tmp_path_factory.mktemp("figures")))


def test_cases_are_ranked_without_controls():
    rows = table_of(
        {
            "weak": {"a": 0.9, "b": 0.1, "c": 0.5, "d": 0.6, "e": 0.7},
            "truth": {"a": 0.0, "b": 1.0, "c": 1.0, "d": 1.0, "e": 1.0},
        }
    )
    assert ranked_cases(rows) == {"worst": "b", "median": "d", "best": "a"}
    assert ranked_cases(rows[rows["case"] == "a"]) == {"worst": "a"}


def test_panels_have_a_row_per_case_and_a_column_per_method(results):
    rows = read_metrics(results.folder / "tables/metrics.csv")
    figure = case_panels(rows, results, ["good", "poor", "truth", "empty"])
    panels = draw(figure)
    assert len(panels) == 3 * 3
    texts = [text.get_text() for text in figure.texts]
    assert [text for text in texts if ":" in text] == ["worst: 3", "median: 2", "best: 1"]
    assert texts[3:] == ["reference", "good", "poor"]
    # The missed organ of case 3 has no contour, and its panel says so.
    assert [text.get_text() for text in panels[2].texts] == ["missed"]
    assert [len(panel.collections) for panel in panels[:3]] == [1, 2, 1]
    dice = rows[(rows["metric"] == "dice") & (rows["method"] == "good")].set_index("case")["value"]
    assert [text.get_text() for text in panels[7].texts] == [f"{dice['1']:.2f}"]


def test_an_organ_in_no_test_case_is_reported_as_absent(results):
    rows = read_metrics(results.folder / "tables/metrics.csv").assign(status="absent_in_both", value=float("nan"))
    figure = case_panels(rows, results, ["good", "poor"])
    assert [text.get_text() for text in figure.texts] == ["no test case contains the organ"]


def test_clicks_are_drawn_at_their_place_in_the_reference(results):
    rows = read_metrics(results.folder / "tables/metrics.csv")
    panels = draw(case_panels(rows, results, ["good"]))
    reference, good = panels[:2]
    assert not good.lines
    (point,) = {tuple(line.get_xydata()[0]) for line in reference.lines}
    (path,) = reference.collections[0].get_paths()
    # The click is at the centre of the organ.
    assert point == pytest.approx((path.vertices.min(axis=0) + path.vertices.max(axis=0)) / 2, abs=0.75)
