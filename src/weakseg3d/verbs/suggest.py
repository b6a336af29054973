"""Say which scan to annotate next: the scans that nobody annotated yet, those first of which the models are least sure.

It reads what exists already: volumes.csv, which 'segment' and the workflow write for new scans, or the folders of maps
of 'predict --uncertainty'. The measure is the mean entropy over the voxels taken for the organ, in bits, averaged over
the organs; an organ that was not found counts as 1 bit.
"""

import argparse
import csv
from pathlib import Path

from weakseg3d.errors import UserError
from weakseg3d.option_types import whole_number

EXAMPLE = """\
  python -m weakseg3d suggest --volumes masks/volumes.csv --annotated scan_1 scan_2 --number 5
  python -m weakseg3d suggest --maps results/demo/8_predictions/phantom_ct/liver/*/pw4medseg/seed-0/*_uncertainty"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--volumes", metavar="CSV", help="table of 'segment'")
    source.add_argument("--maps", nargs="+", metavar="DIR", help="folders of 'predict --uncertainty', one per scan")
    parser.add_argument("--annotated", nargs="+", default=[], metavar="SCAN", help="scans to leave out")
    parser.add_argument("--number", type=whole_number, metavar="N", help="how many to name (default: all)")
    parser.add_argument("--csv", metavar="FILE", help="also write the ranking: scan,uncertainty_bits,organ")


def run(args: argparse.Namespace) -> None:
    """Print the ranking."""
    from weakseg3d.segmentation.suggestion import as_text, from_maps, from_volumes, ranked

    if args.number is not None and args.number < 1:
        raise UserError(f"--number {args.number}: must be 1 or more")
    bits = from_volumes(args.volumes) if args.volumes else from_maps(args.maps)
    suggestions = ranked(bits, args.annotated)[: args.number]
    if not suggestions:
        raise UserError(f"{args.volumes or args.maps[0]}: no scan is left to suggest; segment more scans first")
    print(as_text(suggestions))
    if args.csv:
        _write(suggestions, Path(args.csv))


def _write(suggestions, path):
    from weakseg3d.files import whole_file
    from weakseg3d.texts import as_cell

    with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["scan", "uncertainty_bits", "organ"])
        writer.writerows([as_cell(each.scan), f"{each.uncertainty:.5f}", as_cell(each.organ)] for each in suggestions)
