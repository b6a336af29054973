"""Command line: one verb per stage, and one module in ``weakseg3d.verbs`` per verb.

The module of a verb is imported only when the verb is called, so that a verb that does not need torch starts quickly.
It provides ``EXAMPLE`` (text), ``add_arguments(parser)`` and ``run(args)``; its docstring is the description.
"""

import argparse
import importlib
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from weakseg3d.errors import UserError, printable, quoted

VERBS = {
    "phantom": "write an abdominal phantom as raw archives in the layouts of BTCV (CT) or CHAOS (MR)",
    "example": "write a small example: scans with clicks, and one without, to try the other verbs on",
    "download": "download, verify and unpack a dataset, or explain which file to place where",
    "import": "convert a raw dataset to image.nii.gz and label.nii.gz per case",
    "dataset": "check the cases of a dataset, or split them into training, validation and test cases",
    "resample": "resample a volume to an isotropic grid over the same physical box",
    "perturb": "degrade an image in a realistic way: noise, blur, an offset, or thick slices",
    "split": "extract the binary mask of one organ from a label map",
    "annotate": "simulate a person's weak annotation of a mask",
    "collect": "bring an annotation that a person made to an image's grid",
    "effort": "measure how much work annotations are: clicks, and centimetres drawn",
    "pseudolabel": "expand a weak annotation into a training target",
    "array": "convert a volume to the input array of a network, in a common orientation and scaled",
    "train": "train a method's network on the training cases",
    "distill": "train two models to teach each other and themselves, as in PA-Seg's second stage",
    "validate": "score a trained model on validation cases",
    "select": "choose one of several trained settings of a method by their scores on validation cases",
    "predict": "segment an image with a trained model",
    "segment": "segment new scans with trained models: one label map per scan, on the scan's own grid",
    "suggest": "say which scan to annotate next: those first of which the models are least sure",
    "export": "turn a finished cell of an experiment into a model to use or pass on, with its card",
    "external": "train and predict with a program of somebody else's",
    "adopt": "take over a mask that was made elsewhere, once it is checked",
    "method": "check that a method of your own keeps its contract",
    "control": "write a control prediction: the reference, an empty mask, or the pseudo label itself",
    "evaluate": "compare a prediction with the reference",
    "agree": "measure how well two annotators, or two models, agree",
    "overlay": "draw the contours of reference and prediction over an image",
    "batch": "run another verb for every case of a batch, continuing where an earlier run stopped",
    "report": "turn metrics into tables, figures and a self-contained report.html",
    "release": "pack the results of an experiment into one archive to publish",
    "recompute": "make every table of a release again and compare them byte for byte",
    "explain": "trace a number in a table back to its cases, models, config and commit",
    "new": "write a commented YAML for a dataset, a method or an experiment of your own",
    "progress": "say in one line how far a run of the workflow is, and how long the rest takes",
    "doctor": "say what is installed, which GPU and scheduler there are, and what is missing for which part",
    "completion": "write what a shell needs to complete this command's verbs and options",
}


INTERNAL_ERROR = 70
"""Exit code of a verb that ended because of a bug, EX_SOFTWARE in BSD's sysexits.h."""

LONGEST_WORD = 300
"""Longest word, in characters, that a message about the arguments repeats in full."""


APART = "--subcommand-follows"
"""Option without effect. argparse gives an option of several values all words up to the next option."""


