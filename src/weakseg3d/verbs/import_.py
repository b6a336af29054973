"""Convert a raw dataset to image.nii.gz and label.nii.gz per case, with unchanged geometry.

Without --case, every case is imported.
"""

EXAMPLE = "  python -m weakseg3d import chaos_mr --raw raw/chaos_mr --out cases/chaos_mr --case 1 --case 2"


def add_arguments(parser):
    """Add the verb's options to ``parser``."""
    parser.add_argument(
        "dataset", metavar="DATASET", help="name under config/datasets, or the path of such a YAML file"
    )
    parser.add_argument(
        "--raw", required=True, metavar="DIR", help="raw folder, written by the verb download or your own"
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="output folder, in which each case gets a folder")
    parser.add_argument("--case", action="append", metavar="ID", help="import this case; may be given repeatedly")
    parser.add_argument("--image-only", action="store_true", help="for cases that have no label")


def run(args):
    """Import the cases; the folder of a case appears only once both of its files are complete."""
    from weakseg3d.datasets.cases import import_cases
    from weakseg3d.datasets.description import load_dataset

    import_cases(load_dataset(args.dataset), args.raw, args.out, args.case, args.image_only)
