"""report.html as one self-contained page."""

import base64
import json
import re
from dataclasses import replace
from importlib.resources import files
from itertools import groupby

import jinja2

from weakseg3d.evaluation.calibration import UNCERTAINTY
from weakseg3d.evaluation.metric import STATUSES
from weakseg3d.evaluation.metrics import METRICS
from weakseg3d.inference.controls import CONTROLS
from weakseg3d.report.tables.markup import as_html

DIRECTIONS = {True: "higher is better", False: "lower is better", None: "closer to 0 is better"}
UNCERTAINTY_DIRECTIONS = DIRECTIONS | {None: "neither is better"}

SECTION = ("Dataset", "Modality", "Organ")
"""First columns of every readable table, which become a heading within the table so that it fits a phone."""

HEADLINE = ("experiment", "evaluated on", "seeds", "commit")
"""Entries of the footer that are repeated below the title."""

FIRST_ROWS = 10
"""The overview shows at most this many methods; the others are folded, so that it fits one screen."""

PARTS = {
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
"""Parts of the page in their order, with the text of the links to them."""


def render_page(contents):
    """Return the page with these `Contents` as HTML. It contains everything it shows and loads nothing."""
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {
        "data_uri": data_uri,
        "as_html": as_html,
        "half_width": half_width,
        "by_organ": by_organ,
        "headings": headings,
        "sections": sections,
        "leading_texts": leading_texts,
    }
    metrics = definitions(METRICS, DIRECTIONS)
    if "uncertainty" in contents.tables:
        metrics += definitions(UNCERTAINTY, UNCERTAINTY_DIRECTIONS)
    return environment.from_string(_template("page.html.jinja")).render(
        contents=contents,
        headline={key: shortened(contents.footer[key]) for key in HEADLINE if key in contents.footer},
        parts=parts(contents),
        several_seeds=len({row["seed"] for row in contents.cases.rows}) > 1,
        first_rows=first_rows(contents.tables["overview"]),
        more_rows=more_rows(contents.tables["overview"]),
        has_cases=has_cases(contents),
        missed_class=jinja2.filters.Markup(' class="missed"'),
        viewer_positions={
            (entry["dataset"], entry["organ"], entry["case"]): place for place, entry in enumerate(contents.viewer)
        },
        viewer_data=jinja2.filters.Markup(script_data(contents.viewer)),
        style=jinja2.filters.Markup(_template("page.css.jinja")),
        scripts=[jinja2.filters.Markup(_template(name)) for name in ("tabs.js.jinja", "page.js.jinja")],
        metrics=metrics,
        statuses=STATUSES,
        controls=CONTROLS,
    )


def script_data(content):
    """Return ``content`` as JSON that can stand in a script element.

    Every ``<`` is escaped, since it could end the element, or begin a comment that hides its end.
    """
    return json.dumps(content).replace("<", "\\u003c")


def parts(contents):
    """Return (id, link text) of the parts that a page with these `Contents` has."""
    optional = {
        "study": "study" in contents.tables,
        "cases": has_cases(contents),
        "slices": contents.viewer,
        "uncertainty": "uncertainty" in contents.tables,
        "cost": "cost/cost" in contents.tables,
        "training": "training" in contents.pictures,
        "pictures": contents.overlays,
    }
    return [(name, text) for name, text in PARTS.items() if optional.get(name, True)]


def has_cases(contents):
    """Return whether a page with these `Contents` shows single cases."""
    return bool(contents.cases.rows) or any(name.startswith(("dice_boxplot", "panels/")) for name in contents.pictures)


def first_rows(table):
    """Return the first rows of a `ReadableTable`, which the page's first screen has room for."""
    return replace(table, text=table.text.iloc[:FIRST_ROWS])


def more_rows(table):
    """Return the other rows of a `ReadableTable`, or None if there are none."""
    more = table.text.iloc[FIRST_ROWS:]
    return None if more.empty else replace(table, text=more)


def shortened(text):
    """Return ``text`` with only the first letters of a commit's hash."""
    return re.sub(r"[0-9a-f]{40}", lambda commit: commit[0][:12], text)


def _template(name):
    return files("weakseg3d.report.page").joinpath(name).read_text("utf-8")


def definitions(registry, directions):
    """Return (name, metric, direction in words) of every metric in a registry."""
    return [(name, metric, directions[metric.higher_is_better]) for name, metric in registry.items()]


def headings(table):
    """Return the headings of a `ReadableTable` without those of `SECTION`."""
    return [heading for heading in table.text if heading not in SECTION]


def leading_texts(table):
    """Return how many of the `headings` come before the first one that is aligned to the right."""
    return next((place for place, heading in enumerate(headings(table)) if heading in table.right_aligned), 0)


def sections(table):
    """Return a `ReadableTable` as pairs of a section (dataset, modality, organ) and its rows without these.

    A table over all organs has one section, with empty names.
    """
    if not set(SECTION) <= set(table.text):
        return [(("", "", ""), list(table.text.itertuples(index=False, name=None)))]
    return [
        (organ, list(rows.drop(columns=list(SECTION)).itertuples(index=False, name=None)))
        for organ, rows in table.text.groupby(list(SECTION), sort=False)
    ]


def by_organ(rows):
    """Return the rows of a `CaseTable` as pairs of (organ, dataset) and the rows of that organ, in order."""
    return [(key, list(group)) for key, group in groupby(rows, key=lambda row: (row["organ"], row["dataset"]))]


def data_uri(png):
    """Return PNG bytes as an address that contains the picture itself."""
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")


def half_width(png):
    """Return half the width in pixels of a picture for print, as PNG bytes: its width on a screen."""
    return int.from_bytes(png[16:20], "big") // 2


def find_overlays(folder, rows):
    """Return ``{(dataset, organ): {method: PNG bytes}}`` of the pictures below ``folder``.

    Their paths are ``{dataset}/{organ}/{method}.png``. They come in the order in which ``rows``, the metrics, first
    name dataset, organ and method. Pictures that the metrics do not name belong to an earlier run and are left out.
    """
    overlays = {}
    for dataset, organ, method in rows[["dataset", "organ", "method"]].drop_duplicates().itertuples(index=False):
        path = folder / dataset / organ / f"{method}.png"
        if path.exists():
            overlays.setdefault((dataset, organ), {})[method] = path.read_bytes()
    return overlays
