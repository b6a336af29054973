"""Measure how much work annotations are: the number of clicks, and the centimetres drawn.

A point is one click, a box two (opposite corners). In a label map, the outlines on densely annotated axial slices
count as drawn; in a mask without unannotated voxels these are all slices. On slices with scribbles, the curves count
as drawn, and an isolated voxel is a click.
"""

from pathlib import Path

from weakseg3d.errors import UserError, quoted

EXAMPLE = """\
  python -m weakseg3d effort --annotations annotations/*.mrk.json
  python -m weakseg3d effort --annotations mask.nii.gz --csv effort.csv --label dataset=btcv organ=spleen"""

COLUMNS = ("case", "clicks", "drawn_cm")
SUFFIXES = (".mrk.json", ".json", ".nii.gz", ".nii")


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument(
        "--annotations", nargs="+", required=True, metavar="FILE", help="markups (.mrk.json), label maps or masks"
    )
    parser.add_argument("--csv", metavar="FILE", help="also write one row per annotation")
    parser.add_argument(
        "--label",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="fill a leading column of the CSV (may be repeated)",
    )


def run(args):
    """Print the effort of every annotation and the mean; write one row per annotation if --csv is given."""
    import csv
    import json

    from weakseg3d.annotations.effort import effort
    from weakseg3d.files import whole_file
    from weakseg3d.keyvalues import parse_pairs
    from weakseg3d.texts import as_cell

    labels = parse_pairs(args.label, "--label")
    for key in labels:
        if key in COLUMNS:
            raise UserError(f"--label {quoted(key)}: the table already has a column of that name; choose another key")
    costs = [effort(path) for path in args.annotations]
    rows = [
        {"case": _case(path), "clicks": cost.clicks, "drawn_cm": round(cost.drawn_mm / 10, 4)}
        for path, cost in zip(args.annotations, costs, strict=True)
    ]
    if args.csv:
        with whole_file(args.csv) as partial, open(partial, "w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, (*labels, *COLUMNS), lineterminator="\n")
            writer.writeheader()
            cells = {key: as_cell(label) for key, label in labels.items()}
            writer.writerows(cells | row | {"case": as_cell(row["case"])} for row in rows)
    means = {key: sum(row[key] for row in rows) / len(rows) for key in ("clicks", "drawn_cm")}
    print(json.dumps({"cases": len(rows), **means, "files": rows}, indent=2))


def _case(path):
    """Return the file's name without its suffix, which may have two parts."""
    name = Path(path).name
    return next((name.removesuffix(suffix) for suffix in SUFFIXES if name.endswith(suffix)), name)
