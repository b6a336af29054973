"""Every case with its Dice by every method: where a reader sees which cases are hard, and goes on to look at them."""

from weakseg3d.evaluation.long_table import LACKING, series_names

SHORT = {"ok": "", "empty_prediction": "missed", "absent_in_reference": "false alarm", "absent_in_both": "absent"}
"""What stands beside a value, or in place of one."""


MOST_METHODS = 16
"""With more methods than these the variants of a study are left out."""


def case_table(rows):
    """Return the table of cases: the names of its columns of methods, and one dict per organ, case and seed.

    ``rows`` are the metrics. A row's ``cells`` are, in the order of the methods, dicts with ``method``, ``text``,
    ``title`` (HD95 and status) and ``missed``, or None where the method was not evaluated.
    """
    rows = rows.assign(series=series_names(rows))
    if rows["series"].nunique() > MOST_METHODS:
        rows = rows[~rows["method"].str.contains("+", regex=False)]
    series = list(rows["series"].unique())
    keys = ["dataset", "organ", "case", "seed"]
    cases = rows[keys].drop_duplicates()
    rows = rows[rows["status"] != LACKING]
    values = {
        metric: part.set_index([*keys, "series"])["value"]
        for metric, part in rows.groupby("metric")
        if metric in ("dice", "hd95")
    }
    evaluations = rows.drop_duplicates([*keys, "series"]).set_index([*keys, "series"])[["status", "method"]]
    table = []
    for key in cases.itertuples(index=False, name=None):
        cells = []
        for name in series:
            if (*key, name) not in evaluations.index:
                cells.append(None)
                continue
            status, method = evaluations.loc[(*key, name)]
            dice, hd95 = (values[metric].get((*key, name)) if metric in values else None for metric in ("dice", "hd95"))
            cells.append(_cell(method, status, dice, hd95))
        table.append(dict(zip(keys, key, strict=True)) | {"cells": cells})
    return series, table


def _cell(method, status, dice, hd95):
    known = dice is not None and dice == dice
    text = f"{dice:.3f}" if known and status in ("ok", "empty_prediction") else "–"
    told = f"HD95 {hd95:.1f} mm" if hd95 is not None and hd95 == hd95 else ""
    return {
        "method": method,
        "text": " ".join(filter(None, [text, SHORT[status]])),
        "title": ", ".join(filter(None, [status, told])),
        "missed": status == "empty_prediction",
    }
