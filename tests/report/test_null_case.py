"""Two identical methods under two names: no table and no sentence tells them apart."""

import warnings

import pytest
from compared_methods import CASES, STRONG, WEAK, rows_of

from weakseg3d.report.all_tables import all_tables
from weakseg3d.report.page.summary import summary_sentences

TWINS = {"first": STRONG, "second": STRONG}
TEXT = ["dataset", "modality", "organ", "metric", "method", "series", "annotation"]


def tables_of(methods):
    rows = rows_of(methods)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return all_tables(rows), rows


@pytest.fixture(scope="module", params=[{}, {"worse": WEAK}], ids=["alone", "beside a worse one"])
def twins(request):
    return tables_of(TWINS | request.param)


def test_there_is_no_difference_and_no_p(twins):
    tables, _ = twins
    pairs = tables.numbers["comparisons"]
    pair = pairs[(pairs["first"] == "first") & (pairs["second"] == "second")]
    assert set(pair["reason"]) == {"no difference in any case"}
    assert pair[["mean_difference", "wins", "losses"]].to_numpy().tolist() == [[0, 0, 0]] * 2
    assert pair[["p", "p_holm", "effect"]].isna().all(axis=None)
    assert set(pair["favours"]) == {""}


def test_ranks_and_groups_are_shared(twins):
    tables, _ = twins
    for name, columns in (("ranking", ["rank", "mean"]), ("overall_ranking", ["rank", "mean_rank", "group"])):
        table = tables.numbers[name]
        part = table[table["series"].isin(TWINS)]
        assert part.groupby("metric")[columns].nunique(dropna=False).eq(1).all(axis=None), name
        assert (part["rank"] == 1).all()
    overall = tables.numbers["overall_ranking"].set_index("series")
    assert (overall.loc[list(TWINS), "group"] == 1).all()
    assert (overall.loc[overall.index == "worse", "group"] == 2).all()
    assert set(overall["reason"]) == {""}


def test_all_numbers_but_the_name_are_equal(twins):
    tables, _ = twins
    for name in ("main", "statistics", "ranking", "overall_ranking"):
        table = tables.numbers[name]
        column = "series" if "series" in table else "method"
        first, second = (table[table[column] == twin].drop(columns=column).reset_index(drop=True) for twin in TWINS)
        assert first.equals(second), name


def test_readers_see_both_as_the_best_and_neither_as_worse(twins):
    tables, rows = twins
    text = tables.readable["main"].text.set_index("Method")
    assert text.loc["first", "Dice ↑"] == text.loc["second", "Dice ↑"]
    assert text.loc["first", "Dice ↑"].startswith("**")
    assert "†" not in text.loc["second", "Dice ↑"]
    sentence = summary_sentences(rows, tables.numbers["main"])[1]
    assert "first and second have the best Dice, 0.845" in sentence
    assert "too few" not in sentence
    assert ("significantly better than 1 of 1 other method" in sentence) == ("worse" in text.index)


def test_a_copy_of_the_best_changes_no_verdict_on_the_others():
    alone, _ = tables_of({"first": STRONG, "worse": WEAK})
    beside, _ = tables_of(TWINS | {"worse": WEAK})
    verdicts = [tables.numbers["main"].set_index("method").loc["worse", "dice_p"] < 0.05 for tables in (alone, beside)]
    assert verdicts == [True, True]
    assert len(CASES) == 8
