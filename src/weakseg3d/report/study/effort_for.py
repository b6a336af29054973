"""The table of effort: the area below each curve of Dice, and the effort for 95 % of full supervision."""

import math

import numpy as np
import pandas as pd

from weakseg3d.experiment.effort_factor import dense_references, effort_factor
from weakseg3d.experiment.variants import variant_parts
from weakseg3d.report.tables.method_facts import is_control
from weakseg3d.report.tables.readable import ReadableTable, interval_text, number_text
from weakseg3d.statistics.cells import ORGAN, case_means
from weakseg3d.statistics.effort_curves import (
    areas,
    effort_interval,
    effort_to_reach,
    is_logarithmic,
    significant_fall,
)
from weakseg3d.statistics.intervals import mean_interval

SHARE = 0.95
"""Share of the mean Dice of full supervision that is to be reached."""

EFFORTS = ["effort", "effort_low", "effort_high"]

COLUMNS = [
    *ORGAN,
    *("method", "variant", "reference", "factor", "axis", "from", "to", "n_levels", "n_cases", "n_left_out"),
    *("area", "area_low", "area_high", "target", *EFFORTS, "reason"),
]
"""Columns of the table; efforts are text, such as ``<= 5``, ``62.8`` or ``> 200``."""

HEADINGS = {
    "dataset": "Dataset",
    "modality": "Modality",
    "organ": "Organ",
    "method": "Method",
    "variant": "Variant",
    "reference": "Full supervision",
    "range": "Effort, axis",
    "area": "Area",
    "area_interval": "Area 95 % interval",
    "target": "95 % of its Dice",
    "effort": "Effort for it",
    "effort_interval": "Effort 95 % interval",
    "n_cases": "cases",
    "n_left_out": "left out",
    "reason": "no effort because",
}
"""Columns of the readable table."""

NUMBERS = ("area", "area_interval", "target", "effort", "effort_interval", "n_cases", "n_left_out")

NOTE = (
    "Area: below the curve of Dice over effort, by trapezoids on the axis named (the one drawn), divided by the range "
    "of the effort: the mean Dice over that range; with the 95 % interval of the mean over cases. Effort for 95 %: "
    "where the isotonic (never falling) fit of the mean Dice over cases reaches 95 % of the mean Dice of full "
    "supervision on the same cases, interpolated between levels on that axis; '>' if the largest effort tried does not "
    "reach it, '≤' if the smallest one does already: nothing is said beyond the data. Its interval: percentiles of "
    "10 000 bootstrap resamples of the cases, the same for method and reference; none for fewer than 4 cases, and "
    "rather short for few. It is about other cases, not about other trainings or annotators. No effort is given where "
    "the mean falls with the effort beyond chance (paired t interval above 0, Bonferroni over the pairs of levels). "
    "Cases are means over seeds; 'left out' are those that not all levels and the reference have. Controls carry an "
    "asterisk."
)
"""What readers need to know to understand the table."""


def effort_table(rows):
    """Return the table with the `COLUMNS`: a row per organ, method, further levels and method of full supervision.

    ``rows`` is the table that `read_metrics` returns. It is None if the study has no factor of effort, or if no method
    has full supervision.
    """
    cells = rows[["method", "annotation"]].drop_duplicates().itertuples(index=False, name=None)
    cells = list(cells)
    factor, references = effort_factor(cells), dense_references(cells)
    if factor is None or not references:
        return None
    dice = rows[rows["metric"] == "dice"].assign(annotation="")
    lines = []
    for (*organ, _), _, means in case_means(dice):
        for (method, variant), names in _curves(means, factor).items():
            for reference in references:
                if reference in means:
                    labels = dict(zip(ORGAN, organ, strict=True)) | {"method": method, "variant": variant}
                    labels |= {"reference": reference, "factor": factor}
                    lines.append(labels | _line(means, names, reference))
    return pd.DataFrame(lines, columns=COLUMNS)


def _curves(means, factor):
    """Return ``{(method, further levels): {level: name}}`` of the curves with several levels; levels ascend."""
    curves = {}
    for name in means:
        method, levels = variant_parts(name)
        if factor in levels:
            variant = ", ".join(f"{other} {level}" for other, level in levels.items() if other != factor)
            curves.setdefault((method, variant), {})[float(levels[factor])] = name
    return {key: dict(sorted(names.items())) for key, names in curves.items() if len(names) > 1}


def _line(means, names, reference):
    """Return the values of one curve; ``means`` are (cases, methods) and ``names`` its methods by level."""
    levels = list(names)
    common = means[[*names.values(), reference]].dropna()
    line = {"axis": "log" if is_logarithmic(levels) else "linear", "from": levels[0], "to": levels[-1]}
    line |= {"n_levels": len(levels), "n_cases": len(common), "n_left_out": len(means) - len(common)}
    line |= dict.fromkeys(("area", "area_low", "area_high", "target"), math.nan) | dict.fromkeys(EFFORTS, "")
    if common.empty:
        return line | {"reason": "no case in common"}
    values, dense = common[list(names.values())].to_numpy(), common[reference].to_numpy()
    area = areas(values, levels)
    low, high = mean_interval(area, common.index, (0, 1))
    line |= {"area": area.mean(), "area_low": low, "area_high": high, "target": SHARE * dense.mean(), "reason": ""}
    if fall := significant_fall(values):
        first, second = (f"{levels[place]:g}" for place in fall)
        return line | {"reason": f"Dice falls from {first} to {second}"}
    efforts = (
        effort_to_reach(values.mean(axis=0), levels, line["target"]),
        *effort_interval(values, dense, levels, SHARE),
    )
    return line | {name: effort_text(effort, levels) for name, effort in zip(EFFORTS, efforts, strict=True)}


def effort_text(effort, levels):
    """Return an effort in three digits; where it is infinite ``<= first`` or ``> last`` level; nothing for NaN."""
    if math.isnan(effort):
        return ""
    if np.isinf(effort):
        return f"> {levels[-1]:g}" if effort > 0 else f"<= {levels[0]:g}"
    return f"{effort:.3g}"


def readable_efforts(table):
    """Return the table as a `ReadableTable` with `HEADINGS`; columns that are empty everywhere are left out."""
    limits = zip(table["area_low"], table["area_high"], strict=True)
    text = table.astype(str).assign(
        area=[number_text(value, 3, missing="–") for value in table["area"]],
        area_interval=[interval_text(low, high, 3) for low, high in limits],
        target=[number_text(value, 3, missing="–") for value in table["target"]],
        range=[f"{row['from']:g} to {row['to']:g} {row['factor']}, {row['axis']}" for row in table.to_dict("records")],
        effort=[_with_unit(effort, name) for effort, name in zip(table["effort"], table["factor"], strict=True)],
        effort_interval=[
            f"{low} to {high}".replace("<=", "≤") if low else ""
            for low, high in zip(table["effort_low"], table["effort_high"], strict=True)
        ],
        method=table["method"].where(~is_control(table["method"]), table["method"] + " \\*"),
    )
    shown = {
        column: heading
        for column, heading in HEADINGS.items()
        if column not in ("variant", "reason") or (table[column] != "").any()
    }
    numbers = [heading for column, heading in shown.items() if column in NUMBERS]
    text = text[list(shown)].rename(columns=shown)
    return ReadableTable(text, numbers, NOTE, subtitle="effort for 95 % of full supervision")


def _with_unit(effort, factor):
    return f"{effort} {factor}".replace("<=", "≤") if effort else "–"
