"""The quality of the pseudo label over the factors of a study."""

import pandas as pd
import pytest
from drawing import draw
from metrics_rows import table_of

from weakseg3d.report.figures.pseudo_label_quality import pseudo_label_figure


def variants(method="pseudo_label"):
    return pd.concat(
        table_of(
            {
                f"{method}+clicks-{clicks}+sigma-{sigma}": {
                    case: value * (0.5 + clicks / 100 - sigma / 100) for case in "ab"
                }
                for clicks in (5, 50)
                for sigma in (3, 10)
            },
            metric,
        )
        for metric, value in (("dice", 1), ("hd95", 10))
    )


def test_numeric_factors_give_lines():
    rows = pd.concat([variants(), variants("pw4medseg")])
    dice, hd95 = draw(pseudo_label_figure(rows))
    assert (dice.get_ylabel(), hd95.get_ylabel(), dice.get_xlabel()) == ("Dice", "HD95 (mm)", "clicks")
    lines = {line.get_label(): line for line in dice.lines}
    assert list(lines["3"].get_xdata()) == [5, 50]
    assert list(lines["3"].get_ydata()) == pytest.approx([0.52, 0.97])
    assert list(hd95.lines[1].get_ydata()) == pytest.approx([4.5, 9])


def test_named_levels_are_points():
    rows = table_of({f"pseudo_label+kind-{kind}": {"a": 0.5, "b": 0.7} for kind in ("box", "slices")})
    dice, _ = draw(pseudo_label_figure(rows))
    assert [label.get_text() for label in dice.get_xticklabels()] == ["box", "slices"]
    assert dice.lines[0].get_linestyle() == "None"


def test_without_variants_of_the_pseudo_label_there_is_no_figure():
    assert pseudo_label_figure(variants("pw4medseg")) is None
