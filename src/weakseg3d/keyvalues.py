"""``KEY=VALUE`` arguments of the command line."""

import argparse
from collections.abc import Collection, Iterable

from weakseg3d.errors import UserError, quoted


def parse_pairs(items: Iterable[str], option: str) -> dict[str, str]:
    """Return ``["a=1", "b=2"]`` as ``{"a": "1", "b": "2"}``; ``option`` is the option that took the items.

    Raises UserError for an item without ``=`` and for a repeated key.
    """
    pairs: dict[str, str] = {}
    for item in items:
        key, separator, value = item.partition("=")
        if not (key and separator):
            raise UserError(f"{option} {quoted(item)}: must have the form KEY=VALUE")
        if key in pairs:
            raise UserError(f"{option} {quoted(item)}: the key {quoted(key)} is given twice; remove one of the two")
        pairs[key] = value
    return pairs


def add_label_option(parser: argparse.ArgumentParser) -> None:
    """Declare ``--label KEY=VALUE``, by which a row of a CSV says what it is about."""
    parser.add_argument(
        "--label",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="fill a leading column of the CSV (may be repeated)",
    )


def leading_columns(items: Iterable[str], columns: Collection[str]) -> dict[str, str]:
    """Return the ``items`` of ``--label`` as `parse_pairs` does; raises UserError for a key among ``columns``."""
    labels = parse_pairs(items, "--label")
    for key in labels:
        if key in columns:
            raise UserError(f"--label {quoted(key)}: the table already has a column of that name; choose another key")
    return labels
