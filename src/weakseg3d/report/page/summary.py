"""The first sentences of the page: the compared methods, the best ones, and warnings."""

import math

from weakseg3d.report.results import read_run
from weakseg3d.report.tables.measures import SIGNIFICANT, measures_in
from weakseg3d.report.tables.method_facts import is_control
from weakseg3d.report.tables.ranked import is_ranked
from weakseg3d.report.tables.readable import interval_text, mean_and_sd, number_text, organ_title
from weakseg3d.statistics.cell_summary import seed_numbers
from weakseg3d.statistics.cells import DECIMALS, ORGAN
from weakseg3d.words import counted, enumerated

SEEDS_IN_WORDS = {"n_seeds": "seed", "n_annotation_seeds": "annotation seed"}
"""What the `seed_numbers` count."""


def summary_sentences(rows, table):
    """Return a sentence on what was compared, and one per organ on the best methods of the main ``table``."""
    methods = table[~is_control(table["method"])]["method"].nunique()
    controls = table[is_control(table["method"])]["method"].nunique()
    organs = table["organ"].nunique()
    cases = rows[["dataset", "case"]].drop_duplicates()
    seeds = [counted(number, SEEDS_IN_WORDS[name]) for name, number in seed_numbers(rows).items()]
    first = (
        f"{counted(methods, 'method')} and {counted(controls, 'control')} on {counted(organs, 'organ')},"
        f" {counted(len(cases), 'test case')}, {', '.join(seeds)}."
    )
    return [first, *(_best(organ, part) for organ, part in table.groupby(ORGAN, sort=False))]


def case_warnings(table, results=None):
    """Return warnings about missed organs, about absent ones, and about training cases that no training used.

    ``table`` is the main table. Without ``results``, a `Results`, nothing is known about training cases.
    """
    warnings = []
    for row in table[~is_control(table["method"]) & (table["n_missed"] > 0)].to_dict("records"):
        organ = organ_title([row[key] for key in ORGAN])
        warnings.append(f"{row['method']} missed the {organ} in {row['n_missed']} of {row['n']} evaluations")
    for organ, part in table.groupby(ORGAN, sort=False):
        if absent := int(part["n_absent"].max()):
            absences = f"{counted(absent, 'evaluation')} per method without the organ"
            warnings.append(f"{organ_title(organ)}: {absences}, left out of all means")
    return warnings + (_unused_cases(results) if results else [])


def _unused_cases(results):
    """Return a warning for each method and organ whose training left out cases that do not contain the organ."""
    unused = {}
    for cell in results.cells:
        if cell["model"] and results.model(cell, "run.json").is_file():
            used = read_run(results.model(cell, "run.json")).get("cases", [])
            for case in results.datasets[cell["dataset"]]["cases"]["train"]:
                if used and case not in used:
                    cases = unused.setdefault((cell["dataset"], cell["organ"], cell["method"]), {})
                    cases[case] = None
    return [
        f"{method} on {organ}, {dataset}: training left out {counted(len(cases), 'case')} without the organ:"
        f" {', '.join(cases)}"
        for (dataset, organ, method), cases in unused.items()
    ]


def _best(organ, part):
    """Return a sentence on the best methods on an organ, overall and among those that learn from no dense mask.

    A method that found the organ in no case is never best; methods with equal means are best together.
    """
    clauses = []
    methods = part[~is_control(part["method"])]
    ranked = methods[is_ranked(methods)]
    weak = ranked[ranked["annotation"] != "dense"]
    if len(methods) and ranked.empty and (methods["n"] > 0).any():
        return f"{organ_title(organ)}: no method found the organ in any case, so none is best."
    for measure in measures_in(part):
        column = f"{measure.name}_mean"
        means = (measure.sign * ranked[column]).dropna() if measure.sign else ranked[column].iloc[:0]
        if means.empty:
            continue
        best = methods.loc[means.idxmax()]
        equal = means.index[(means - means.max()).round(DECIMALS) == 0]
        # Methods with equal means may have different intervals.
        value = _value(best, measure) if len(equal) == 1 else number_text(best[column], measure.decimals)
        clause = f"{_have(methods.loc[equal, 'method'].tolist())} the best {_in_words(measure)}, {value}"
        others = methods[column].count() - len(equal)
        if f"{measure.name}_p" in part and others:
            tested = part[f"{measure.name}_p"].drop(equal).dropna()
            worse = f"{(tested < SIGNIFICANT).sum()} of {counted(others, 'other method')}"
            clause += (
                f", significantly better than {worse}"
                if len(tested)
                else ", with too few cases for a test to reach p < 0.05"
            )
        if best["annotation"] == "dense" and weak[column].notna().any():
            best_weak = weak.loc[(measure.sign * weak[column]).idxmax()]
            clause += f"; without dense masks, {best_weak['method']} is best, {_value(best_weak, measure)}"
        clauses.append(clause)
    return f"{organ_title(organ)}: {'; '.join(clauses) or 'no mean'}."


def _have(names):
    """Return "a has", or "a, b and c have" of several ``names``."""
    return f"{enumerated(names)} {'have' if len(names) > 1 else 'has'}"


def _in_words(measure):
    return measure.title if measure.unit == "1" else f"{measure.title} in {measure.unit}"


def _value(row, measure):
    """Return a mean and, if there is one, its interval."""
    text = mean_and_sd(row[f"{measure.name}_mean"], math.nan, measure.decimals)
    interval = interval_text(row[f"{measure.name}_low"], row[f"{measure.name}_high"], measure.decimals)
    return f"{text} (95 % interval {interval})" if interval else text
