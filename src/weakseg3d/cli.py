"""Command line: one verb per stage, one module in ``weakseg3d.verbs`` per verb.

A verb's module is imported only when the verb is called, so that a verb without torch starts at once.
It offers ``EXAMPLE`` (text), ``add_arguments(parser)`` and ``run(args)``; its docstring is the description.
"""

import argparse
import importlib
import sys

from weakseg3d.errors import UserError

VERBS = {
    "phantom": "write an abdominal phantom as raw archives in the layouts of BTCV (CT) or CHAOS (MR)",
    "download": "fetch, verify and unpack a dataset, or say which file to place where",
    "import": "turn a raw dataset into image.nii.gz and label.nii.gz per case",
    "dataset": "check what a dataset's cases hold, or draw a split of them",
    "resample": "put a volume on an isotropic grid over the same physical box",
    "perturb": "make an image worse, as real life does: noise, blur, an offset, or thick slices",
    "split": "cut the binary mask of one organ out of a label map",
    "annotate": "simulate a person's weak annotation of a mask",
    "effort": "measure what annotations cost: clicks, and centimetres drawn",
    "pseudolabel": "expand a weak annotation into a training target",
    "array": "turn a volume into the array a network sees: oriented, an image also scaled",
    "train": "train a method's network on the training cases",
    "distill": "let two trained models teach each other and themselves, as PA-Seg's second stage does",
    "predict": "segment an image with a trained model",
    "control": "write a control prediction: the truth, nothing, or the pseudo label itself",
    "evaluate": "compare a prediction with its reference",
    "overlay": "draw reference and prediction contours over an image",
    "batch": "run another verb for every case of a batch, going on where an earlier run ended",
    "report": "turn metrics into tables, figures and a self-contained report.html",
    "explain": "go from a number in a table back to its cases, models, config and commit",
}


class OneSentenceParser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence."""

    def error(self, message):
        """Print ``message`` without the usage and exit with code 2."""
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def build_parser(verb=None):
    """Return the parser of ``verb``, or the overview of all verbs."""
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


def module_name(verb):
    """Return the module of a verb; ``import`` is a keyword in Python."""
    return "import_" if verb == "import" else verb


def main(argv=None):
    """Run one verb and return the exit code: 0 done, 2 the user's mistake, 130 interrupted."""
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
