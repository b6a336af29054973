"""The score of a setting: Dice over the voxels whose class is known, in exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg3d.errors import UserError
from weakseg3d.tuning.scores import CaseScore, best, check_both_classes, read_scores, score, write_scores

HALF = CaseScore("a", organ=4, background=6, found=2, wrong=2)
"""Dice = 2 · 2 / (4 + 2 + 2) = 1/2."""
FIFTH = CaseScore("b", organ=3, background=1, found=1, wrong=6)
"""Dice = 2 · 1 / (3 + 1 + 6) = 1/5."""
FAILED = CaseScore("c", organ=4, background=6, found=None, wrong=None)
UNKNOWN = CaseScore("d", organ=0, background=0, found=0, wrong=0)


def test_dice_counts_known_voxels_alone():
    assert HALF.dice() == Fraction(1, 2)
    assert FIFTH.dice() == Fraction(1, 5)
    assert CaseScore("e", organ=0, background=5, found=0, wrong=0).dice() == 1, "nothing to find, nothing found"
    assert CaseScore("e", organ=0, background=5, found=0, wrong=1).dice() == 0


def test_the_score_is_the_mean_over_cases_of_which_anything_is_known():
    assert score([HALF, FIFTH]) == Fraction(7, 20)
    assert score([HALF, UNKNOWN]) == Fraction(1, 2)
    assert score([UNKNOWN]) is None


def test_a_network_that_fails_in_one_case_has_no_score():
    assert score([HALF, FAILED, FIFTH]) is None


@pytest.mark.parametrize(
    ("scores", "place"),
    [
        ([Fraction(1, 3), Fraction(1, 2), Fraction(1, 4)], 1),
        ([Fraction(1, 3), Fraction(2, 6), Fraction(1, 4)], 0),  # a tie: the first one
        ([None, Fraction(0), Fraction(0)], 1),  # what failed is never chosen, not even over 0
        ([None, None], None),
    ],
)
def test_the_highest_score_wins_and_the_first_of_equal_ones(scores, place):
    assert best(scores) == place


counts = st.integers(0, 20)
case_scores = st.builds(
    lambda organ, background, found, wrong: CaseScore(
        "a", organ, background, min(found, organ), min(wrong, background)
    ),
    *[counts] * 4,
)


@given(st.lists(st.lists(case_scores, min_size=1, max_size=4), min_size=1, max_size=6))
def test_none_before_the_chosen_one_is_as_good_and_none_after_it_better(trials):
    scores = [score(cases) for cases in trials]
    place = best(scores)
    known = [value for value in scores if value is not None]
    if place is None:
        assert not known
        return
    assert all(value is None or value < scores[place] for value in scores[:place])
    assert all(value is None or value <= scores[place] for value in scores[place:])
    assert all(0 <= value <= 1 for value in known)


@given(st.permutations([HALF, FIFTH, UNKNOWN, CaseScore("e", 7, 7, 3, 1)]))
def test_the_order_of_the_cases_does_not_matter(cases):
    assert score(cases) == (Fraction(1, 2) + Fraction(1, 5) + Fraction(6, 11)) / 3


def test_means_that_are_equal_tie_whatever_their_rounding():
    """(1/10 + 2/10) / 2 = (3/10 + 0) / 2, but in binary numbers 0.1 + 0.2 is more than 0.3."""
    tenth, fifth = CaseScore("a", 1, 18, 1, 18), CaseScore("b", 1, 8, 1, 8)
    three_tenths, nothing = CaseScore("a", 3, 14, 3, 14), CaseScore("b", 1, 8, 0, 8)
    assert [each.dice() for each in (tenth, fifth, three_tenths)] == [Fraction(n, 10) for n in (1, 2, 3)]
    assert best([score([three_tenths, nothing]), score([tenth, fifth])]) == 0


def test_a_table_of_scores_is_read_as_it_was_written(tmp_path):
    cases = [HALF, FAILED, CaseScore("=1+1", 1, 2, 1, 0)]
    write_scores(cases, tmp_path / "scores.csv")
    assert read_scores(tmp_path / "scores.csv") == cases
    lines = (tmp_path / "scores.csv").read_text(encoding="utf-8").splitlines()
    assert lines[:3] == ["case,organ,background,found,wrong", "a,4,6,2,2", "c,4,6,,"]


@pytest.mark.parametrize("text", ["case,dice\na,0.5\n", "case,organ,background,found,wrong\na,4,6,2.5,1\n"])
def test_another_table_is_refused(tmp_path, text):
    (tmp_path / "scores.csv").write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r"scores\.csv: .*'validate'"):
        read_scores(tmp_path / "scores.csv")


def test_labels_of_one_class_cannot_choose():
    check_both_classes([HALF], "x")
    with pytest.raises(UserError, match="known to be background"):
        check_both_classes([CaseScore("a", 4, 0, 4, 0)], "x")
    with pytest.raises(UserError, match="known to be organ"):
        check_both_classes([CaseScore("a", 0, 4, 0, 0)], "x")
