"""Tables as readers see them: numbers as text, with the best ones marked."""

import math
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from weakseg3d.report.tables.markup import bold, underlined
from weakseg3d.report.tables.measures import SIGNIFICANT
from weakseg3d.report.tables.ranked import is_ranked
from weakseg3d.statistics.cells import ORGAN


@dataclass(frozen=True)
class ReadableTable:
    """A table for readers, which is written as Markdown, as LaTeX and into the page."""

    text: pd.DataFrame
    """The cells as text, with the marks of `weakseg3d.report.tables.markup`, under headings for readers."""

    right_aligned: Collection[str]
    """Headings of the columns that are aligned to the right."""

    note: str
    """What readers need to know to understand the table."""

    subtitle: str = ""
    """What the table shows, if it is not the main table."""

    def full_title(self, title):
        """Return the title of the table in a report called ``title``."""
        return f"{title}: {self.subtitle}" if self.subtitle else title


def mean_and_sd(mean, sd, decimals):
    """Return ``0.854 ± 0.045``; only the mean if there is no deviation, and empty text if there is no mean."""
    if math.isnan(mean):
        return ""
    return f"{mean:.{decimals}f}" if math.isnan(sd) else f"{mean:.{decimals}f} ± {sd:.{decimals}f}"


def number_text(value, decimals, missing=""):
    """Return a number as text, or ``missing`` if it is NaN."""
    return missing if math.isnan(value) else f"{value:.{decimals}f}"


def interval_text(low, high, decimals):
    """Return a 95 % interval as ``0.81–0.88``; empty text if there is none."""
    return "" if math.isnan(low) else f"{low:.{decimals}f}–{high:.{decimals}f}"


def mean_with_interval(mean, low, high, decimals, missing=""):
    """Return a mean with its 95 % interval, if there is one, as ``0.854 (0.812–0.883)``; ``missing`` if it is NaN."""
    interval = interval_text(low, high, decimals)
    return number_text(mean, decimals, missing) + f" ({interval})" * bool(interval)


def share_text(share, low, high):
    """Return a share with its interval in percent, as ``25 % (5–70)``; empty text if there is none."""
    return "" if math.isnan(share) else f"{100 * share:.0f} % ({100 * low:.0f}–{100 * high:.0f})"


def means_with_best(table, measure):
    """Return ``mean ± sd`` of a `Measure` per row of ``table``, the best on each organ bold, the second underlined.

    ``table`` has the columns ``{name}_mean`` and ``{name}_sd`` and those that `is_ranked` needs, which decides
    what can be marked; nothing is if the measure has no direction.
    If it has ``{name}_p``, a dagger marks means that are significantly worse than the best. If it has ``n_lacking``,
    a dash stands for each mean that is left out because of a gap.
    """
    name, decimals = measure.name, measure.decimals
    means = table[f"{name}_mean"].round(decimals)
    ranked = (measure.sign * means).where(is_ranked(table) & (measure.sign != 0))
    ranks = ranked.groupby([table[column] for column in ORGAN]).rank("dense", ascending=False)
    worse = table[f"{name}_p"] < SIGNIFICANT if f"{name}_p" in table else pd.Series(False, table.index)
    gaps = table["n_lacking"] > 0 if "n_lacking" in table else pd.Series(False, table.index)
    cells = []
    for mean, sd, rank, is_worse, has_gap in zip(
        table[f"{name}_mean"], table[f"{name}_sd"], ranks, worse, gaps, strict=True
    ):
        text = mean_and_sd(mean, sd, decimals)
        text = bold(text) if rank == 1 else underlined(text) if rank == 2 else text
        cells.append("–" if has_gap and not text else text + " †" * bool(is_worse))
    return cells


def organ_title(organ):
    """Return the values of `ORGAN` (dataset, modality, organ) as ``organ, dataset (modality)``."""
    dataset, modality, name = organ
    return f"{name}, {dataset} ({modality})" if modality else f"{name}, {dataset}"
