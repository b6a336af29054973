"""The figure of the ranking shows ranks as squares and shares of resamples as circles."""

import pandas as pd
import pytest
from drawing import draw
from metrics_rows import table_of

from weakseg3d.report.figures.ranking_stability import LARGEST, ranking_figure
from weakseg3d.statistics.ranking import ranking


def test_the_best_method_is_at_the_top_and_shares_are_areas():
    key = {"dataset": "toy", "modality": "ct", "organ": "spleen", "metric": "dice"}
    ranks = pd.DataFrame([key | {"series": "second", "rank": 2}, key | {"series": "first", "rank": 1}])
    shares = pd.DataFrame(
        [key | {"series": name, "rank": rank, "share": 0.75 if (name == "first") == (rank == 1) else 0.25}
         for name in ("first", "second") for rank in (1, 2)]
    )  # fmt: skip
    (panel,) = draw(ranking_figure(ranks, shares))
    assert [label.get_text() for label in panel.get_yticklabels()] == ["first", "second"]
    assert panel.yaxis_inverted()
    circles, squares = panel.collections
    areas = {
        tuple(place): area / LARGEST for place, area in zip(circles.get_offsets(), circles.get_sizes(), strict=True)
    }
    assert areas == pytest.approx({(1, 0): 0.75, (2, 0): 0.25, (1, 1): 0.25, (2, 1): 0.75})
    assert sorted(map(tuple, squares.get_offsets())) == [(1, 0), (2, 1)]


@pytest.mark.parametrize("methods", [1, 2, 20])
def test_any_number_of_methods_fits(methods):
    rows = table_of({f"method_{n}": {case: 0.5 + n / 99 for case in "abc"} for n in range(methods)})
    rows = pd.concat([rows, rows.assign(metric="hd95")])
    for figure in (ranking_figure(*ranking(rows)), ranking_figure(*ranking(rows[rows["case"] == "a"]))):
        assert len(draw(figure)[0].get_yticklabels()) == min(methods, 16)
