"""The table of break-even: from which new scan on a trained method costs less than clicks on every scan."""

import math

import pandas as pd

from weakseg3d.experiment.payment_times import NEVER, PER_SCAN, has_both
from weakseg3d.report.tables.method_facts import is_control, readable_annotation
from weakseg3d.report.tables.payment import SECONDS, common_units, payment
from weakseg3d.report.tables.readable import ReadableTable, mean_with_interval, organ_title
from weakseg3d.statistics.break_even import break_even
from weakseg3d.statistics.cell_summary import CELL
from weakseg3d.statistics.cells import ORGAN

DICE = ["dice_mean", "dice_low", "dice_high"]
FACTS = ["effort_clicks", "effort_cm", "effort_seconds", "effort_cases", "effort_paid"]
"""Columns of the metrics that the table needs; the time may be missing."""

COLUMNS = [
    *ORGAN,
    *("method", "annotation", *DICE, "annotated_scans"),
    *("per_scan_method", "per_scan_annotation", *(f"per_scan_{name}" for name in DICE)),
    *("unit", "once", "per_scan", "from_scan", "scans_to_come", "total_once", "total_per_scan", "reason"),
]

HEADINGS = {
    "dataset": "Dataset",
    "modality": "Modality",
    "organ": "Organ",
    "method": "Paid once",
    "dice": "its Dice",
    "once": "its effort, all in all",
    "per_scan_method": "Paid per scan",
    "per_scan_dice": "Dice of that",
    "per_scan": "effort per scan",
    "from_scan": "once costs less from scan",
    "total_per_scan": "for {scans} scans: once",
}

NOTE = (
    "A trained method costs the annotation of its training scans once: effort per scan × annotated scans. A method that"
    " gets annotations of the scans that it segments costs that effort for every one of them, as measured on the test"
    " scans. Once costs less from the scan number floor(once / per scan) + 1 on;"
    " equal is not less. Only whole efforts in the same unit are compared: clicks with clicks, centimetres drawn with"
    " centimetres, and seconds where people's times are known. Machine time, annotations of validation cases and the"
    " reference masks of test cases are not counted. Less effort is no better result: read it with the Dice of both,"
    " mean over all evaluations and 95 % interval. Controls carry an asterisk; that of the pseudo label is what clicks"
    " on the scan itself give without a network."
)
"""What readers need to know to understand the table."""


def paying_methods(rows, statistics):
    """Return a row per cell with its Dice and the `FACTS` of its effort; those whose payment is unknown are left out.

    ``rows`` is the table that `read_metrics` returns, with its facts; ``statistics`` that of `cell_statistics`.
    """
    facts = [fact for fact in FACTS if fact in rows]
    cells = rows[rows["effort_paid"] != ""].drop_duplicates(CELL)[[*CELL, *facts]]
    dice = statistics[statistics["metric"] == "dice"][[*CELL, "mean", "low", "high"]]
    names = {"mean": "dice_mean", "low": "dice_low", "high": "dice_high"}
    return cells.merge(dice.rename(columns=names), on=CELL, how="left")


def has_both_payments(rows):
    """Return whether some method is paid for per scan, and another one once or never."""
    return "effort_paid" in rows and has_both(rows["effort_paid"])


def break_even_table(methods, scans):
    """Return the table with the `COLUMNS`: each method that is paid once or never against each that is paid per scan.

    ``methods`` are the `paying_methods`, ``scans`` is the number of scans to come.
    """
    lines = []
    for organ, part in methods.groupby(ORGAN, sort=False):
        known = part.to_dict("records")
        for once in (row for row in known if row["effort_paid"] != PER_SCAN):
            for per_scan in (row for row in known if row["effort_paid"] == PER_SCAN):
                lines += [dict(zip(ORGAN, organ, strict=True)) | line for line in _pair(once, per_scan, scans)]
    table = pd.DataFrame(lines, columns=COLUMNS)
    return table.astype({"annotated_scans": "Int64", "from_scan": "Int64", "scans_to_come": "Int64"})


def _pair(once, per_scan, scans):
    """Yield a line for every unit that the efforts of two methods have in common; one without numbers for none."""
    cases = 0 if once["effort_paid"] == NEVER else once["effort_cases"]
    line = {key: once[key] for key in ("method", "annotation", *DICE)}
    line |= {"annotated_scans": None if math.isnan(cases) else int(cases), "scans_to_come": scans, "reason": ""}
    line |= {f"per_scan_{key}": per_scan[key] for key in ("method", "annotation", *DICE)}
    units = common_units(once, per_scan)
    for unit in units:
        first, second = payment(once, unit), payment(per_scan, unit)
        yield line | {
            "unit": unit,
            "once": first.once,
            "per_scan": second.per_scan,
            "from_scan": break_even(first, second),
            "total_once": first.total(scans),
            "total_per_scan": second.total(scans),
        }
    if not units:
        yield line | {"unit": "", "from_scan": None, "reason": _reason(once, per_scan)}


