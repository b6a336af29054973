"""A short way to write a long table of metrics in a test."""

import pandas as pd

from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.evaluation.rows import COLUMNS


def table_of(values, metric="dice", organ="spleen", status="ok"):
    """Return rows of the long table from ``{method: {case: value, or a list with one value per seed}}``.

    A value may be a pair of the value and its status; None stands for a missing evaluation.
    """
    rows = []
    for method, cases in values.items():
        for case, seed_values in cases.items():
            for seed, value in enumerate(seed_values if isinstance(seed_values, list) else [seed_values]):
                if value is None:
                    continue
                number, case_status = value if isinstance(value, tuple) else (value, status)
                labels = ["toy", "ct", organ, "points", method, str(seed), case]
                rows.append([*labels, metric, float(number), METRICS[metric].unit, case_status])
    return pd.DataFrame(rows, columns=COLUMNS)
