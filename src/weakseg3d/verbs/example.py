"""Write a small example: two scans of the phantom with clicks on spleen and liver, and one without.

The clicks are as 3D Slicer saves them, all lists of a scan in one scene. docs/by-hand.md makes masks of them.
"""

EXAMPLE = "  python -m weakseg3d example --out example"


def add_arguments(parser):
    """Add the verb's options to ``parser``."""
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write the files to")


def run(args):
    """Write the files and name them."""
    from weakseg3d.phantom.example import write_example

    for path in write_example(args.out):
        print(path)
