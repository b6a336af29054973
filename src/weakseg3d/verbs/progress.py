"""Say in one line how far a run of the workflow is: jobs done, what runs for how long, and how long the rest takes.

It reads the log that Snakemake writes, and can be called from another terminal, or after the run. The estimate learns
from the jobs that have finished: until the first training has, trainings are counted as unknown.
"""

import argparse

from weakseg3d.option_types import whole_number

EXAMPLE = """\
  python -m weakseg3d progress                 # of the latest run in this folder
  python -m weakseg3d progress --every 10      # a new line every ten seconds, until the run ends"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "--folder", default=".", metavar="DIR", help="where Snakemake was started (default: the current folder)"
    )
    parser.add_argument("--every", type=whole_number, metavar="S", help="repeat every S seconds until the run ends")


def run(args: argparse.Namespace) -> None:
    """Print one line, or one after the other."""
    import time
    from pathlib import Path

    from weakseg3d.errors import UserError
    from weakseg3d.jobs.run_log import in_words, latest_log, read_run

    if args.every is not None and args.every < 1:
        raise UserError("--every must be 1 or more")
    log = latest_log(Path(args.folder))
    while True:
        with open(log, encoding="utf-8", errors="replace") as stream:
            found = read_run(stream)
        print(in_words(found, time.time()), flush=True)
        if args.every is None or found.ended:
            return
        time.sleep(args.every)
