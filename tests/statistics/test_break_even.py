"""Break-even of efforts, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weakseg3d.statistics.break_even import Payment, break_even


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Payment(140, 0), Payment(0, 7), 21),  # 20 scans of 7 clicks: after 20 scans the same, from the 21st on less
        (Payment(139, 0), Payment(0, 7), 20),
        (Payment(0, 0), Payment(0, 7), 1),  # no click at all
        (Payment(0, 0), Payment(0, 0), None),  # equal is not less
        (Payment(140, 0), Payment(0, 0), None),
        (Payment(100, 2), Payment(20, 7), 17),  # 100 + 2 n < 20 + 7 n from n = 16 + 1 on
        (Payment(20, 7), Payment(100, 2), None),  # less at first, but not from some scan on
        (Payment(5, 3), Payment(6, 3), 1),
        (Payment(3 * 0.1, 0), Payment(0, 0.1), 4),  # 3 * 0.1 / 0.1 is 3.0000000000000004
    ],
)
def test_by_hand(first, second, expected):
    assert break_even(first, second) == expected


efforts = st.builds(Payment, st.integers(0, 10_000), st.integers(0, 100))


@given(efforts, efforts)
def test_it_is_the_first_scan_from_which_on_the_total_is_smaller(first, second):
    scans = break_even(first, second)
    if scans is None:
        assert first.total(10**7) >= second.total(10**7)
        return
    assert first.total(scans) < second.total(scans)
    assert first.total(scans + 1000) < second.total(scans + 1000)
    if scans > 1:
        assert first.total(scans - 1) >= second.total(scans - 1)
