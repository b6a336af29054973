"""The question and its answer in two sentences, derived by hand: certain, uncertain, alone, too few cases, in gaps."""

import pandas as pd
import pytest
from compared_methods import METHODS, STRONG, rows_of

from weakseg3d.report.page.answer import answer, listed, question
from weakseg3d.report.tables.against_best import compared_rows
from weakseg3d.report.tables.main import main_table
from weakseg3d.report.tables.measures import SHOWN
from weakseg3d.report.tables.overview import overview_table
from weakseg3d.statistics.overall_ranking import overall_ranking

MISSED = ["missed"] * 8


def asked(rows):
    """Return the question and the answer on ``rows`` as a report has them."""
    ranks = overall_ranking(compared_rows(rows, SHOWN), resamples=10)[0]
    table = overview_table(rows, main_table(rows), ranks, SHOWN)
    return question(rows, table), answer(rows, table, SHOWN[0])


def dense(values, **labels):
    return rows_of({"whole": values}, **labels).assign(annotation="dense")


def interval(rows, method):
    row = main_table(rows).set_index("method").loc[method]
    return f"{row['dice_low']:.3f}–{row['dice_high']:.3f}"


def test_the_best_method_its_lead_and_its_distance_from_full_supervision():
    rows = pd.concat([rows_of(METHODS), dense([value + 0.01 for value in STRONG])])
    asks, (first, second) = asked(rows)
    assert asks == (
        "Which of 3 methods without dense masks segments the spleen in toy best, "
        "and how far is it from full supervision?"
    )
    # (0.80 + ... + 0.86 + 0.95) / 8 = 0.845, here the interval of the main table.
    assert first == (
        f"strong ranks first of 3: mean Dice 0.845 (95 % interval {interval(rows, 'strong')}); its effort is unknown."
    )
    assert second == (
        "Of the methods ranked below it, it is significantly better than all 2; its difference from full supervision "
        "(whole): −0.010 (95 % interval −0.010 to −0.010)."
    )


def test_methods_that_no_test_tells_apart_are_named():
    # first wins four cases by 0.03 and loses four by 0.02; last loses all: of 3 tests, each at best 3 x 2 / 2^8 = 0.02.
    other = [value + step for value, step in zip(STRONG, [-0.03, 0.02] * 4, strict=True)]
    asks, (_, second) = asked(rows_of({"first": STRONG, "other": other, "last": [0.1] * 8}))
    assert asks == "Which of 3 methods segments the spleen in toy best?"
    assert second == (
        "Of the methods ranked below it, it is significantly better than 1 of 2, but not than other; no full "
        "supervision to compare it with."
    )


def test_full_supervision_that_is_not_significantly_better_says_so():
    whole = [value + step for value, step in zip(STRONG, [0.03, -0.02] * 4, strict=True)]
    _, (_, second) = asked(pd.concat([rows_of({"strong": STRONG, "last": [0.1] * 8}), dense(whole)]))
    assert "significantly better than 1 of 1, and not significantly worse than whole; its difference" in second
    # Half of the differences are -0.03, half 0.02.
    assert "(whole): −0.005 (95 % interval −0.0" in second
    assert "to +0.0" in second


def test_the_last_method_of_all_is_better_than_none():
    _, (_, second) = asked(pd.concat([rows_of({"weak": [0.1] * 8}), dense(STRONG)]))
    assert second.startswith("No method is ranked below it; its difference from full supervision (whole): −0.745 (95 %")


def test_three_cases_have_no_interval_and_no_test():
    rows = pd.concat([rows_of(METHODS), dense(STRONG)])
    _, answers = asked(rows[rows["case"].isin(list("abc"))])
    assert answers == [
        "strong ranks first of 3: mean Dice 0.810 (too few cases for a 95 % interval); its effort is unknown.",
        "No test could tell the methods apart (3 cases, too few for a test), so their order may be chance; its "
        "difference from full supervision (whole): +0.000 (too few cases for a 95 % interval).",
    ]


def test_a_method_alone_is_compared_with_nothing():
    asks, answers = asked(rows_of({"strong": STRONG}))
    assert asks == "How well does a method segment the spleen in toy?"
    assert answers[0].startswith("strong is alone: mean Dice 0.845 (95 % interval ")
    assert answers[1] == "There is no other method to compare it with."


def test_datasets_have_values_of_their_own_over_their_organs():
    low = [value - 0.2 for value in STRONG]
    parts = [
        rows_of({"strong": STRONG}),
        rows_of({"strong": low}, organ="liver"),
        rows_of({"strong": low}, dataset="b"),
    ]
    rows = pd.concat([*parts, *(part.assign(method="weak", value=part["value"] / 2) for part in parts)])
    rows = rows.assign(effort_clicks=24.6, effort_cm=0.0)
    asks, (first, _) = asked(rows)
    assert asks == "Which of 2 methods segments 2 organs in toy and b best?"
    # The mean of 0.845 and 0.645 on the two organs of toy, and 0.645 on b.
    assert "strong ranks first of 2: mean Dice 0.745 (95 % interval " in first
    assert ") on toy and 0.645 (95 % interval " in first
    assert first.endswith("on b; its effort is 25 clicks for each organ of an annotated scan.")


def test_equal_methods_share_the_first_rank():
    _, (first, second) = asked(rows_of({"one": STRONG, "two": STRONG}))
    assert first.startswith("one shares the first rank with two: mean Dice 0.845 (")
    assert second.startswith("No method is ranked below it; ")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            rows_of({"useless": MISSED}),
            [
                "No method without dense masks can be ranked by Dice: found no organ in any case.",
                "The results of each organ say more.",
            ],
        ),
        (rows_of({"truth": [1.0] * 8}), ["This report has controls alone.", "The results of each organ say more."]),
    ],
)
def test_without_a_ranked_method_none_is_praised(rows, expected):
    assert asked(rows)[1] == expected


def test_full_supervision_alone_is_reported_as_such():
    asks, answers = asked(dense(STRONG))
    assert asks == "How well does full supervision segment the spleen in toy?"
    assert answers[0] == "There is no method without dense masks."
    assert answers[1].startswith("Full supervision (whole) has mean Dice 0.845 (95 % interval ")


def test_a_method_that_lacks_a_dataset_has_no_rank_and_no_praise():
    rows = pd.concat([rows_of({"one": STRONG}), rows_of({"two": STRONG}, dataset="b")])
    assert asked(rows)[1][0] == "No method without dense masks can be ranked by Dice: no result on some organ."
    both = pd.concat([rows, rows_of({"one": STRONG}, dataset="b")])
    assert asked(both)[1][1] == "There is no other method to compare it with on all organs."


def test_long_lists_are_cut_short():
    assert [listed("abcde"[:n]) for n in range(1, 6)] == [
        "a",
        "a and b",
        "a, b and c",
        "a, b, c and d",
        "a, b, c and 2 more",
    ]
