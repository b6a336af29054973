"""Write an abdominal phantom as a raw archive: RawData.zip as in BTCV (CT) or CHAOS_Train_Sets.zip as in CHAOS (MR).

The same seed gives the same archive, and a case does not depend on the number of cases.
"""

from weakseg3d.errors import UserError
from weakseg3d.option_types import whole_number

EXAMPLE = "  python -m weakseg3d phantom --modality ct --cases 10 --seed 1 --out raw/phantom_ct"


def add_arguments(parser):
    """Add the verb's options to ``parser``."""
    parser.add_argument(
        "--modality", required=True, choices=("ct", "mr"), help="CT in the layout of BTCV, or MR in that of CHAOS"
    )
    parser.add_argument("--cases", required=True, type=whole_number, metavar="N", help="number of cases")
    parser.add_argument("--seed", required=True, type=whole_number, metavar="S", help="seed of all random numbers")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write the archive to")


def run(args):
    """Write the archive; raise a UserError for a number out of range."""
    if not 1 <= args.cases <= 9999:
        raise UserError(f"--cases {args.cases}: give a number from 1 to 9999")
    if not 0 <= args.seed < 2**31:
        raise UserError(f"--seed {args.seed}: give a number from 0 to {2**31 - 1}")
    # Imported here so that --help need not wait for it.
    from weakseg3d.phantom.archives import write_archive

    print(write_archive(args.modality, args.cases, args.seed, args.out))
