"""A figure becomes the same files every time."""

from metrics_rows import table_of

from weakseg3d.report.figures.dice_boxplot import dice_boxplot
from weakseg3d.report.picture import picture_of


def test_a_picture_has_png_and_svg_and_the_same_bytes_twice():
    rows = table_of({"weak": {"a": 0.5, "b": 0.6}})
    first, second = (picture_of(dice_boxplot(rows), "some/figure", "a caption") for _ in range(2))
    assert list(first.files()) == ["figures/some/figure.png", "figures/some/figure.svg"]
    assert first.png.startswith(b"\x89PNG")
    assert b"<svg" in first.svg
    assert first == second
