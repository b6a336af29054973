"""Measure how much work annotations are: the number of clicks, the centimetres drawn, and the seconds if known.

A point is one click, a box two (opposite corners). In a label map, the outlines on densely annotated axial slices
count as drawn; in a mask without unannotated voxels these are all slices. On slices with scribbles, the curves count
as drawn, and an isolated voxel is a click. Measure what a person saved, not a copy on another grid. Each file is the
annotation of one case, or, with --cases, all files together are, and {case} in their names stands for its id.
"""

from pathlib import Path

from weakseg3d.annotations.peoples_files import CASE, PeoplesFiles, add_file_options
from weakseg3d.errors import UserError, quoted
from weakseg3d.keyvalues import add_label_option, leading_columns

EXAMPLE = """\
  python -m weakseg3d effort --annotations annotations/*.mrk.json
  python -m weakseg3d effort --annotations mask.nii.gz --csv effort.csv --label dataset=btcv organ=spleen
  python -m weakseg3d effort --annotations drawn/{case}.nii.gz --cases 001 002 --organ-value 3 --unknown 4"""

COLUMNS = ("case", "clicks", "drawn_cm")
SECONDS, ANNOTATORS = "seconds", "annotators"
"""Further columns, if --seconds is given: the time of each case, and the number of annotators."""
SUFFIXES = (".mrk.json", ".json", ".seg.nrrd", ".nrrd", ".nii.gz", ".nii")


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument(
        "--annotations",
        action="extend",
        nargs="+",
        default=[],
        metavar="FILE",
        help="markups (.mrk.json), label maps or masks",
    )
    parser.add_argument(
        "--cases",
        action="extend",
        nargs="+",
        default=[],
        metavar="ID",
        help="cases whose ids stand for {case} in the names of the files",
    )
    parser.add_argument(
        "--combine",
        action="append",
        nargs="+",
        default=[],
        metavar=("TABLE", "ID"),
        help="in place of --annotations: a CSV that --csv wrote, and the cases to take from it (may be repeated)",
    )
    add_file_options(parser)
    parser.add_argument("--seconds", metavar="CSV", help="times, with the columns case and seconds, and annotator")
    parser.add_argument("--csv", metavar="FILE", help="also write one row per annotation")
    add_label_option(parser)


def run(args):
    """Print the effort of every annotation and the mean; write one row per annotation if --csv is given."""
    import csv
    import json

    from weakseg3d.files import whole_file
    from weakseg3d.texts import as_cell

    if bool(args.annotations) == bool(args.combine):
        raise UserError("give either --annotations or --combine")
    measured = _combined(args.combine) if args.combine else _with_times(_rows(args), args.seconds)
    columns = (*COLUMNS, SECONDS, ANNOTATORS) if all(SECONDS in row for row in measured) else COLUMNS
    labels = leading_columns(args.label, columns)
    rows = [{key: row[key] for key in columns} for row in measured]
    if args.csv:
        with whole_file(args.csv) as partial, open(partial, "w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, (*labels, *columns), lineterminator="\n")
            writer.writeheader()
            cells = {key: as_cell(label) for key, label in labels.items()}
            writer.writerows(cells | row | {"case": as_cell(row["case"])} for row in rows)
    numbers = columns[1:4]
    means = {key: sum(row[key] for row in rows) / len(rows) for key in numbers}
    print(json.dumps({"cases": len(rows), **means, "files": rows}, indent=2))


def _combined(tables):
    """Return the rows of the given cases in each of ``tables``, lists of a CSV and of case ids."""
    from weakseg3d.texts import from_cell, read_csv

    rows = []
    for path, *cases in tables:
        table = read_csv(path)
        found = {from_cell(row.get("case", "")): row for row in table.records()}
        for case in cases:
            if case not in found:
                raise UserError(f"{path}: has no row of case {quoted(case)}; measure its annotation first")
            rows.append(_as_measured(found[case] | {"case": case}, path))
    return rows


def _as_measured(row, path):
    """Return a row of a CSV with numbers in place of texts."""
    try:
        known = {"case": row["case"], "clicks": int(row["clicks"]), "drawn_cm": float(row["drawn_cm"])}
        if row.get(SECONDS):
            known |= {SECONDS: float(row[SECONDS]), ANNOTATORS: int(row[ANNOTATORS]) if row[ANNOTATORS] else ""}
    except (KeyError, ValueError):
        raise UserError(f"{path}: not a table of efforts; write it with 'effort --csv'") from None
    return known


def _rows(args):
    """Return case, clicks and centimetres of every annotation."""
    annotations = dict(_annotations(args))
    costs = {case: _effort(files, args) for case, files in annotations.items()}
    return [
        {"case": case, "clicks": cost.clicks, "drawn_cm": round(cost.drawn_mm / 10, 4)} for case, cost in costs.items()
    ]


def _annotations(args):
    """Yield the case and the `PeoplesFiles` of every annotation."""
    if not args.cases:
        if args.background:
            raise UserError("--background: say with --cases whose files they are")
        for path in args.annotations:
            yield _case(path), PeoplesFiles.given(args, [path]).found()
        return
    for case in args.cases:
        files = PeoplesFiles.given(args, args.annotations).of_case(case)
        if len(args.cases) > 1 and not any(CASE in name for name in args.annotations):
            raise UserError(f"{args.annotations[0]}: write {CASE} where the ids of --cases belong")
        yield case, files.found()


def _effort(given, args):
    """Return the effort of one annotation; without options, a file of one's own, it may be a simulated one."""
    from weakseg3d.annotations.effort import click_effort, effort, map_effort

    if not args.cases and not args.organ and not any(given.values):
        return effort(given.files[0])
    if given.files[0].endswith(".json"):
        return click_effort(given.clicks())
    return map_effort(given.drawn("scribbles"))


def _with_times(rows, path):
    """Return ``rows`` with the seconds in the CSV at ``path`` and the number of annotators, if there is one."""
    from weakseg3d.annotations.working_times import read_working_times

    if not path:
        return rows
    times = read_working_times(path)
    missing = [row["case"] for row in rows if row["case"] not in times.seconds]
    if missing:
        raise UserError(f"{path}: has no row of case {quoted(missing[0])}; add one")
    return [row | {SECONDS: times.seconds[row["case"]], ANNOTATORS: len(times.annotators) or ""} for row in rows]


def _case(path):
    """Return the file's name without its suffix, which may have two parts."""
    name = Path(path).name
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), name)
