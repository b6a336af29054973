"""Messages show foreign text in one line, shortened, without control characters."""

import pytest

from weakseg3d.errors import LONGEST_QUOTE, printable, quoted


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("liver", "'liver'"),
        (3, "'3'"),
        ("a\nb\r\tc", "'a?b??c'"),
        ("\x1b[31mred\x07", "'?[31mred?'"),
        ("M\udcfcller", "'M?ller'"),
        ("\u202egnp.exe", "'?gnp.exe'"),
        ("Müller 腫瘍", "'Müller 腫瘍'"),
    ],
)
def test_a_quoted_value_is_printable(value, shown):
    assert quoted(value) == shown
    quoted(value).encode()


def test_a_long_value_is_shortened():
    assert quoted("x" * LONGEST_QUOTE) == f"'{'x' * LONGEST_QUOTE}'"
    assert quoted("x" * 1_000_000) == f"'{'x' * LONGEST_QUOTE}…'"


def test_a_path_is_shown_in_full():
    assert printable("/data/" + "x" * 200 + "\n") == "/data/" + "x" * 200 + "?"


def test_a_number_that_python_refuses_to_print_is_described():
    assert quoted(10**5000) == "'a number that is too long to print'"
