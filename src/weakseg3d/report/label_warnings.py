"""Warnings about the pseudo labels of an experiment, which the verb 'pseudolabel' left in its logs."""

import re

from weakseg3d.experiment import paths

WARNING = re.compile(r"weakseg3d pseudolabel: warning: (.+)")

MOST_QUOTED = 3
"""At most this many warnings about the labels of one kind are quoted."""


def label_warnings(results):
    """Return the warnings about the pseudo labels of ``results``, a `Results`, at most `MOST_QUOTED` of a kind.

    A kind is one pseudo label of one annotation of an organ. Only kinds that the experiment still has are looked for.
    """
    warnings = []
    for dataset, organ in dict.fromkeys((cell["dataset"], cell["organ"]) for cell in results.cells):
        for annotation in results.annotations:
            for label in results.pseudo_labels:
                labels = {"dataset": dataset, "organ": organ, "annotation": annotation, "pseudo_label": label}
                warnings += _shortened(_warnings_of_kind(results, labels), f"{label} of {organ}, {dataset}")
    return warnings


def _warnings_of_kind(results, labels):
    """Return the warnings of the jobs of one kind, each once, in the order of their logs."""
    pattern = paths.in_results(paths.log("pseudo_label", paths.PSEUDO_LABEL))
    folder = (results.folder / pattern.format(**labels, case="case")).parent
    texts = (log.read_text(encoding="utf-8", errors="replace") for log in sorted(folder.glob("*.log")))
    return list(dict.fromkeys(warning for text in texts for warning in WARNING.findall(text)))


def _shortened(warnings, kind):
    more = len(warnings) - MOST_QUOTED
    rest = [f"pseudo label {kind}: {more} more such warnings in logs/pseudo_label"] if more > 0 else []
    return [f"pseudo label {kind}: {warning}" for warning in warnings[:MOST_QUOTED]] + rest
