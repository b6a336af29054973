"""A figure of the report as files: PNG for the page, SVG for print."""

import io
from dataclasses import dataclass

import matplotlib

DPI = 300
"""Resolution of figures for print."""


@dataclass(frozen=True)
class Picture:
    """A figure of the report: its name, its caption, and its files."""

    name: str
    caption: str
    png: bytes
    svg: bytes

    def files(self):
        """Return ``{path: bytes}``, the paths being relative to the report's folder."""
        return {f"figures/{self.name}.png": self.png, f"figures/{self.name}.svg": self.svg}


def picture_of(figure, name, caption):
    """Return a matplotlib figure as a `Picture`; the same figure always gives the same bytes."""
    # The layout is computed once, so that both files have the same.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    with matplotlib.rc_context({"svg.hashsalt": "weakseg3d", "svg.fonttype": "none"}):
        png = _saved(figure, "png", dpi=DPI)
        svg = _saved(figure, "svg", metadata={"Date": None})
    return Picture(name, caption, png, svg)


def _saved(figure, suffix, **options):
    stream = io.BytesIO()
    figure.savefig(stream, format=suffix, **options)
    return stream.getvalue()
