"""Command line: one verb per stage, and one module in ``weakseg3d.verbs`` per verb.

The module of a verb is imported only when the verb is called, so that a verb that does not need torch starts quickly.
It provides ``EXAMPLE`` (text), ``add_arguments(parser)`` and ``run(args)``; its docstring is the description.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

from weakseg3d.errors import UserError

VERBS = {
    "phantom": "write an abdominal phantom as raw archives in the layouts of BTCV (CT) or CHAOS (MR)",
    "download": "download, verify and unpack a dataset, or explain which file to place where",
    "import": "convert a raw dataset to image.nii.gz and label.nii.gz per case",
    "dataset": "check the cases of a dataset, or split them into training, validation and test cases",
    "resample": "resample a volume to an isotropic grid over the same physical box",
    "perturb": "degrade an image in a realistic way: noise, blur, an offset, or thick slices",
    "split": "extract the binary mask of one organ from a label map",
    "annotate": "simulate a person's weak annotation of a mask",
    "effort": "measure how much work annotations are: clicks, and centimetres drawn",
    "pseudolabel": "expand a weak annotation into a training target",
    "array": "convert a volume to the input array of a network, in a common orientation and scaled",
    "train": "train a method's network on the training cases",
    "distill": "train two models to teach each other and themselves, as in PA-Seg's second stage",
    "predict": "segment an image with a trained model",
    "control": "write a control prediction: the reference, an empty mask, or the pseudo label itself",
    "evaluate": "compare a prediction with the reference",
    "overlay": "draw the contours of reference and prediction over an image",
    "batch": "run another verb for every case of a batch, continuing where an earlier run stopped",
    "report": "turn metrics into tables, figures and a self-contained report.html",
    "explain": "trace a number in a table back to its cases, models, config and commit",
}


class OneSentenceParser(argparse.ArgumentParser):
    """An argument parser that reports errors in one sentence."""

    def error(self, message: str) -> NoReturn:
        """Print ``message`` without the usage and exit with code 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def build_parser(verb: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of ``verb`` or, without a verb, a parser whose help lists all verbs."""
    if verb is None:
        listing = "\n".join(f"  {name:<12} {text}" for name, text in VERBS.items())
        parser = OneSentenceParser(
            prog="weakseg3d",
            usage="python -m weakseg3d VERB ...",
            description="One verb per stage of the benchmark.\n\n" + listing,
            epilog="python -m weakseg3d VERB --help explains a verb and shows an example.",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        parser.add_argument("verb", choices=VERBS, metavar="VERB")
        return parser
    module = importlib.import_module(f"weakseg3d.verbs.{module_name(verb)}")
    parser = OneSentenceParser(
        prog=f"weakseg3d {verb}",
        description=module.__doc__,
        epilog="example:\n" + module.EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)
    return parser


def module_name(verb: str) -> str:
    """Return the name of a verb's module, which differs for ``import``, as that is a keyword in Python."""
    return "import_" if verb == "import" else verb


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code: 0 for success, 2 for a mistake of the user, 130 if interrupted."""
    argv = sys.argv[1:] if argv is None else list(argv)
    verb = build_parser().parse_args(argv[:1]).verb
    args = build_parser(verb).parse_args(argv[1:])
    try:
        args.run(args)
    except UserError as error:
        print(f"weakseg3d {verb}: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.filename is None and error.errno is None:
            raise
        print(f"weakseg3d {verb}: {error.filename or 'the disk'}: {error.strerror}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(f"weakseg3d {verb}: interrupted", file=sys.stderr)
        return 130
    return 0