class OneSentenceParser(argparse.ArgumentParser):
    """An argument parser that reports errors in one sentence, and takes ``-5e-05`` for a number.

    Options are written out: an abbreviation that is clear today may mean two options tomorrow.

    argparse decides by an attribute whether a word with a leading dash is a negative number or an option; its own
    pattern lacks the exponent (https://github.com/python/cpython/issues/53580).
    """

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, allow_abbrev=False, **kwargs)
        self._subcommands: argparse._SubParsersAction[OneSentenceParser] | None = None
        self._negative_number_matcher = re.compile(r"^-(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")

    def add_subparsers(self, **kwargs):  # type: ignore[no-untyped-def]
        """Declare subcommands, which an option of several values before them does not take for one of its values."""
        self.add_argument(APART, action="store_true", help=argparse.SUPPRESS)
        self._subcommands = super().add_subparsers(**kwargs)
        return self._subcommands

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def, override]
        """Parse as argparse does, with the option `APART` before a subcommand."""
        words = list(sys.argv[1:] if args is None else args)
        for place, word in enumerate(words):
            # After an option, a word is its value: --organ box.
            if self._subcommands and word in self._subcommands.choices and not words[place - 1].startswith("--"):
                words.insert(place, APART)
                break
        return super().parse_known_args(words, namespace)

    def error(self, message: str) -> NoReturn:
        """Print ``message`` without the usage and exit with code 2."""
        shortened = re.sub(rf"\S{{{LONGEST_WORD},}}", lambda word: word[0][: LONGEST_WORD - 1] + "…", message)
        self.exit(2, f"{self.prog}: {printable(shortened)}; see {self.prog} --help\n")


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
    module = _module(verb)
    parser = OneSentenceParser(
        prog=f"weakseg3d {verb}",
        description=module.__doc__,
        epilog="example:\n" + module.EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)
    return parser


def whole_parser() -> argparse.ArgumentParser:
    """Return one parser of all verbs with their options, which a shell's completion is made of."""
    parser = OneSentenceParser(prog="weakseg3d")
    verbs = parser.add_subparsers(metavar="VERB")
    for verb, text in VERBS.items():
        _module(verb).add_arguments(verbs.add_parser(verb, help=text))
    return parser


def _module(verb: str) -> ModuleType:
    """Import and return the module of a verb."""
    return importlib.import_module(f"weakseg3d.verbs.{module_name(verb)}")


def module_name(verb: str) -> str:
    """Return the name of a verb's module, which differs for ``import``, as that is a keyword in Python."""
    return "import_" if verb == "import" else verb


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code.

    It is 0 for success, 2 for a mistake of the user, 70 for a bug (`INTERNAL_ERROR`), and 130 if interrupted.
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    verb = build_parser().parse_args(argv[:1]).verb
    try:
        args = build_parser(verb).parse_args(argv[1:])
        # An empty path would mean the current folder; it is usually a shell variable that is not set.
        if getattr(args, "out", None) == "":
            raise UserError("--out is empty; name what to write")
        args.run(args)
    except UserError as error:
        return _report(verb, str(error), 2)
    except KeyboardInterrupt:
        return _report(verb, "interrupted", 130)
    except BrokenPipeError:
        # Whoever reads the output has seen enough, as `head` does; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if isinstance(error, OSError) and (error.filename is not None or error.errno is not None):
            return _report(verb, f"{error.filename or 'the disk'}: {error.strerror}", 2)
        return _report(verb, _internal_error(error, argv), INTERNAL_ERROR)
    return 0


def _report(verb: str, message: str, exit_code: int) -> int:
    print(f"weakseg3d {verb}: {printable(message)}", file=sys.stderr)
    return exit_code


def _internal_error(error: Exception, argv: Sequence[str]) -> str:
    """Write the traceback of an unexpected ``error`` to a file and return a sentence about it.

    It goes to the folder of temporary files, since the results are not the place for it.
    """
    text = "".join(traceback.format_exception(error))
    file = _file_at_hand(error) or next((word for word in argv if os.path.isfile(word)), None)
    place = f" while it worked on {file}" if file else ""
    problem = f"stopped{place} by an unexpected {type(error).__name__} ({quoted(error)})"
    try:
        descriptor, path = tempfile.mkstemp(prefix="weakseg3d-", suffix=".traceback.txt")
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(text)
    except OSError:
        return f"{problem}; please report this bug with its traceback: {text}"
    return f"{problem}; check this input or report a bug with the traceback in {path}"


def _file_at_hand(error: Exception) -> str | None:
    """Return the file that the package was working on when ``error`` was raised, or None if that is not known.

    Functions here take a file as a parameter, so it is the parameter of the innermost function that names a file.
    """
    package = str(Path(__file__).parent)
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        code = frame.f_code
        if not code.co_filename.startswith(package):
            continue
        for name in code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]:
            value = frame.f_locals.get(name)
            if isinstance(value, (str, os.PathLike)) and "\0" not in str(value) and os.path.isfile(value):
                return str(value)
    return None
