"""The main table laid out as papers do: a line per method, a pair of columns per organ."""

from weakseg3d.report.tables.gaps import METHOD, ORGAN
from weakseg3d.report.tables.main import (
    DECIMALS,
    MEASURES,
    is_control,
    means_with_best,
)
from weakseg3d.report.tables.method_facts import FACTS, SELECTIONS, readable_annotation, readable_effort

TITLES = {"dice": "Dice ↑", "hd95": "HD95 ↓"}
SHOWN = [f"{measure}_{value}" for measure in MEASURES for value in ("mean", "sd", "median", "low", "high")]


def wide_table(table, keys=METHOD):
    """Return the main ``table`` (or that of a study) with one row per method, as numbers.

    ``keys`` are the columns that make a row. For each dataset and organ there are columns such as
    ``phantom_ct/spleen/dice_mean``, with its ``n``, ``n_missed`` and ``n_lacking``. The columns of `FACTS` that
    ``table`` has are means over the organs, ``selection`` is that of the method.
    """
    facts = [fact for fact in FACTS if fact in table]
    numbers = [*SHOWN, "n", "n_missed", "n_lacking"]
    wide = table[keys].drop_duplicates().set_index(keys)
    for (dataset, _, organ), part in table.groupby(ORGAN, sort=False):
        cells = part.set_index(keys)[numbers]
        wide = wide.join(cells.rename(columns={name: f"{dataset}/{organ}/{name}" for name in numbers}))
    groups = table.groupby(keys, sort=False)
    for fact in facts:
        wide[fact] = groups[fact].first() if fact == "selection" else groups[fact].mean()
    return wide.reset_index()


def readable_wide(table):
    """Return the main ``table`` with one line per method as text; a method that an organ lacks has a dash there."""
    marked = {measure: means_with_best(table, measure, sign, DECIMALS[measure]) for measure, sign in MEASURES.items()}
    cells = table[[*ORGAN, *METHOD]].assign(**marked)
    wide = table[METHOD].drop_duplicates().set_index(METHOD)
    for (dataset, modality, organ), part in cells.groupby(ORGAN, sort=False):
        for measure, title in TITLES.items():
            wide[f"{organ}, {dataset} ({modality}): {title}"] = part.set_index(METHOD)[measure]
    wide = wide.fillna("–").reset_index()
    facts = table.drop_duplicates(METHOD).reset_index(drop=True)
    wide["method"] = wide["method"].where(~is_control(wide["method"]), wide["method"] + " \\*")
    if "effort_clicks" in table:
        efforts = table.groupby(METHOD, sort=False)[["effort_clicks", "effort_cm"]].mean().reset_index()
        wide.insert(1, "Effort", readable_effort(efforts))
    if "selection" in table:
        wide["Selection"] = facts["selection"].map(SELECTIONS)
    wide["annotation"] = wide["annotation"].map(readable_annotation)
    annotation = wide.pop("annotation")
    return wide.assign(Annotation=annotation).rename(columns={"method": "Method"})
