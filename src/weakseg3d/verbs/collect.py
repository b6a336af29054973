"""Bring an annotation that a person made to an image's grid, in the form that 'pseudolabel' reads.

The person's files are only read. Clicks and boxes are Slicer markups (.mrk.json): several files add up; --background
names files whose points all lie outside the organ; --organ picks the lists of one organ from a scene (spleen and
spleen-background). Drawings are label maps, also of Slicer (.seg.nrrd, whose segments are named after the organs) and
ITK-SNAP: --organ-value, --background-value and --unknown say what their values mean.
"""

import argparse

from weakseg3d.annotations import ANNOTATIONS, is_drawn
from weakseg3d.errors import UserError
from weakseg3d.files import existing_file
from weakseg3d.images.volumes import like, read_grid, write_volume
from weakseg3d.option_types import whole_number

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
    parser.add_argument(
        "--background", action="extend", nargs="+", default=[], metavar="FILE", help="clicks outside the organ"
    )
    parser.add_argument("--kind", required=True, choices=list(ANNOTATIONS.entries), help="what it is an annotation by")
    parser.add_argument("--image", required=True, metavar="FILE", help="the image, on the isotropic grid")
    parser.add_argument("--out", required=True, metavar="FILE", help="the same annotation for 'pseudolabel'")
    add_value_options(parser)


def add_value_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that say what a person's file means."""
    parser.add_argument("--organ", default="", metavar="NAME", help="name of the organ's list or segment")
    for option, text in (
        ("--organ-value", "values of a drawn map that are the organ"),
        ("--background-value", "values that are background (default: all others, if --unknown is given)"),
        ("--unknown", "values that are not annotated (default: all others, if --background-value is given)"),
    ):
        parser.add_argument(
            option, action="extend", nargs="+", type=whole_number, default=[], metavar="VALUE", help=text
        )


def run(args: argparse.Namespace) -> None:
    """Write the annotation."""
    for path in [*args.annotation, *args.background]:
        existing_file(path)
    grid = read_grid(args.image)
    if is_drawn(args.kind):
        _collect_map(args, grid)
        return
    from weakseg3d.annotations.clicked_lists import read_clicks
    from weakseg3d.annotations.markups import write_markups
    from weakseg3d.pseudo_labels.targets import targets_on

    if not args.out.endswith(".mrk.json"):
        raise UserError(f"{args.out}: points and boxes are Slicer markups; choose a file name that ends in .mrk.json")
    annotation = read_clicks(args.annotation, args.background, args.organ)
    try:
        targets_on(annotation, grid)
    except UserError as error:
        raise UserError(f"{args.annotation[0]}: {error}") from None
    write_markups(annotation, args.out)


def _collect_map(args: argparse.Namespace, grid) -> None:
    from weakseg3d.annotations.drawn_maps import Values, on_grid, read_drawn_map

    if len(args.annotation) > 1 or args.background:
        raise UserError(f"{args.annotation[-1]}: {args.kind} are one label map; draw both classes into one file")
    values = Values(args.organ_value, args.background_value, args.unknown)
    drawn = read_drawn_map(args.annotation[0], values, args.organ, args.kind)
    try:
        array = on_grid(drawn, grid, args.kind)
    except UserError as error:
        raise UserError(f"{args.annotation[0]}: {error}") from None
    write_volume(like(array, grid), args.out)
