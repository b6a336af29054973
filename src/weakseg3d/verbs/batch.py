"""Run another verb for every case of a batch, in one process.

In the verb's arguments the name of the batch stands for the case, and a record under results/EXPERIMENT/batches for
the file of the case. A case is left alone if an earlier run made its files with the same command from the same inputs.
"""

import argparse

EXAMPLE = """\
  python -m weakseg3d batch --cases 0001 0002 --read results/demo/batches/3_isotropic/btcv/@test/label.nii.gz.json \\
      --write results/demo/batches/4_masks/btcv/spleen/@test.nii.gz.json --name @test --code 1f2e \\
      split --label results/demo/batches/3_isotropic/btcv/@test/label.nii.gz.json --ids 1 \\
      --out results/demo/batches/4_masks/btcv/spleen/@test.nii.gz.json"""


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--cases", nargs="+", required=True, metavar="ID", help="cases of the batch")
    parser.add_argument(
        "--read", nargs="+", required=True, metavar="FILE", help="what the verb reads: records, or files of all cases"
    )
    parser.add_argument("--write", nargs="+", required=True, metavar="RECORD", help="records of what the verb writes")
    parser.add_argument("--name", required=True, metavar="BATCH", help="what stands for the case in the arguments")
    parser.add_argument("--code", required=True, metavar="HASH", help="hash of the code that makes the files")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="VERB ...", help="the verb and its arguments")


def run(args):
    """Run the verb for every case; exit with the highest of their exit codes."""
    import sys

    from weakseg3d.jobs.batches import run_batch

    code = run_batch(args.command, args.name, args.cases, args.read, args.write, args.code)
    if code:
        sys.exit(code)
