"""Which methods can be the best on an organ: not controls, and not those that found the organ in no case."""

from weakseg3d.report.tables.method_facts import is_control


def is_ranked(table):
    """Return which rows of a ``table`` of cells can be the best, as a boolean series.

    ``table`` has the columns ``method`` and ``n``, and ``n_missed`` and ``dice_mean`` if they are known. A method whose
    predictions were all empty found nothing, nor did one whose Dice is 0 in every case.
    """
    ranked = ~is_control(table["method"])
    if "n_missed" in table:
        ranked &= (table["n"] == 0) | (table["n_missed"] < table["n"])
    if "dice_mean" in table:
        ranked &= table["dice_mean"] != 0
    return ranked
