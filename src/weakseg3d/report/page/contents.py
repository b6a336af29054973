"""Everything that report.html shows."""

from dataclasses import dataclass, field
from typing import Any

from weakseg3d.report.picture import Picture
from weakseg3d.report.tables.per_case import CaseTable
from weakseg3d.report.tables.readable import ReadableTable

Overlays = dict[tuple[str, str], dict[str, bytes]]
"""Pictures of cases: ``{(dataset, organ): {method: PNG bytes}}``."""


@dataclass(frozen=True)
class Contents:
    """The contents of report.html."""

    title: str

    footer: dict[str, str]
    """The provenance of the numbers by key, printed at the end of the page."""

    question: str
    """What the experiment asks."""

    answer: list[str]
    """The two sentences that answer it."""

    summary: list[str]
    """Sentences on what was compared and which methods are best on each organ."""

    warnings: list[str]
    """Sentences on what is missing and on what could mislead readers."""

    tables: dict[str, ReadableTable]
    """``overview``, ``main``, ``against_best``, ``ranking``, ``overall_ranking``; also ``study``, ``uncertainty`` and
    ``cost/cost``, if they exist.

    If there is a study, the main table, which repeats it, is folded.
    """

    cases: CaseTable

    pictures: dict[str, Picture]
    """The figures by name: ``overview``, ``ranking``, ``overall_ranking``, and ``study`` if there is its table."""

    overlays: Overlays = field(default_factory=dict)
    """Contours of the reference and of each method's prediction."""

    uncertainty_overlays: Overlays = field(default_factory=dict)
    """Contours next to maps of uncertainty."""

    viewer: list[dict[str, Any]] = field(default_factory=list)
    """The cases of the viewer, as `viewer_cases` returns them."""