def _reason(once, per_scan):
    for row in (once, per_scan):
        if row["effort_paid"] != NEVER and math.isnan(row["effort_clicks"]):
            return f"the effort of {row['method']} was not measured"
    return "no unit in common"


def readable_break_even(table):
    """Return the table of break-even as a `ReadableTable`, the pairs without a unit in common below the others."""
    table = pd.concat([table[table["unit"] != ""], table[table["unit"] == ""]])
    rows = table.to_dict("records")
    headings = HEADINGS | {"total_per_scan": f"{_scans(rows)} scans: once / per scan"}
    text = (
        table[list(ORGAN)]
        .astype(str)
        .assign(
            method=_names(table["method"], table["annotation"]),
            dice=[_dice(row) for row in rows],
            once=[_once(row) for row in rows],
            per_scan_method=_names(table["per_scan_method"], table["per_scan_annotation"]),
            per_scan_dice=[_dice(row, "per_scan_") for row in rows],
            per_scan=[_effort(row["per_scan"], row["unit"]) for row in rows],
            from_scan=[
                row["reason"] or ("never" if pd.isna(row["from_scan"]) else str(row["from_scan"])) for row in rows
            ],
            total_per_scan=[
                f"{_effort(row['total_once'], row['unit'])} / {_effort(row['total_per_scan'], row['unit'])}"
                if row["unit"]
                else "–"
                for row in rows
            ],
        )
    )
    numbers = ("dice", "once", "per_scan_dice", "per_scan", "from_scan", "total_per_scan")
    text = text[list(headings)].rename(columns=headings)
    return ReadableTable(text, [headings[name] for name in numbers], NOTE, subtitle="paid once or for every scan")


def break_even_sentences(table):
    """Return a sentence per organ: the best method that is paid once against the best one that is paid per scan.

    Best is the highest mean Dice among pairs that can be compared in clicks or centimetres drawn.
    """
    sentences = []
    compared = table[~table["unit"].isin(["", SECONDS])].dropna(subset=["dice_mean", "per_scan_dice_mean"])
    for organ, part in compared.groupby(ORGAN, sort=False):
        best = part.sort_values(["dice_mean", "per_scan_dice_mean"], ascending=False, kind="stable").iloc[0]
        sentences.append(_sentence(organ, best))
    return sentences


def _sentence(organ, row):
    unit, scans = row["unit"], row["scans_to_come"]
    paid = (
        f"no annotation at all ({row['method']}, Dice {row['dice_mean']:.3f})"
        if row["annotated_scans"] == 0
        else f"annotating {row['annotated_scans']} scans once and training {row['method']}"
        f" ({_effort(row['once'], unit)}, Dice {row['dice_mean']:.3f})"
    )
    other = (
        f"annotating each scan for {row['per_scan_method']} ({_effort(row['per_scan'], unit)} a scan,"
        f" Dice {row['per_scan_dice_mean']:.3f})"
    )
    less = "never costs less" if pd.isna(row["from_scan"]) else f"costs less from scan {row['from_scan']} on"
    totals = f"{_effort(row['total_once'], unit)} against {_effort(row['total_per_scan'], unit)}"
    return f"{organ_title(organ)}: {paid} {less} than {other}; for {scans} scans to come: {totals}."


def _names(methods, annotations):
    """Return the names for readers; one that stands for several annotations is followed by the annotation."""
    kinds = annotations.groupby(methods).transform("nunique")
    names = [name + " \\*" * control for name, control in zip(methods, is_control(methods), strict=True)]
    words = [
        f" ({readable_annotation(part)})" * (several > 1) for part, several in zip(annotations, kinds, strict=True)
    ]
    return [name + word for name, word in zip(names, words, strict=True)]


def _dice(row, prefix=""):
    return mean_with_interval(*(row[f"{prefix}{name}"] for name in DICE), 3, missing="–")


def _once(row):
    if not row["unit"]:
        return "–"
    if row["annotated_scans"] == 0:
        return "none"
    return f"{_effort(row['once'], row['unit'])} on {row['annotated_scans']} scans"


def _scans(rows):
    return rows[0]["scans_to_come"] if rows else 0


def _effort(value, unit):
    """Return an effort for readers: thousands apart, and no decimals unless it is a small mean."""
    if not unit:
        return "–"
    number = f"{value:,.0f}" if value >= 100 or value == round(value) else f"{value:.1f}"
    return f"{number.replace(',', ' ')} {unit}"
