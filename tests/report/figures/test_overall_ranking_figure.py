"""The figure of the ranking over all organs."""

import matplotlib as mpl
import pandas as pd
from compared_methods import METHODS, rows_of

from weakseg3d.report.figures.overall_ranking import overall_ranking_figure
from weakseg3d.report.tables.against_best import compared_rows
from weakseg3d.report.tables.measures import SHOWN
from weakseg3d.statistics.overall_ranking import overall_ranking

mpl.use("Agg")


def panels(rows):
    ranks, shares, _ = overall_ranking(compared_rows(rows, SHOWN), resamples=200)
    return [axes for axes in overall_ranking_figure(ranks, shares).axes if axes.get_visible()]


def test_lines_separate_groups_and_organs_are_resampled_if_there_are_enough():
    one = rows_of(METHODS)
    (dice, hd95) = panels(one)
    assert [text.get_text() for text in dice.get_yticklabels()] == ["strong", "middle", "weak"]
    # Eight cases, three tests: 3 x 2 / 2^8 = 0.023 for each pair, so every method is a group of its own.
    assert len(dice.lines) == len(hd95.lines) == 2
    three = pd.concat([one, rows_of(METHODS, organ="liver"), rows_of(METHODS, organ="kidney")])
    titles = [axes.get_title(loc="left") for axes in panels(three)]
    assert titles == [
        *("Dice\ncases resampled", "Dice\norgans resampled"),
        *("HD95\ncases resampled", "HD95\norgans resampled"),
    ]


def test_too_few_cases_have_no_groups():
    rows = rows_of(METHODS)
    assert not panels(rows[rows["case"].isin(["a", "b", "c"])])[0].lines
