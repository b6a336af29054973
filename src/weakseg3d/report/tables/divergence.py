"""Trainings that went wrong: the main table's column of those that diverged, and the warnings."""

from weakseg3d.report.figures.training_curves import read_losses
from weakseg3d.report.results import read_run
from weakseg3d.training.few_labels import few_label_warnings

RISE = 1.0
"""A loss that ends above its start by more than this share of it is reported, that is, one that more than doubled."""

ENDS = 0.1
"""Share of the steps, at the start and at the end, over which the loss is averaged for that."""

NOTE = (
    "'diverged' counts the trainings (seeds) whose weights or selection scores were not finite at some step; the table "
    "shows the state that was best before."
)
"""What readers need to know about the column."""


def with_divergence(table, results):
    """Return the main ``table`` with the column ``n_diverged``, the number of trainings of each method that diverged.

    The column is added only if there is any. ``results`` is a `Results`.
    """
    diverged = [
        cell for cell in results.cells if any(_diverged_after(run) is not None for _, run in _runs(cell, results))
    ]
    if not diverged:
        return table
    keys = ["dataset", "organ", "annotation", "method"]
    counts = [sum(cell in diverged for cell in results.cells_of(**labels)) for labels in table[keys].to_dict("records")]
    if not any(counts):
        return table
    table = table.copy()
    table.insert(table.columns.get_loc("n_seeds") + 1, "n_diverged", counts)
    return table


def training_warnings(results):
    """Return a warning for every training of `Results` that diverged, lost the foreground, or ended with a high loss.

    First stages are trainings, too; a model that several cells use is reported once.
    """
    warnings = {}
    for cell in results.cells:
        name = f"{cell['method']} on {cell['organ']}, {cell['dataset']}, {results.run_name(cell)}"
        for folder, run in _runs(cell, results):
            training = name if folder == cell["model"] else f"{name}, first stage {folder}"
            sentences = []
            if (step := _diverged_after(run)) is not None:
                sentences.append(
                    f"{training}: the training diverged after step {step}; the state after step"
                    f" {run['kept_steps'][0]} is kept"
                )
            losses = results.folder / folder / "losses.csv"
            if losses.is_file() and (sentence := _rise(read_losses(losses))):
                sentences.append(f"{training}: {sentence}")
            sentences += [f"{training}: {sentence}" for sentence in few_label_warnings(run)]
            warnings.setdefault(folder, sentences)
    return [sentence for sentences in warnings.values() for sentence in sentences]


def _runs(cell, results):
    """Return (folder, run.json) of the models that a cell needs, as far as they exist."""
    folders = [cell["model"], *cell["first_stages"]] if cell["model"] else []
    return [(folder, read_run(path)) for folder in folders if (path := results.folder / folder / "run.json").is_file()]


def _diverged_after(run):
    """Return the step after which a training was no longer finite; None if it always was, or in an old record."""
    return run.get("diverged_after_step")


def _rise(losses):
    """Return a sentence if a series of losses ended far above its start or is not finite, otherwise empty text."""
    if losses.isna().any():
        return "some of its losses are not finite"
    number = max(1, round(ENDS * len(losses)))
    start, end = losses.iloc[:number].mean(), losses.iloc[-number:].mean()
    if end - start > RISE * abs(start):
        return f"the loss ended at {end:.3g}, far above its start at {start:.3g}; lower the learning rate"
    return ""
