"""Warnings about the pseudo labels of an experiment, which the verb 'pseudolabel' left in its logs."""

import re
from pathlib import Path

from weakseg3d.experiment import paths
from weakseg3d.words import shortened

WARNING = re.compile(r"weakseg3d pseudolabel: warning: (.+): (.+)")
"""The file that a warning is about, and its sentence, which has no colon."""

MOST_SENTENCES = 5
"""At most this many different sentences about the labels of one kind are listed."""

MOST_FILES = 3
"""At most this many files are named for each."""


def label_warnings(results):
    """Return the warnings about the pseudo labels of ``results``, a `Results`, with the names of their files.

    Labels of one kind, which is one pseudo label of one annotation of an organ, share the sentences that are the same.
    Only kinds that the experiment still has are looked for.
    """
    warnings = []
    for dataset, organ in dict.fromkeys((cell["dataset"], cell["organ"]) for cell in results.cells):
        for annotation in results.annotations:
            for label in results.pseudo_labels:
                labels = {"dataset": dataset, "organ": organ, "annotation": annotation, "pseudo_label": label}
                kind = f"pseudo label {label} of {organ}, {dataset}"
                sentences = _sentences_of_kind(results, labels)
                warnings += [f"{kind}: {sentence}" for sentence in sentences[:MOST_SENTENCES]]
                if len(sentences) > MOST_SENTENCES:
                    warnings.append(
                        f"{kind}: {len(sentences) - MOST_SENTENCES} more such warnings in logs/pseudo_label"
                    )
    return warnings


def _sentences_of_kind(results, labels):
    """Return the different sentences of the jobs of one kind, each with the names of its files."""
    pattern = paths.in_results(paths.log("pseudo_label", paths.PSEUDO_LABEL))
    folder = (results.folder / pattern.format(**labels, case="case")).parent
    files = {}
    for log in sorted(folder.glob("*.log")):
        for file, sentence in WARNING.findall(log.read_text(encoding="utf-8", errors="replace")):
            files.setdefault(sentence, {})[Path(file).name] = None
    return [f"{sentence} ({shortened(list(names), MOST_FILES)})" for sentence, names in files.items()]
