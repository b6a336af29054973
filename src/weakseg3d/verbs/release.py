"""Pack the results of an experiment into one archive to publish, from which anybody can make its tables again.

The archive holds the tables, figures and report, the config with its datasets, methods and splits, the simulated
annotations, the recipe, record and losses of every training, the versions of the software, and the digest of every
file, also of the models and predictions, which stay here. Paths of this machine are cut from all of it. Pictures of
scans and all masks are left out, unless --voxels asks for the masks; annotations that people made, unless --people asks
for them.

Before the archive is written, its tables are made again from its files alone and compared; 'recompute' does the same
elsewhere. The same results give the same bytes.
"""

import argparse
from pathlib import Path

from weakseg3d.errors import UserError

EXAMPLE = (
    "  python -m weakseg3d release results/demo --out demo.zip --title 'Clicks on a phantom' \\\n"
    "      --authors 'Jane Doe' --licence CC-BY-4.0 --date 2026-11-27"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("results", metavar="DIR", help="folder of an experiment with its report, such as results/demo")
    parser.add_argument("--out", required=True, metavar="ZIP", help="archive to write")
    parser.add_argument("--title", required=True, metavar="TEXT", help="title of the release")
    parser.add_argument("--authors", required=True, nargs="+", metavar="NAME", help="who publishes it")
    parser.add_argument("--licence", required=True, metavar="SPDX", help="licence of the content, such as CC-BY-4.0")
    parser.add_argument("--date", required=True, metavar="YYYY-MM-DD", help="day of publication")
    parser.add_argument("--doi", metavar="DOI", help="DOI that is reserved for the release")
    parser.add_argument("--voxels", action="store_true", help="also pack predictions, drawn annotations and pictures")
    parser.add_argument("--people", action="store_true", help="also pack annotations that people made")


def run(args: argparse.Namespace) -> None:
    """Write the archive."""
    from weakseg3d.release.about import About, check_day
    from weakseg3d.release.write import write_release

    if Path(args.out).suffix != ".zip":
        raise UserError(f"{args.out}: the release is a zip archive; give it a name that ends in .zip")
    check_day(args.date, "--date")
    about = About(args.title, args.authors, args.licence, args.date, args.doi, args.voxels, args.people)
    write_release(args.results, about, args.out)
