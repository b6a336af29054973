"""Measure how well two sets of segmentations agree, case by case: two annotators', or two models'.

The Dice coefficient of two masks, sparse label maps (2 is unknown, and only what both know counts) or soft maps (cut at
one half), {case} in their names standing for the id. It says how alike the two are, not which is right.
"""

import argparse

from weakseg3d.annotations.peoples_files import CASE
from weakseg3d.errors import UserError
from weakseg3d.keyvalues import add_label_option, leading_columns

EXAMPLE = """\
  python -m weakseg3d agree --first ann/{case}.nii.gz --second bo/{case}.nii.gz --cases 001 002 --csv agreement.csv"""

COLUMNS = ("case", "dice")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--first", required=True, metavar="PATTERN", help="files of one annotator, with {case}")
    parser.add_argument("--second", required=True, metavar="PATTERN", help="files of the other, with {case}")
    parser.add_argument("--cases", action="extend", nargs="+", required=True, metavar="ID", help="cases that both have")
    parser.add_argument("--csv", metavar="FILE", help="also write one row per case")
    add_label_option(parser)


def run(args: argparse.Namespace) -> None:
    """Print the agreement in each case and its mean; write one row per case if --csv is given."""
    import csv
    import json
    import math

    from weakseg3d.files import whole_file
    from weakseg3d.texts import as_cell

    labels = leading_columns(args.label, COLUMNS)
    for pattern in (args.first, args.second):
        if CASE not in pattern and len(args.cases) > 1:
            raise UserError(f"{pattern}: write {CASE} where the ids of --cases belong")
    dice = {case: _agreement(args, case) for case in args.cases}
    if args.csv:
        with whole_file(args.csv) as partial, open(partial, "w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([*labels, *COLUMNS])
            cells = [as_cell(label) for label in labels.values()]
            for case, value in dice.items():
                writer.writerow([*cells, as_cell(case), "" if math.isnan(value) else f"{value:.6f}"])
    known = [value for value in dice.values() if not math.isnan(value)]
    mean = sum(known) / len(known) if known else None
    by_case = {case: None if math.isnan(value) else value for case, value in dice.items()}
    print(json.dumps({"cases": len(dice), "dice": mean, "by_case": by_case}, indent=2))


def _agreement(args: argparse.Namespace, case: str) -> float:
    import SimpleITK as sitk

    from weakseg3d.evaluation.agreement import agreement
    from weakseg3d.images.volumes import check_same_grid, read_target

    paths = [pattern.replace(CASE, case) for pattern in (args.first, args.second)]
    first, second = map(read_target, paths)
    check_same_grid(first, second, *paths)
    return agreement(sitk.GetArrayViewFromImage(first), sitk.GetArrayViewFromImage(second))
