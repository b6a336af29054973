"""Simulate a person's weak annotation of a mask.

Points and boxes are written as 3D Slicer markups (.mrk.json). Points are labelled with their class (organ or
background) and form one list per target; boxes are ROIs. Slices and scribbles are written as label maps (.nii.gz) in
which 2 means "not annotated".
"""

import functools
import sys

from weakseg3d.annotations import ANNOTATIONS, is_drawn
from weakseg3d.errors import UserError
from weakseg3d.images.volumes import read_mask, write_volume
from weakseg3d.option_types import whole_number
from weakseg3d.registry.options import add_kinds, chosen

EXAMPLE = """\
  python -m weakseg3d annotate --mask spleen.nii.gz --out clicks.mrk.json --seed 0 points --number 200
  python -m weakseg3d annotate --mask spleen.nii.gz --out seven.mrk.json seven-points --margin 3 --jitter 2
  python -m weakseg3d annotate --mask spleen.nii.gz --out scribbles.nii.gz scribbles --every 5"""


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--mask", required=True, metavar="FILE", help="binary mask of the organ")
    parser.add_argument("--out", required=True, metavar="FILE", help="annotation to write")
    parser.add_argument("--seed", type=whole_number, default=0, help="seed of the random draws (default: %(default)s)")
    parser.add_argument("--allow-absent", action="store_true", help="write an empty annotation for an empty mask")
    add_kinds(parser, ANNOTATIONS)


def run(args):
    """Write one annotation; print a note if the organ is absent."""
    import SimpleITK as sitk

    from weakseg3d.annotations.markups import write_markups

    annotation = chosen(args, ANNOTATIONS)
    if args.seed < 0:
        raise UserError(f"--seed {args.seed}: must not be negative")
    drawn = is_drawn(annotation.entry)
    if not drawn and not args.out.endswith(".mrk.json"):
        raise UserError(f"{args.out}: points and boxes are Slicer markups; choose a file name that ends in .mrk.json")
    mask = read_mask(args.mask)
    present = sitk.GetArrayViewFromImage(mask).any()
    if not present:
        _refuse_or_note(args, "the mask is empty, so there is no organ to annotate; exclude this case", "organ absent")
    made = annotation.call(mask=mask, seed=args.seed, note=functools.partial(_note, args.mask))
    if not annotation.entry.module:
        from weakseg3d.annotations.own_annotations import check_made

        check_made(made, annotation.entry, mask)
    # What lies on some slices only can miss an organ that consists of several parts.
    if present and _is_empty(made, drawn):
        _refuse_or_note(args, "the slices miss the organ; choose others", "the slices miss the organ")
    if drawn:
        write_volume(made, args.out)
    else:
        write_markups(made, args.out)


def _refuse_or_note(args, problem, note):
    """Raise a UserError for a ``problem``, unless an annotation may be empty."""
    if not args.allow_absent:
        raise UserError(f"{args.mask}: {problem}")
    _note(args.mask, note)


def _note(mask, text):
    print(f"{mask}: {text}", file=sys.stderr)


def _is_empty(made, drawn):
    import SimpleITK as sitk

    if drawn:
        return not (sitk.GetArrayViewFromImage(made) == 1).any()
    return not made.boxes and not len(made.points_of("organ"))
