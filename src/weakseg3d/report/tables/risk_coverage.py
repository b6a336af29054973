"""The table that says whether uncertainty ranks the bad cases first: areas under risk-coverage curves, with tests."""

import math

import pandas as pd

from weakseg3d.evaluation.long_table import WITH_ORGAN
from weakseg3d.report.tables.gaps import missing_evaluations
from weakseg3d.report.tables.measures import SIGNIFICANT, measure
from weakseg3d.report.tables.order import in_order_of_appearance
from weakseg3d.report.tables.readable import ReadableTable, number_text
from weakseg3d.statistics.cell_summary import CELL
from weakseg3d.statistics.cells import ORGAN
from weakseg3d.statistics.comparison import holm
from weakseg3d.statistics.risk_coverage import MOST_EXACT, PERMUTATIONS, risk_coverage

UNCERTAINTIES = ("organ_entropy", "mean_entropy", "mean_variance")
"""Metrics by which cases are ranked."""

AREAS = ["aurc", "aurc_best", "aurc_random", "e_aurc"]

COLUMNS = [*CELL, "uncertainty", *AREAS, "p", "p_holm", "n_tests", "n_cases", "n_seeds", "n_lacking", "finding"]
"""Columns of the table."""

YES, NOT_SHOWN, TOO_FEW, GAP = "yes", "not shown", "too few cases to tell", ""
"""Findings: whether uncertainty ranks the bad cases first."""

HEADINGS = {
    "dataset": "Dataset",
    "modality": "Modality",
    "organ": "Organ",
    "method": "Method",
    "uncertainty": "Ranked by",
    "aurc": "AURC ↓",
    "aurc_best": "best order",
    "aurc_random": "random order",
    "e_aurc": "E-AURC ↓",
    "p": "p",
    "p_holm": "p (Holm)",
    "n_cases": "cases",
    "n_lacking": "lacking",
    "finding": "Bad cases first?",
}
"""Columns of the readable table."""

TEXTS = ("dataset", "modality", "organ", "method", "uncertainty", "finding")

NOTE = (
    "AURC: area under the risk-coverage curve. The cases are accepted in the order of their uncertainty, the most "
    "certain one first; the risk of the accepted ones is the mean of 1 − Dice, and the area is its mean over all "
    "numbers of accepted cases; the mean over seeds if there are several. Between the best order (by Dice itself) and "
    "a random one (the mean risk) it says how useful the uncertainty is; E-AURC: its distance from the best order. "
    "Equal uncertainties count with the mean over their orders. p: share of the orders of the cases with an area as "
    f"small or smaller, over all orders up to {MOST_EXACT} cases, else over {PERMUTATIONS // 1000} 000 drawn ones; "
    "Holm over the methods on an organ with the same uncertainty. 'Too few cases to tell': no order of these cases "
    f"could have had p (Holm) < {SIGNIFICANT:g}. 'Not shown' is not 'no'. The entropy in the organ is known for a new "
    "scan, too, and 'suggest' ranks by it; the means over the bounding box of prediction and reference are not. A "
    "variance of 0 "
    "in all cases, that of a network without stochastic passes, has no row. Geifman and El-Yaniv 2017, arXiv "
    "1705.08500; E-AURC: Geifman et al. 2019, arXiv 1805.08206."
)
"""What readers need to know to understand the table."""


