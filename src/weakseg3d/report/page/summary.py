"""The report's first lines: what was compared, who is best, and what a reader must be warned of."""

import math

from weakseg3d.report.page.results import read_run
from weakseg3d.report.tables.cell_statistics import interval_text
from weakseg3d.report.tables.gaps import ORGAN
from weakseg3d.report.tables.latex import section
from weakseg3d.report.tables.main import DECIMALS, MEASURES, SIGNIFICANT, is_control, mean_and_sd

TITLES = {"dice": "Dice", "hd95": "HD95 in mm"}


def summary_sentences(rows, table):
    """Return what was compared in a sentence, and a sentence per organ on the best methods of the main ``table``."""
    methods = table[~is_control(table["method"])]["method"].nunique()
    controls = table[is_control(table["method"])]["method"].nunique()
    organs = len(table.groupby(ORGAN))
    cases, seeds = rows[["dataset", "case"]].drop_duplicates(), rows["seed"].nunique()
    first = (
        f"{_count(methods, 'method')} and {_count(controls, 'control')} on {_count(organs, 'organ')},"
        f" {_count(len(cases), 'test case')}, {_count(seeds, 'seed')}."
    )
    return [first, *(_best(organ, part) for organ, part in table.groupby(ORGAN, sort=False))]


def warning_sentences(table, results=None):
    """Return what a reader must be warned of beside gaps: missed organs, absent ones, and cases no training used."""
    sentences = []
    for row in table[~is_control(table["method"]) & (table["n_missed"] > 0)].to_dict("records"):
        organ = section([row[key] for key in ORGAN])
        sentences.append(f"{row['method']} missed the {organ} in {row['n_missed']} of {row['n']} evaluations")
    for organ, part in table.groupby(ORGAN, sort=False):
        if absent := int(part["n_absent"].max()):
            sentences.append(
                f"{section(organ)}: {_count(absent, 'evaluation')} per method without the organ, in no mean"
            )
    return sentences + (_unused_cases(results) if results else [])


def _unused_cases(results):
    """Return a sentence for each organ whose trainings left cases out, for lack of the organ in their targets."""
    left_out = {}
    for cell in results.cells:
        if cell["model"] and results.model(cell, "run.json").is_file():
            used = read_run(results.model(cell, "run.json")).get("cases", [])
            for case in results.datasets[cell["dataset"]]["cases"]["train"]:
                if used and case not in used:
                    cases = left_out.setdefault((cell["dataset"], cell["organ"], cell["method"]), {})
                    cases[case] = None
    return [
        f"{method} on {organ}, {dataset}: training left out {_count(len(cases), 'case')} without the organ:"
        f" {', '.join(cases)}"
        for (dataset, organ, method), cases in left_out.items()
    ]


def _best(organ, part):
    """Return who is best on an organ, with what certainty, and who is best of those that learn from no dense mask."""
    told = []
    methods = part[~is_control(part["method"])]
    weak = methods[methods["annotation"] != "dense"]
    for measure, sign in MEASURES.items():
        column = f"{measure}_mean"
        means = (sign * methods[column]).dropna()
        if means.empty:
            continue
        best = methods.loc[means.idxmax()]
        told.append(f"{best['method']} has the best {TITLES[measure]}, {_value(best, measure)}")
        if f"{measure}_p" in part and len(means) > 1:
            tested = part[f"{measure}_p"].dropna()
            worse = f"beyond chance better than {(tested < SIGNIFICANT).sum()} of {len(means) - 1}"
            told[-1] += f", {worse}" if len(tested) else ", with too few cases to test"
        if best["annotation"] == "dense" and weak[column].notna().any():
            second = weak.loc[(sign * weak[column]).idxmax()]
            told[-1] += f", and without dense masks {second['method']}, {_value(second, measure)}"
    return f"{section(organ)}: {'; '.join(told)}." if told else f"{section(organ)}: no mean."


def _value(row, measure):
    """Return a mean with its interval, where there is one."""
    text = mean_and_sd(row[f"{measure}_mean"], math.nan, DECIMALS[measure])
    interval = interval_text(row[f"{measure}_low"], row[f"{measure}_high"], DECIMALS[measure])
    return f"{text} (95 % interval {interval})" if interval else text


def _count(number, noun):
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
