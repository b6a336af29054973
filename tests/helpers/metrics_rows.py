"""A long table of metrics in a few words."""

import pandas as pd

from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.evaluation.rows import COLUMNS


def table_of(values, metric="dice", organ="spleen", status="ok"):
    """Return rows of the long table from ``{method: {case: value, or a list with one value per seed}}``.

    A value may be a pair of itself and its status; None stands for an evaluation that is not there.
    """
    rows = []
    for method, cases in values.items():
        for case, of_seeds in cases.items():
            for seed, value in enumerate(of_seeds if isinstance(of_seeds, list) else [of_seeds]):
                if value is None:
                    continue
                number, stated = value if isinstance(value, tuple) else (value, status)
                labels = ["toy", "ct", organ, "points", method, str(seed), case]
                rows.append([*labels, metric, float(number), METRICS[metric].unit, stated])
    return pd.DataFrame(rows, columns=COLUMNS)
