"""The question of an experiment and its answer in two sentences, which the page begins with."""

import math

import pandas as pd

from weakseg3d.report.tables.against_best import signed_text
from weakseg3d.report.tables.overview import DENSE, UNKNOWN, best_of, effort_text, populations
from weakseg3d.report.tables.readable import interval_text
from weakseg3d.statistics.comparison import comparisons
from weakseg3d.statistics.pooled import pooled_over_organs
from weakseg3d.words import counted, enumerated

MOST_NAMES = 3
"""At most this many methods are named in a list."""

NO_INTERVAL = "too few cases for a 95 % interval"


def question(rows, table):
    """Return what the experiment asks; ``rows`` are its metrics and ``table`` is the overview."""
    if table.empty:
        return "How do the controls score?"
    is_dense = table.drop_duplicates("series")["annotation"] == DENSE
    n_weak = int((~is_dense).sum())
    organs = rows["organ"].unique()
    target = f"the {organs[0]}" if len(organs) == 1 else counted(len(organs), "organ")
    scans = f"{target} in {listed(populations(table).values())}"
    if n_weak == 0:
        return f"How well does full supervision segment {scans}?"
    without = " without dense masks" if is_dense.any() else ""
    one, several = f"How well does a method{without} segment {scans}", f"Which of {n_weak} methods{without} segments"
    start = one if n_weak == 1 else f"{several} {scans} best"
    return f"{start}, and how far is it from full supervision?" if without else f"{start}?"


def answer(rows, table, leading):
    """Return the answer as two sentences: the best method with its value and effort; how certain that is.

    ``rows`` are the metrics, ``table`` is their overview, and ``leading`` the measure that decides. The best method is
    the first one without dense masks; full supervision, if there is any, is what it is compared with.
    """
    best, full = best_of(table, dense=False), best_of(table, dense=True)
    n_weak = table.loc[table["annotation"] != DENSE, "series"].nunique()
    if best is None:
        return _without_best(table, full, leading, n_weak)
    ranked = table.drop_duplicates("series").dropna(subset="rank")
    same = ranked[(ranked["rank"] == best["rank"]) & (ranked["annotation"] != DENSE)]["series"]
    also = listed(name for name in same if name != best["series"])
    place = f"ranks first of {n_weak}" if n_weak > 1 else "is alone"
    place = f"shares the first rank with {also}" if also else place
    effort = effort_text(best)
    cost = (
        f"its effort is {UNKNOWN}"
        if effort == UNKNOWN
        else f"its effort is {effort} for each organ of an annotated scan"
    )
    first = f"{best['series']} {place}: {_values(table, best, leading)}; {cost}."
    if len(ranked) == 1:
        alone = table["series"].nunique() == 1
        return [first, f"There is no other method to compare it with{'' if alone else ' on all organs'}."]
    return [first, f"{_certainty(ranked, best)}; {_distance(rows, table, best, full, leading)}."]


def listed(names):
    """Return names as "a, b and c", no more than `MOST_NAMES` of them and the number of the others."""
    names = list(names)
    if len(names) > MOST_NAMES + 1:
        names = [*names[:MOST_NAMES], f"{len(names) - MOST_NAMES} more"]
    return enumerated(names)


def _without_best(table, full, leading, n_weak):
    """Return what can be said if no method without dense masks has a rank."""
    reasons = listed(sorted({reason for reason in table.loc[table["annotation"] != DENSE, "reason"] if reason}))
    why = f": {reasons}" if reasons else ""
    missing = f"No method without dense masks can be ranked by {leading.title}{why}."
    if table.empty:
        missing = "This report has controls alone."
    elif not n_weak:
        missing = "There is no method without dense masks."
    if full is None:
        return [missing, "The results of each organ say more."]
    return [missing, f"Full supervision ({full['series']}) has {_values(table, full, leading)}."]


def _values(table, row, measure):
    """Return the mean of a method with its interval on each dataset and modality."""
    values = {}
    for key, part in _by_scans(table[table["series"] == row["series"]]):
        if not math.isnan(mean := part[f"{measure.name}_mean"]):
            limits = part[f"{measure.name}_low"], part[f"{measure.name}_high"]
            interval = interval_text(*limits, measure.decimals)
            remark = f"95 % interval {interval}" if interval else NO_INTERVAL
            values[key] = f"{mean:.{measure.decimals}f} ({remark})"
    unit = "" if measure.unit == "1" else f" in {measure.unit}"
    return f"mean {measure.title}{unit} {_on_each(values, table)}" if values else "no mean"


def _by_scans(table):
    """Return ``((dataset, modality), row)`` of a table with one row for each of these."""
    return [((row["dataset"], row["modality"]), row) for row in table.to_dict("records")]


def _on_each(values, table):
    """Return the texts of ``{(dataset, modality): text}``, with their names if the overview has several of these."""
    names = populations(table)
    return listed(f"{text} on {names[key]}" if len(names) > 1 else text for key, text in values.items())


def _certainty(ranked, best):
    """Return whether the ranking can be chance."""
    if best["reason"]:
        return f"No test could tell the methods apart ({best['reason']}), so their order may be chance"
    below = int((ranked["rank"] > best["rank"]).sum())
    worse = int(best["better_than"]) if below else 0
    share = f"all {below}" if worse == below > 1 else f"{worse} of {below}"
    text = f"Of the methods ranked below it, it is significantly better than {share}"
    text = text if below else "No method is ranked below it"
    group = ranked[ranked["group"] == best["group"]]
    head = group.iloc[0]
    if head["series"] != best["series"]:
        return f"{text}, and not significantly worse than {head['series']}"
    peers = listed(group["series"].iloc[1:])
    return f"{text}, but not than {peers}" if peers and below else text


def _distance(rows, table, best, full, measure):
    """Return the paired difference from full supervision on each dataset and modality."""
    if full is None:
        return "no full supervision to compare it with"
    pooled = pooled_over_organs(rows[rows["metric"] == measure.name])
    # Under these names, the difference is that of the best method from full supervision.
    pair = [
        pooled[(pooled["method"] == row["method"]) & (pooled["annotation"] == row["annotation"])].assign(method=name)
        for name, row in {"best": best, "full": full}.items()
    ]
    values = {}
    for key, row in _by_scans(comparisons(pd.concat(pair).assign(annotation=""))):
        if row["n"]:
            ends = " to ".join(signed_text(row[end], measure.decimals) for end in ("low", "high"))
            interval = NO_INTERVAL if math.isnan(row["low"]) else f"95 % interval {ends}"
            values[key] = f"{signed_text(row['mean_difference'], measure.decimals)} ({interval})"
    if not values:
        return f"no case in common with full supervision ({full['series']})"
    return f"its difference from full supervision ({full['series']}): {_on_each(values, table)}"
