"""The overview: where every method stands on all organs together, with its effort; the page begins with it."""

import math

import pandas as pd

from weakseg3d.evaluation.long_table import series_names
from weakseg3d.experiment.payment_times import NEVER, PER_SCAN
from weakseg3d.report.tables.gaps import METHOD
from weakseg3d.report.tables.main import main_table
from weakseg3d.report.tables.markup import bold
from weakseg3d.report.tables.method_facts import is_control, readable_effort
from weakseg3d.report.tables.readable import ReadableTable, mean_with_interval, number_text
from weakseg3d.statistics.cells import ORGAN
from weakseg3d.statistics.intervals import INTERVAL
from weakseg3d.statistics.pooled import SCANS, pooled_over_organs

DENSE = "dense"
"""Annotation of a method with full supervision."""

EFFORT = ("effort_clicks", "effort_cm", "effort_seconds")
"""Columns of the effort, of which all or the last one may be unknown."""

RANKED = ("rank", "group", "better_than", "reason")
"""Columns taken from the ranking over all organs."""

VALUES = ("mean", "low", "high")

UNKNOWN = "unknown"

ROOM = 6
"""Room for metrics on the page's first screen: a mean takes 1, a mean with its interval takes 2."""

NOTE = (
    "Mean over test cases; the value of a case is the mean over its organs and seeds. 95 % interval of the mean: "
    f"{INTERVAL}. It is not corrected for the best method having been identified on the same cases. "
    "Rank and group: one ranking over all organs, by {metric}; a method in a lower group is significantly worse than "
    "the first one of the group above (Wilcoxon, Holm), and there are no groups (–) where no test could be "
    "significant. Effort: on one organ of an annotated scan, the mean over "
    "organs. Missed: organs that were not found, of all evaluations."
)
"""What readers need to know to understand the table."""


def overview_table(rows, main, ranks, measures):
    """Return one row per method without controls for each dataset and modality, best rank first.

    ``rows`` is the table that `read_metrics` returns, ``main`` their main table, ``ranks`` their ranking over all
    organs and ``measures`` are those shown, of which the first one decides. Columns: those of `ORGAN`, the organ being
    all of them (`pooled_over_organs`), method, annotation, ``series`` (`series_names`), ``{name}_mean``, ``_low`` and
    ``_high`` of each measure, ``n`` and ``n_missed`` evaluations over all datasets and organs, the `EFFORT` as a mean
    over these and when it is paid as far as known, and those of `RANKED`, NaN and empty for a method without rank.
    """
    names = rows.assign(series=series_names(rows)).drop_duplicates(METHOD)
    facts = names[~is_control(names["method"])][[name for name in (*METHOD, "series", "effort_paid") if name in names]]
    groups = main.groupby(METHOD)
    facts = facts.join(groups[["n", "n_missed"]].sum(), on=METHOD)
    facts = facts.join(groups[[name for name in EFFORT if name in main]].mean(), on=METHOD)
    ranks = ranks[ranks["metric"] == measures[0].name].set_index("series")[list(RANKED)]
    facts = facts.join(ranks, on="series").fillna({"reason": ""})
    shown = rows[rows["metric"].isin([measure.name for measure in measures])]
    means = main_table(pooled_over_organs(shown), measures)
    columns = [f"{measure.name}_{value}" for measure in measures for value in VALUES]
    table = means[[*ORGAN, *METHOD, *columns]].merge(facts, on=METHOD)
    scans = table.groupby(SCANS, sort=False).ngroup()
    order = table.assign(scans=scans).sort_values(["scans", "rank"], kind="stable")
    return table.loc[order.index].reset_index(drop=True)


def best_of(table, dense):
    """Return the best ranked row of the overview with, or without, full supervision; None if none is ranked."""
    ranked = table[table["rank"].notna() & ((table["annotation"] == DENSE) == dense)]
    return None if ranked.empty else ranked.loc[ranked["rank"].idxmin()]


def populations(table):
    """Return ``{(dataset, modality): name}`` of the overview: the dataset, with its modality if it has several."""
    keys = list(table[SCANS].drop_duplicates().itertuples(index=False, name=None))
    datasets = [dataset for dataset, _ in keys]
    return {key: key[0] if datasets.count(key[0]) == 1 else f"{key[0]} ({key[1]})" for key in keys}


def shown_populations(table):
    """Return those first `populations` for whose means with intervals there is `ROOM`."""
    return dict(list(populations(table).items())[: ROOM // 2])


def effort_text(row):
    """Return the effort of a method on an annotated scan in words."""
    paid = row.get("effort_paid", "")
    if paid == NEVER:
        return "none"
    known = {name: [row[name]] for name in EFFORT if name in row}
    (words,) = readable_effort(pd.DataFrame(known)) if "effort_clicks" in known else [""]
    if row["annotation"] == DENSE:
        return f"full masks, {words}" if words else "full masks"
    return f"{words} per new scan" if words and paid == PER_SCAN else words or UNKNOWN


def readable_overview(table, measures):
    """Return the overview as a `ReadableTable` with a row per method; the best one without dense masks is bold.

    The leading measure has its mean and interval for each dataset and modality, the others only their mean, as far as
    there is `ROOM`.
    """
    best = best_of(table, dense=False)
    methods = table.drop_duplicates(METHOD)
    rows = methods.to_dict("records")
    leader = None if best is None else best["series"]
    shown = {
        "Method": [bold(row["series"]) if row["series"] == leader else row["series"] for row in rows],
        "Effort": [effort_text(row) for row in rows],
    }
    names, n_datasets = shown_populations(table), len(populations(table))
    n_means = ROOM // max(1, len(names)) - 2
    for place, each in enumerate(measures[: 1 + n_means]):
        for key, name in names.items():
            part = table[(table[SCANS] == list(key)).all(axis="columns")].to_dict("records")
            cells = {row["series"]: _value(row, each, has_interval=place == 0) for row in part}
            heading = f"{each.label}{each.arrow}{' (95 % interval)' * (place == 0)}{f', {name}' * (len(names) > 1)}"
            shown[heading] = [cells.get(row["series"], "–") for row in rows]
    shown["missed"] = [f"{row['n_missed']} of {row['n']}" for row in rows]
    shown |= {name: [number_text(row[name], 0, missing="–") for row in rows] for name in ("rank", "group")}
    right = [heading for heading in shown if heading not in ("Method", "Effort")]
    note = NOTE.format(metric=measures[0].title)
    if len(measures) > 1 + n_means:
        note += " The other metrics are in the main table."
    if n_datasets > len(names):
        note += f" Shown are {len(names)} of {n_datasets} datasets; tables/overview.csv has all of them."
    return ReadableTable(pd.DataFrame(shown), right, note, subtitle="overview")


def _value(row, measure, has_interval):
    """Return a mean, with its interval if asked for."""
    name, decimals = measure.name, measure.decimals
    limits = [row[f"{name}_{end}"] if has_interval else math.nan for end in ("low", "high")]
    return mean_with_interval(row[f"{name}_mean"], *limits, decimals, missing="–")
