"""Make every table of a release again, from its archive alone, and say whether they are the same byte for byte.

The archive is one that 'release' wrote. It is unpacked to a temporary folder and checked against its SHA256SUMS; the
tables are written below the output folder. If any differs, the exit code is 2. Nothing of the experiment but the
archive is needed. Tables are sure to be the same only with the versions of the software that made them; the archive's
README.md names them.
"""

import argparse

from weakseg3d.errors import UserError

EXAMPLE = "  python -m weakseg3d recompute demo.zip --out recomputed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("archive", metavar="ZIP", help="archive of 'release'")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the tables")


def run(args: argparse.Namespace) -> None:
    """Write the tables and print how many are the same."""
    from weakseg3d.release.recompute import recompute

    outcome = recompute(args.archive, args.out)
    for name in outcome.differing:
        print(f"{name}: differs from the archive's")
    if outcome.differing:
        software = ", ".join(f"{name} {text}" for name, text in outcome.software.items())
        raise UserError(
            f"{args.archive}: {len(outcome.differing)} of {len(outcome.tables)} tables are not the same; use the"
            f" software that made them ({software})"
        )
    print(f"all {len(outcome.tables)} tables are the same, byte for byte")
