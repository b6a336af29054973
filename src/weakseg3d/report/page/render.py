"""report.html: one self-contained page with tables, figures, a viewer of slices, and the meaning of every number."""

import base64
import json
import re
from importlib.resources import files
from itertools import groupby

import jinja2

from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.metrics import METRICS, STATUSES
from weakseg3d.inference.controls import CONTROLS
from weakseg3d.report.tables import comparisons as compared
from weakseg3d.report.tables import cost as cost_report
from weakseg3d.report.tables import uncertainty as uncertainty_report
from weakseg3d.report.tables.main import HEADINGS, known_headings, readable_table
from weakseg3d.report.tables.markup import as_html

DIRECTIONS = {True: "higher is better", False: "lower is better", None: "closer to 0 is better"}
UNCERTAINTY_DIRECTIONS = DIRECTIONS | {None: "neither is better"}

SECTION = ("dataset", "modality", "organ")
"""Columns that become a heading within the table, so that it fits a phone; they are the first of `HEADINGS`."""

HEADLINE = ("experiment", "evaluated on", "seeds", "commit")
"""What of the footer stands below the title."""

LINKS = {
    "summary": "Summary",
    "study": "Study",
    "results": "Results",
    "comparisons": "Comparisons",
    "cases": "Cases",
    "slices": "Viewer",
    "uncertainty": "Uncertainty",
    "cost": "Cost",
    "training": "Training",
    "pictures": "Pictures",
    "definitions": "Definitions",
    "provenance": "Provenance",
}
"""Parts of the page, in order, and what their links are called."""


def render_page(
    title,
    footer,
    table,
    note,
    summary,
    warnings,
    comparisons,
    cases,
    pictures,
    overlays,
    study=None,
    uncertainty=None,
    cost=None,
    viewer=(),
):
    """Return the page as HTML text. It holds everything it shows and loads nothing.

    ``footer`` is a mapping printed at the end; ``table`` the main table and ``note`` what a reader must know of it;
    ``summary`` and ``warnings`` are sentences; ``comparisons`` the tables of `comparison_tables`, ``cases`` what
    `case_table` returns, ``pictures`` ``{name: Picture}``; ``overlays`` maps (dataset, organ) to ``{method: PNG
    bytes}``; ``study`` is the study's table with its headings: with one the main table, which repeats it, is folded.
    ``uncertainty`` is the table of uncertainty with its pictures in the form of ``overlays``, ``cost`` the table of
    cost, ``viewer`` what `viewer_cases` returns.
    """
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {
        "data_uri": data_uri,
        "as_html": as_html,
        "half_width": half_width,
        "groupby_organ": groupby_organ,
    }
    shown = {"study": study, "slices": viewer, "uncertainty": uncertainty is not None, "cost": cost is not None}
    shown |= {"cases": bool(cases[1]) or "dice_boxplot" in pictures}
    shown |= {"training": "training" in pictures, "pictures": overlays}
    return environment.from_string(_file("page.html.jinja")).render(
        title=title,
        footer=footer,
        headline={key: re.sub(r"[0-9a-f]{40}", shortened, footer[key]) for key in HEADLINE if key in footer},
        sections_shown=[(name, text) for name, text in LINKS.items() if shown.get(name, True)],
        summary=summary,
        warnings=warnings,
        headings=list(known_headings(table).values())[len(SECTION) :],
        sections=table_sections(readable_table(table)),
        study=study and _study_parts(*study),
        compared=_compared_parts(comparisons),
        uncertainty=uncertainty and _uncertainty_parts(*uncertainty),
        cost=None if cost is None else _parts(cost_report.readable_cost(cost), cost_report.NOTE),
        note=note,
        cases=cases,
        several_seeds=len({row["seed"] for row in cases[1]}) > 1,
        missed_class=jinja2.filters.Markup(' class="missed"'),
        pictures=pictures,
        overlays=overlays,
        viewed={(one["dataset"], one["organ"], one["case"]): place for place, one in enumerate(viewer)},
        # A closing tag within the data would end the script that holds it.
        viewer=jinja2.filters.Markup(json.dumps(list(viewer)).replace("</", "<\\/")) if viewer else None,
        script=jinja2.filters.Markup(_file("page.js.jinja")),
        metrics=definitions(METRICS, DIRECTIONS)
        + (definitions(UNCERTAINTY, UNCERTAINTY_DIRECTIONS) if uncertainty else []),
        statuses=STATUSES,
        controls=CONTROLS,
    )


def shortened(commit):
    """Return the first letters of a commit, given as a match."""
    return commit[0][:12]


def _file(name):
    return files("weakseg3d.report.page").joinpath(name).read_text("utf-8")


def _study_parts(table, headings):
    """Return what the template shows of a study; its columns of text stand before those of numbers."""
    headings = known_headings(table, headings)
    texts = list(headings).index("dice") - len(SECTION) - ("effort" in headings)
    return _parts(readable_table(table, headings), "") | {"texts": texts}


def _compared_parts(tables):
    """Return what the template shows of the comparisons: each method against the best, and the ranking."""
    return [
        _parts(compared.readable_against_best(tables["against_best"]), compared.AGAINST_BEST_NOTE)
        | {"title": "Every method against the best", "texts": 3},
        _parts(compared.readable_ranking(tables["ranking"]), compared.RANKING_NOTE) | {"title": "Ranking", "texts": 2},
    ]


def _uncertainty_parts(table, pictures):
    """Return what the template shows of the uncertainty."""
    text = uncertainty_report.readable_uncertainty(table)
    return _parts(text, uncertainty_report.NOTE) | {"pictures": pictures}


def _parts(readable, note):
    """Return what the template shows of a readable table."""
    return {"headings": list(readable)[len(SECTION) :], "sections": table_sections(readable), "note": note}


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


def groupby_organ(cases):
    """Return rows of cases as pairs of (organ, dataset) and its rows, in order."""
    return [(key, list(rows)) for key, rows in groupby(cases, key=lambda row: (row["organ"], row["dataset"]))]


def data_uri(png):
    """Return PNG bytes as an address that holds the picture itself."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def half_width(png):
    """Return half the width in pixels of a picture as PNG bytes: that of one with a print's resolution on a screen."""
    return int.from_bytes(png[16:20], "big") // 2


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
