"""report.html: one self-contained page with tables, figures and the meaning of every number."""

import base64
import re
from importlib.resources import files

import jinja2

from weakseg3d.controls import CONTROLS
from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.metrics import METRICS, STATUSES
from weakseg3d.report import uncertainty as uncertainty_report
from weakseg3d.report.tables import HEADINGS, NUMBERS, is_control, known_headings, note, readable_table

DIRECTIONS = {True: "higher is better", False: "lower is better", None: "closer to 0 is better"}
UNCERTAINTY_DIRECTIONS = DIRECTIONS | {None: "neither is better"}

SECTION = ("dataset", "modality", "organ")
"""Columns that become a heading within the table, so that it fits a phone; they are the first of `HEADINGS`."""


def render_page(table, title, footer, boxplot, overlays, study=None, uncertainty=None):
    """Return the page as HTML text. It holds everything it shows and loads nothing.

    ``table`` is the main table; ``footer`` a mapping printed at the end; ``boxplot`` the figure as PNG bytes, or
    None to leave it out; ``overlays`` maps (dataset, organ) to ``{method: PNG bytes}``; ``study`` is the study's
    table, its headings and its figure as PNG bytes. With a study the main table, which repeats it, is folded.
    ``uncertainty`` is the table of uncertainty and its pictures, in the form of ``overlays``.
    """
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"data_uri": data_uri, "emphasis": emphasis, "half_width": half_width}
    template = environment.from_string(files("weakseg3d.report").joinpath("page.html.jinja").read_text("utf-8"))
    return template.render(
        title=title,
        footer=footer,
        headings=list(known_headings(table).values())[len(SECTION) :],
        sections=table_sections(readable_table(table)),
        study=study and _study_parts(*study),
        uncertainty=uncertainty and _uncertainty_parts(*uncertainty),
        note=note(table),
        missed=int(table.loc[~is_control(table["method"]), "n_missed"].sum()),
        boxplot=boxplot,
        overlays=overlays,
        metrics=definitions(METRICS, DIRECTIONS)
        + (definitions(UNCERTAINTY, UNCERTAINTY_DIRECTIONS) if uncertainty else []),
        statuses=STATUSES,
        controls=CONTROLS,
    )


def _study_parts(table, headings, figure):
    """Return what the template shows of a study; its columns of text stand before those of numbers."""
    headings = known_headings(table, headings)
    shown = [name for name in headings if name not in SECTION]
    return {
        "headings": [headings[name] for name in shown],
        "texts": len([name for name in shown if name not in NUMBERS]),
        "sections": table_sections(readable_table(table, headings)),
        "figure": figure,
    }


def _uncertainty_parts(table, pictures):
    """Return what the template shows of the uncertainty."""
    return {
        "headings": list(known_headings(table, uncertainty_report.HEADINGS).values())[len(SECTION) :],
        "sections": table_sections(uncertainty_report.readable_uncertainty(table)),
        "note": uncertainty_report.NOTE,
        "pictures": pictures,
    }


def definitions(registry, directions):
    """Return (name, metric, direction in words) of every metric in a registry."""
    return [(name, metric, directions[metric.higher_is_better]) for name, metric in registry.items()]


def table_sections(readable):
    """Return a readable table as pairs of a heading (dataset, modality, organ) and its rows without these."""
    columns = [HEADINGS[name] for name in SECTION]
    return [
        (names, list(rows.drop(columns=columns).itertuples(index=False, name=None)))
        for names, rows in readable.groupby(columns, sort=False)
    ]


def data_uri(png):
    """Return PNG bytes as an address that holds the picture itself."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def half_width(png):
    """Return half the width in pixels of a picture as PNG bytes: that of one with a print's resolution on a screen."""
    return int.from_bytes(png[16:20], "big") // 2


def emphasis(cell):
    """Return a cell of the readable table as HTML: its Markdown ``**best**`` as bold text, its ``\\*`` as a star."""
    text = str(jinja2.filters.escape(cell)).replace("\\*", "*")
    return jinja2.filters.Markup(re.sub(r"^\*\*(.+)\*\*$", r"<strong>\1</strong>", text))


def find_overlays(folder, rows):
    """Return ``{(dataset, organ): {method: PNG bytes}}`` of the pictures below ``folder``.

    They lie at ``{dataset}/{organ}/{method}.png``, and come in the order in which ``rows``, the metrics, first
    name dataset, organ and method. What the metrics do not name is left out: it belongs to an earlier run.
    """
    overlays = {}
    for dataset, organ, method in rows[["dataset", "organ", "method"]].drop_duplicates().itertuples(index=False):
        path = folder / dataset / organ / f"{method}.png"
        if path.exists():
            overlays.setdefault((dataset, organ), {})[method] = path.read_bytes()
    return overlays
