"""Turn a raw dataset into image.nii.gz and label.nii.gz per case, geometry kept.

Without --case every case is imported.
"""

EXAMPLE = "  python -m weakseg3d import chaos_mr --raw raw/chaos_mr --out cases/chaos_mr --case 1 --case 2"


def add_arguments(parser):
    """Add the verb's options to ``parser``."""
    parser.add_argument("dataset", metavar="DATASET", help="name under config/datasets, or the path of such a YAML")
    parser.add_argument("--raw", required=True, metavar="DIR", help="raw folder, of the verb download or your own")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for one folder per case")
    parser.add_argument("--case", action="append", metavar="ID", help="import this case; may be given repeatedly")


def run(args):
    """Import the cases; a case's folder appears only when both of its files are whole."""
    from weakseg3d.datasets.cases import import_cases
    from weakseg3d.datasets.description import load_dataset

    import_cases(load_dataset(args.dataset), args.raw, args.out, args.case)
