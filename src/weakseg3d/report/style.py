"""What all figures share: the width of a column, fonts, and how a figure becomes files."""

import io

import matplotlib

COLUMN_WIDTH = 3.5
"""Width of a journal's column in inches."""

DPI = 300
"""Resolution of figures for print."""

STYLE = {"font.size": 8, "axes.titlesize": 8, "axes.labelsize": 8, "svg.hashsalt": "weakseg3d", "hatch.linewidth": 0.4}


def picture_files(name, figure):
    """Return a figure as ``{path: bytes}``: ``figures/{name}.png`` and ``.svg``, the same for the same figure."""
    files = {}
    # Laid out once for both.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    with matplotlib.rc_context({"svg.hashsalt": "weakseg3d", "svg.fonttype": "none"}):
        for suffix, options in (("png", {"dpi": DPI}), ("svg", {"metadata": {"Date": None}})):
            stream = io.BytesIO()
            figure.savefig(stream, format=suffix, **options)
            files[f"figures/{name}.{suffix}"] = stream.getvalue()
    return files
