"""Bring an annotation that a person made to an image's grid, in the form that 'pseudolabel' reads.

The person's files are only read. Clicks and boxes are Slicer markups (.mrk.json): several files add up; --background
names files whose points all lie outside the organ; --organ picks the lists of one organ from a scene (spleen and
spleen-background). Drawings are label maps, also of Slicer (.seg.nrrd, whose segments are named after the organs) and
ITK-SNAP: --organ-value, --background-value and --unknown say what their values mean.
"""

import argparse

from weakseg3d.annotations import ANNOTATIONS, is_drawn
from weakseg3d.annotations.peoples_files import MARKUPS, PeoplesFiles, add_file_options
from weakseg3d.errors import UserError
from weakseg3d.images.volumes import like, read_grid, write_volume

EXAMPLE = """\
  python -m weakseg3d collect --annotation spleen.mrk.json --background spleen-background.mrk.json --kind points \\
      --image image_1mm.nii.gz --out clicks.mrk.json
  python -m weakseg3d collect --annotation drawn.nii.gz --organ-value 3 --unknown 4 --kind scribbles \\
      --image image_1mm.nii.gz --out scribbles.nii.gz"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "--annotation", action="extend", nargs="+", required=True, metavar="FILE", help="what the person saved"
    )
    parser.add_argument("--kind", required=True, choices=list(ANNOTATIONS.entries), help="what it is an annotation by")
    parser.add_argument("--image", required=True, metavar="FILE", help="the image, on the isotropic grid")
    parser.add_argument("--out", required=True, metavar="FILE", help="the same annotation for 'pseudolabel'")
    add_file_options(parser)


def run(args: argparse.Namespace) -> None:
    """Write the annotation."""
    given = PeoplesFiles.given(args, args.annotation).found()
    grid = read_grid(args.image)
    if is_drawn(ANNOTATIONS.entry(args.kind)):
        _collect_map(given, args, grid)
        return
    from weakseg3d.annotations.markups import write_markups
    from weakseg3d.pseudo_labels.targets import targets_on

    if not args.out.endswith(MARKUPS):
        raise UserError(f"{args.out}: points and boxes are Slicer markups; choose a file name that ends in {MARKUPS}")
    annotation = given.clicks()
    try:
        targets_on(annotation, grid)
    except UserError as error:
        raise UserError(f"{given.files[0]}: {error}") from None
    write_markups(annotation, args.out)


def _collect_map(given, args: argparse.Namespace, grid) -> None:
    from weakseg3d.annotations.drawn_maps import on_grid

    drawn = given.drawn(args.kind)
    try:
        array = on_grid(drawn, grid, args.kind)
    except UserError as error:
        raise UserError(f"{given.files[0]}: {error}") from None
    write_volume(like(array, grid), args.out)
