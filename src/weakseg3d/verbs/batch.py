"""Run another verb for every case of a batch, in one process.

In the verb's arguments the batch's name stands for the case, and a record under results/EXPERIMENT/batches for the
case's file. A case whose files an earlier run made by the same command from the same inputs is left as it is.
"""

import argparse

EXAMPLE = """\
  python -m weakseg3d batch --cases 0001 0002 --read results/demo/batches/3_isotropic/btcv/@test/label.nii.gz.json \\
      --write results/demo/batches/4_masks/btcv/spleen/@test.nii.gz.json --name @test \\
      split --label results/demo/batches/3_isotropic/btcv/@test/label.nii.gz.json --ids 1 \\
      --out results/demo/batches/4_masks/btcv/spleen/@test.nii.gz.json"""


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--cases", nargs="+", required=True, metavar="ID", help="the batch's cases")
    parser.add_argument(
        "--read", nargs="+", required=True, metavar="FILE", help="what the verb reads: records, or files of all cases"
    )
    parser.add_argument("--write", nargs="+", required=True, metavar="RECORD", help="records of what the verb writes")
    parser.add_argument("--name", required=True, metavar="BATCH", help="what stands for the case in the arguments")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="VERB ...", help="the verb and its arguments")


def run(args):
    """Run the verb for every case; end with the worst of their exit codes."""
    import sys

    from weakseg3d.jobs.batches import run_batch

    code = run_batch(args.command, args.name, args.cases, args.read, args.write)
    if code:
        sys.exit(code)
