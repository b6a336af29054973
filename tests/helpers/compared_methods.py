"""Metrics of methods whose statistics are known."""

import pandas as pd

from weakseg3d.evaluation.rows import COLUMNS

CASES = "abcdefgh"
STRONG = [0.80, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.95]
MIDDLE = [0.79, 0.79, 0.81, 0.79, 0.83, 0.80, 0.85, 0.93]
WEAK = [0.50, 0.51, 0.52, 0.53, 0.54, 0.55, 0.56, 0.57]
METHODS = {"strong": STRONG, "middle": MIDDLE, "weak": WEAK, "truth": [1.0] * 8}
"""Dice of the `CASES` by method."""


def rows_of(methods, organ="spleen", seed="0", dataset="toy"):
    """Return rows of the long table from ``{method: Dice of the CASES}``.

    None stands for a missing evaluation, "missed" for a missed organ. HD95 is 10 minus 10 times Dice, and 100 for a
    missed organ.
    """
    rows = []
    for method, values in methods.items():
        for case, dice in zip(CASES, values, strict=False):
            if dice is None:
                continue
            labels = (dataset, "ct", organ, "points", method, seed, case)
            status = "empty_prediction" if dice == "missed" else "ok"
            dice, hd95 = (0.0, 100.0) if dice == "missed" else (dice, 10 - 10 * dice)
            rows += [(*labels, "dice", dice, "1", status), (*labels, "hd95", hd95, "mm", status)]
    return pd.DataFrame(rows, columns=COLUMNS)
