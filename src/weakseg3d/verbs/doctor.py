"""Say what is installed, which GPU and scheduler there are, and what is missing for which part.

It ends with exit code 2 if something is missing without which the demo cannot run.
"""

import argparse

EXAMPLE = "  python -m weakseg3d doctor > machine.txt"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no arguments; the verb has none."""


def run(args: argparse.Namespace) -> None:
    """Print the findings; raise a UserError if the demo lacks something."""
    from weakseg3d import __version__
    from weakseg3d.commit import commit, is_modified
    from weakseg3d.doctor.machine import computer, gpus, scheduler
    from weakseg3d.doctor.parts import PARTS
    from weakseg3d.errors import UserError
    from weakseg3d.files import PROJECT

    revision = f"commit {(commit() or 'unknown')[:12]}{', changed' if is_modified() else ''}"
    facts = {
        "weakseg3d": f"{__version__}, {revision}, in {PROJECT}",
        "computer": computer(),
        "GPU": gpus(),
        "scheduler": scheduler(),
    }
    missing = {part: part.missing() for part in PARTS}
    width = max(map(len, [*facts, *(part.name for part in PARTS)]))
    for name, words in facts.items():
        print(f"{name:<{width}}  {words}")
    print()
    for part, lacking in missing.items():
        words = f"missing: {', '.join(lacking)} ({part.remedy})" if lacking else "ready"
        print(f"{part.name:<{width}}  {words}")
    basic = {part: lacking for part, lacking in missing.items() if part.basic and lacking}
    if basic:
        needed = "; ".join(f"{', '.join(lacking)} for {part.name}" for part, lacking in basic.items())
        raise UserError(f"the demo cannot run, it lacks {needed}; run envs/install.sh with the path of this Python")
