"""Properties that every kind of pseudo label has."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from label_verb import GRIDS, SHAPE, image_on, label_of

from weakseg3d.annotations.box import box as annotate_box
from weakseg3d.annotations.markups import Annotation
from weakseg3d.annotations.points import points as annotate_points
from weakseg3d.annotations.scribbles import scribbles as annotate_scribbles
from weakseg3d.annotations.seven_points import seven_points as annotate_seven_points
from weakseg3d.annotations.slices import slices as annotate_slices
from weakseg3d.cli import build_parser
from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels import PSEUDO_LABELS, accepted_annotations, is_soft, sparse_kinds

SRC = Path(__file__).parents[2] / "src"
ANNOTATE = {
    "points": lambda mask: annotate_points(mask, 30),
    "seven-points": annotate_seven_points,
    "box": annotate_box,
    "slices": lambda mask: annotate_slices(mask, every=3),
    "scribbles": lambda mask: annotate_scribbles(mask, every=3),
}

ACCEPTED_ANNOTATIONS = {name: accepted_annotations(label) for name, label in PSEUDO_LABELS.entries.items()}


def organ_on(grid):
    """Return the mask of an ellipsoid on a grid."""
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    organ = ((z - 9) / 5) ** 2 + ((y - 12) / 6) ** 2 + ((x - 13) / 7) ** 2 <= 1
    return image_on(grid, organ.astype(np.uint8))


@pytest.mark.parametrize("grid", GRIDS)
@pytest.mark.parametrize(
    ("kind", "annotation"), [(kind, name) for kind, names in ACCEPTED_ANNOTATIONS.items() for name in names]
)
def test_every_kind_accepts_the_annotations_it_names(tmp_path, grid, kind, annotation):
    mask = organ_on(grid)
    margin = ["--margin", 5] if (kind, annotation) == ("geodesic", "points") else []
    label = label_of(tmp_path, image_on(grid), ANNOTATE[annotation](mask), kind, *margin)
    if is_soft(PSEUDO_LABELS.entry(kind)):
        assert label.dtype == np.float32
        assert np.isfinite(label).all()
        assert label.min() >= 0
        assert 0.95 < label.max() <= 1
    else:
        assert label.dtype == np.uint8
        assert {*np.unique(label)} - {0} == ({1, IGNORE} if kind in sparse_kinds() else {1})


@pytest.mark.parametrize("kind", ACCEPTED_ANNOTATIONS)
def test_an_absent_organ_is_all_background(tmp_path, kind):
    image = image_on("oblique")
    empty = (
        np.full(SHAPE, IGNORE, np.uint8) if {"slices", "scribbles"} & {*ACCEPTED_ANNOTATIONS[kind]} else Annotation()
    )
    label = label_of(tmp_path, image, empty, "--simulated", kind)
    assert label.dtype == (np.float32 if is_soft(PSEUDO_LABELS.entry(kind)) else np.uint8)
    assert not label.any()


def test_the_verb_offers_exactly_these_kinds():
    help_text = build_parser("pseudolabel").format_help()
    listed = help_text.partition("  " + "|".join([*ACCEPTED_ANNOTATIONS, "own"]))[2].partition("options:")[0]
    kinds = {line.split()[0] for line in listed.splitlines() if line.startswith("    ") and line[4:5].strip()}
    assert kinds == {*ACCEPTED_ANNOTATIONS, "own"}
    soft = [name for name, label in PSEUDO_LABELS.entries.items() if is_soft(label)]
    assert {*sparse_kinds(), *soft} == {*ACCEPTED_ANNOTATIONS} - {"box"}


def test_the_kinds_are_known_without_loading_numerical_libraries():
    code = (
        "import sys, weakseg3d.pseudo_labels as kinds; kinds.PSEUDO_LABELS.json_schema();"
        " print([m for m in ('numpy', 'SimpleITK') if m in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", env={"PYTHONPATH": str(SRC)}
    )
    assert printed.stdout.strip() == "[]", printed.stderr
