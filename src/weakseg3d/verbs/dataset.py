"""Check the cases of a dataset, or split them into training, validation and test cases.

check reads every case, raw (--raw) or imported (--cases), compares it with what is expected, and rejects what would
falsify the results: missing pairs, different grids, labels that are not whole numbers, NaN, and the same scan under two
names. Where people annotated cases, or cases have no label, it also lists who has what.

split writes a CSV file case,split that is drawn at random from a seed, or one per fold. It can also complete a
published split, whose cases keep their parts while all other cases become test cases, training cases, or new ones,
which are segmented and not evaluated. If a dataset has several cases of one patient, they stay together, and numbers
count patients.
"""

from weakseg3d.option_types import whole_number

EXAMPLE = """  python -m weakseg3d dataset check btcv --raw raw/btcv
  python -m weakseg3d dataset check btcv --cases results/paper/2_cases/btcv
  python -m weakseg3d dataset split msd_spleen --raw raw/msd_spleen --out msd_spleen.csv --test 11 --seed 0
  python -m weakseg3d dataset split msd_spleen --raw raw/msd_spleen --out msd_spleen.csv --folds 5 --seed 0
  python -m weakseg3d dataset split brats2019 --raw raw/brats2019 --out b.csv --complete config/splits/brats2019.csv"""


def add_arguments(parser):
    """Add the verb's options to ``parser``."""
    tasks = parser.add_subparsers(dest="task", required=True, metavar="check|split")

    check = tasks.add_parser("check", help="compare the cases with the dataset's description, and reject unusable ones")
    _add_dataset(check)
    check.add_argument("--split", metavar="CSV", help="split to compare with (default: the dataset's own)")

    split = tasks.add_parser("split", help="divide the cases into training, validation and test cases")
    _add_dataset(split)
    split.add_argument(
        "--out",
        required=True,
        metavar="CSV",
        help="file to write; with --folds, _fold-0 and so on is inserted before .csv",
    )
    split.add_argument("--seed", type=whole_number, default=0, help="seed of the draw (default: %(default)s)")
    size = split.add_mutually_exclusive_group(required=True)
    size.add_argument("--test", type=whole_number, metavar="N", help="number of test cases")
    size.add_argument("--folds", type=whole_number, metavar="K", help="one split per fold; each case is tested once")
    size.add_argument(
        "--complete", metavar="CSV", help="published split; all cases that it does not list are added (see --rest)"
    )
    split.add_argument(
        "--rest",
        choices=["test", "train", "new"],
        default="test",
        help="with --complete: the part to which all other cases are added (default: %(default)s)",
    )
    split.add_argument(
        "--validation", type=whole_number, default=0, metavar="N", help="number of validation cases, with --test"
    )


def _add_dataset(parser):
    parser.add_argument(
        "dataset", metavar="DATASET", help="name under config/datasets, or the path of such a YAML file"
    )
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--raw", metavar="DIR", help="raw folder, as written by the verb download")
    place.add_argument("--cases", metavar="DIR", help="folder with one folder per case, as written by the verb import")


def run(args):
    """Print the findings or write the splits; raise a UserError if the check rejects the dataset."""
    from weakseg3d.datasets.check import imported_cases, raw_cases
    from weakseg3d.datasets.description import load_dataset

    dataset = load_dataset(args.dataset)
    loaders = imported_cases(args.cases) if args.cases else raw_cases(dataset, args.raw)
    (_check if args.task == "check" else _split)(args, dataset, loaders)


def _check(args, dataset, loaders):
    from weakseg3d.datasets.check import as_text, check_cases
    from weakseg3d.datasets.description import read_split
    from weakseg3d.errors import UserError
    from weakseg3d.experiment.coverage import coverage
    from weakseg3d.named_files import from_here_or_project

    path = args.split or (from_here_or_project(dataset["split"]) if dataset["split"] else None)
    # Cases can be checked before the split exists.
    split = read_split(path) if args.split or (path and path.exists()) else None
    findings = check_cases(dataset, loaders, split)
    table = ()
    labelled = {case.name: case.labels is not None for case in findings.cases}
    # Where every case has its label and nobody annotated, there is nothing to tell.
    if dataset["annotations"] or not all(labelled.values()):
        table, lacking = coverage(dataset, labelled, _published(args, dataset), split, args.raw or "")
        findings.problems += lacking
    if split is None:
        findings.notes.append("no split to compare with; draw one with 'dataset split'")
    print(as_text(dataset, findings, table))
    if findings.problems:
        others = len(findings.problems) - 1
        more = f" (and {others} more problem{'s' if others > 1 else ''}, listed above)" if others else ""
        raise UserError(f"{args.cases or args.raw}: not usable, {findings.problems[0]}{more}")


def _published(args, dataset):
    """Return the cases with published scribbles; the folder is read only for a dataset that may have some."""
    if "scribbles" not in dataset:
        return set()
    from pathlib import Path

    from weakseg3d.datasets.cases import cases_in

    if args.cases:
        return {path.parent.name for path in Path(args.cases).glob("*/scribbles.nii.gz")}
    return {case for case, sources in cases_in(dataset, args.raw).items() if sources.get("scribbles")}


def _split(args, dataset, loaders):
    from pathlib import Path

    from weakseg3d.datasets.description import PARTS, read_split
    from weakseg3d.datasets.splits import completed, draw_folds, draw_split, write_split
    from weakseg3d.errors import UserError

    if args.seed < 0 or args.validation < 0 or (args.test is not None and args.test < 1):
        raise UserError("--seed and --validation must be 0 or more, --test must be 1 or more")
    if args.validation and args.test is None:
        raise UserError("--validation can only be used together with --test; add --test or remove --validation")
    out = Path(args.out)
    if args.complete:
        splits = {out: completed(read_split(args.complete), loaders, args.rest)}
    elif args.folds is None:
        splits = {out: draw_split(loaders, args.validation, args.test, args.seed, dataset["patient"])}
    else:
        folds = draw_folds(loaders, args.folds, args.seed, dataset["patient"])
        splits = {out.with_name(f"{out.stem}_fold-{fold}.csv"): split for fold, split in enumerate(folds)}
    for path, split in splits.items():
        write_split(split, path)
        counts = [
            f"{list(split.values()).count(part)} {part}" for part in PARTS if part != "new" or part in split.values()
        ]
        print(f"{path}: {', '.join(counts)}")