def risk_coverage_table(rows):
    """Return the table as numbers: a row per dataset, organ, method and metric of `UNCERTAINTIES`, with the `COLUMNS`.

    ``rows`` is the table that `read_metrics` returns. The risk of a case is 1 - Dice; cases whose reference lacks the
    organ do not count. ``p_holm`` is corrected (`holm`) for the ``n_tests`` methods tested on that organ with that
    metric. ``finding`` is one of `YES`, `NOT_SHOWN` and `TOO_FEW`. If ``n_lacking`` evaluations are missing, all values
    are NaN and the finding is empty. A metric that is 0 in all cases of a method orders nothing and has no row.
    """
    lines = []
    for key, group in rows[rows["status"].isin(WITH_ORGAN)].groupby(CELL, sort=False):
        evaluations = group.pivot(index="case", columns=["metric", "seed"], values="value")
        for name in UNCERTAINTIES:
            if name in evaluations and evaluations[name].any(axis=None):
                lines.append(dict(zip(CELL, key, strict=True)) | _line(evaluations, name))
    table = in_order_of_appearance(pd.DataFrame(lines, columns=[*COLUMNS, "lowest"]), rows, CELL)
    table["n_lacking"] = _gaps(table, rows)
    lacks = table["n_lacking"] > 0
    table.loc[lacks, [*AREAS, "p", "lowest"]] = math.nan
    for _, family in table.groupby([*ORGAN, "uncertainty"], sort=False):
        tested = family["p"].notna().sum()
        table.loc[family.index, "p_holm"] = holm(family["p"])
        table.loc[family.index, "n_tests"] = tested
        table.loc[family.index, "lowest"] = (family["lowest"] * tested).clip(upper=1)
    table["finding"] = [
        GAP if math.isnan(p) else YES if p < SIGNIFICANT else TOO_FEW if lowest >= SIGNIFICANT else NOT_SHOWN
        for p, lowest in zip(table["p_holm"], table["lowest"], strict=True)
    ]
    return table[COLUMNS].astype({"n_tests": int, "n_cases": int, "n_seeds": int})


def _line(evaluations, name):
    """Return the values of a row; ``evaluations`` are (cases, metrics x seeds)."""
    values = evaluations[["dice", name]].dropna()
    line = {"uncertainty": name, "n_cases": len(values), "n_seeds": values["dice"].shape[1]}
    if values.empty:
        return line | dict.fromkeys([*AREAS, "p", "lowest"], math.nan)
    found = risk_coverage(1 - values["dice"].T, values[name][values["dice"].columns].T)
    areas = {area: getattr(found, area) for area in AREAS}
    return line | areas | {"p": found.p, "lowest": found.lowest_p}


def _gaps(table, rows):
    """Return the number of missing evaluations of each row of the table."""
    missing = missing_evaluations(rows[rows["metric"].isin(UNCERTAINTIES)])
    counts = missing.groupby([*CELL, "metric"]).size()
    return [counts.get(key, 0) for key in table[[*CELL, "uncertainty"]].itertuples(index=False, name=None)]


def findings(table):
    """Return a sentence per metric of uncertainty on whether it ranks the bad cases first."""
    sentences = []
    for name, part in table[table["finding"] != GAP].groupby("uncertainty", sort=False):
        yes, not_shown, too_few = ((part["finding"] == finding).sum() for finding in (YES, NOT_SHOWN, TOO_FEW))
        clauses = [
            f"{measure(name).title} ranks the bad cases first (p < {SIGNIFICANT:g}) for {yes} of {len(part)} methods "
            "and organs",
            *[f"for {not_shown} this is not shown"] * bool(not_shown),
            *[f"for {too_few} there are too few cases to tell"] * bool(too_few),
        ]
        sentences.append(f"{'; '.join(clauses)}.")
    return sentences


def readable_risk_coverage(table):
    """Return the table as a `ReadableTable` with `HEADINGS`; its note begins with the `findings`."""
    headings = {column: text for column, text in HEADINGS.items() if column != "n_lacking" or table[column].any()}
    text = table.assign(uncertainty=[measure(name).title for name in table["uncertainty"]]).astype(str)
    for column in (*AREAS, "p", "p_holm"):
        text[column] = [number_text(value, 3, missing="–") for value in table[column]]
    text = text[list(headings)].rename(columns=headings)
    numbers = [heading for column, heading in headings.items() if column not in TEXTS]
    note = " ".join([*findings(table), NOTE])
    return ReadableTable(text, numbers, note, subtitle="does uncertainty rank the bad cases first?")
