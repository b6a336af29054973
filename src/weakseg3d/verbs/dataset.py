"""Check what a dataset's cases hold, or draw a split of them.

check reads every case, raw (--raw) or imported (--cases), prints what was expected and found, and refuses what
would poison a table: missing pairs, mismatched geometry, labels that are no whole numbers, NaN, and the same scan
under two names. split writes a CSV case,split drawn by a seed, or one per fold, or completes a published one: its
cases keep their parts, and the cases it does not name become test cases.
"""

EXAMPLE = """  python -m weakseg3d dataset check btcv --raw raw/btcv
  python -m weakseg3d dataset check btcv --cases results/paper/2_cases/btcv
  python -m weakseg3d dataset split msd_spleen --raw raw/msd_spleen --out msd_spleen.csv --test 11 --seed 0
  python -m weakseg3d dataset split msd_spleen --raw raw/msd_spleen --out msd_spleen.csv --folds 5 --seed 0
  python -m weakseg3d dataset split brats2019 --raw raw/brats2019 --out b.csv --complete config/splits/brats2019.csv"""


def add_arguments(parser):
    """Add the verb's options to ``parser``."""
    tasks = parser.add_subparsers(dest="task", required=True, metavar="check|split")

    check = tasks.add_parser("check", help="expected against found, and what must not be used")
    _add_dataset(check)
    check.add_argument("--split", metavar="CSV", help="split to compare with (default: the dataset's own)")

    split = tasks.add_parser("split", help="which cases train, validate and test")
    _add_dataset(split)
    split.add_argument("--out", required=True, metavar="CSV", help="file to write; folds put _fold-0, … before .csv")
    split.add_argument("--seed", type=int, default=0, help="seed of the draw (default: %(default)s)")
    size = split.add_mutually_exclusive_group(required=True)
    size.add_argument("--test", type=int, metavar="N", help="number of test cases")
    size.add_argument("--folds", type=int, metavar="K", help="one split per fold; each case is tested once")
    size.add_argument("--complete", metavar="CSV", help="published split; cases it does not name become test cases")
    split.add_argument("--validation", type=int, default=0, metavar="N", help="number of validation cases, with --test")


def _add_dataset(parser):
    parser.add_argument("dataset", metavar="DATASET", help="name under config/datasets, or the path of such a YAML")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--raw", metavar="DIR", help="raw folder, as the verb download leaves it")
    place.add_argument("--cases", metavar="DIR", help="folder with one folder per case, as the verb import leaves it")


def run(args):
    """Print the findings or write the splits; raises UserError where the check refuses the dataset."""
    from weakseg3d.datasets.check import imported_cases, raw_cases
    from weakseg3d.datasets.description import load_dataset

    dataset = load_dataset(args.dataset)
    loaders = imported_cases(args.cases) if args.cases else raw_cases(dataset, args.raw)
    (_check if args.task == "check" else _split)(args, dataset, loaders)


def _check(args, dataset, loaders):
    from weakseg3d.datasets.check import as_text, check_cases
    from weakseg3d.datasets.description import read_split
    from weakseg3d.errors import UserError
    from weakseg3d.schemas import relative_to_project

    path = args.split or (relative_to_project(dataset["split"]) if dataset["split"] else None)
    # Cases may be looked at before a split of them is drawn.
    split = read_split(path) if args.split or (path and path.exists()) else None
    findings = check_cases(dataset, loaders, split)
    if split is None:
        findings.notes.append("no split to compare with; draw one with 'dataset split'")
    print(as_text(dataset, findings))
    if findings.problems:
        more = f" (and {len(findings.problems) - 1} more, above)" if findings.problems[1:] else ""
        raise UserError(f"{args.cases or args.raw}: not fit for a table, {findings.problems[0]}{more}")


def _split(args, dataset, loaders):
    from pathlib import Path

    from weakseg3d.datasets.description import read_split
    from weakseg3d.datasets.splits import completed, draw_folds, draw_split, write_split
    from weakseg3d.errors import UserError

    if args.seed < 0 or args.validation < 0 or (args.test is not None and args.test < 1):
        raise UserError("--seed and --validation take a number from 0 on, --test one from 1 on")
    if args.validation and args.test is None:
        raise UserError("--validation goes with --test alone; leave one away")
    out = Path(args.out)
    if args.complete:
        splits = {out: completed(read_split(args.complete), loaders)}
    elif args.folds is None:
        splits = {out: draw_split(loaders, args.validation, args.test, args.seed)}
    else:
        folds = draw_folds(loaders, args.folds, args.seed)
        splits = {out.with_name(f"{out.stem}_fold-{fold}.csv"): split for fold, split in enumerate(folds)}
    for path, split in splits.items():
        write_split(split, path)
        counts = [f"{list(split.values()).count(part)} {part}" for part in ("train", "validation", "test")]
        print(f"{path}: {', '.join(counts)}")
