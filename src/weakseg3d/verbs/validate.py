"""Score a trained model on validation cases, to choose among several settings of a method with 'select'.

Labels are masks, or sparse label maps such as 'pseudolabel points' writes: 0 is background, 1 the organ and 2 unknown.
Only voxels whose class is known count. --cases is a CSV with the header case,image,label, whose paths are seen from its
own folder; images have the spacing at which the model was trained. The table has the numbers of voxels of every case
that are known to be organ or background, and how many of each were predicted to be the organ.
"""

import argparse

EXAMPLE = "  python -m weakseg3d validate --model model/model.pt --cases validation.csv --out scores.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--model", required=True, metavar="FILE", help="model.pt of 'train'")
    parser.add_argument("--cases", required=True, metavar="CSV", help="validation cases: case,image,label")
    parser.add_argument("--out", required=True, metavar="FILE", help="table of the scores (.csv)")
    parser.add_argument(
        "--largest-component", action="store_true", help="keep only the largest component of each prediction"
    )


def run(args: argparse.Namespace) -> None:
    """Write the scores of all cases and print their mean Dice."""
    from weakseg3d.files import existing_file

    for path in (args.model, args.cases):
        existing_file(path)

    import json

    from weakseg3d.accelerator import report_missing_gpu
    from weakseg3d.tuning.scores import check_both_classes, score, write_scores
    from weakseg3d.tuning.validation import validate

    report_missing_gpu()
    cases = validate(args.model, args.cases, args.largest_component)
    check_both_classes(cases, args.cases)
    write_scores(cases, args.out)
    dice = score(cases)
    print(json.dumps({"cases": len(cases), "dice": None if dice is None else round(float(dice), 6)}))
