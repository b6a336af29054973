"""Simulate a person's weak annotation of a mask.

Points and boxes are 3D Slicer markups (.mrk.json): points whose label names their class (organ, background),
boxes as ROI. Annotated slices are a label map in which 2 means "not annotated".
"""

import math
import sys

from weakseg3d.errors import UserError
from weakseg3d.volumes import read_mask, write_volume

EXAMPLE = """\
  python -m weakseg3d annotate --mask spleen.nii.gz --out clicks.mrk.json --seed 0 points --number 200
  python -m weakseg3d annotate --mask spleen.nii.gz --out seven.mrk.json seven-points --margin 3"""


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--mask", required=True, metavar="FILE", help="binary mask of the organ")
    parser.add_argument("--out", required=True, metavar="FILE", help="annotation to write")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random draws (default: %(default)s)")
    parser.add_argument("--allow-absent", action="store_true", help="write an empty annotation for an empty mask")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="points|seven-points|box|slices")

    points = kinds.add_parser("points", help="clicks spread over the organ")
    points.add_argument("--number", type=int, default=200, help="clicks on the organ (default: %(default)s)")
    points.add_argument(
        "--candidate-share", type=float, default=0.5, help="share of voxels drawn (default: %(default)s)"
    )
    points.add_argument("--background", type=int, default=0, help="clicks outside the organ (default: %(default)s)")
    points.add_argument(
        "--sampling", choices=["farthest", "random"], default="farthest", help="spread (default: %(default)s)"
    )
    points.add_argument("--slices", type=int, metavar="N", help="click on N axial slices only (default: on all)")
    points.add_argument(
        "--jitter", type=float, default=0.0, metavar="MM", help="standard deviation of a click (default: %(default)s)"
    )
    points.add_argument(
        "--misplaced", type=float, default=0.0, metavar="SHARE", help="share that slips off (default: %(default)s)"
    )

    seven = kinds.add_parser("seven-points", help="one click inside, six outside, one per face")
    seven.add_argument("--margin", type=float, default=3.0, help="mm beyond the organ (default: %(default)s)")

    box = kinds.add_parser("box", help="a box round the organ")
    box.add_argument("--margin", type=float, default=0.0, help="mm beyond the organ (default: %(default)s)")

    slices = kinds.add_parser("slices", help="a few axial slices annotated densely")
    slices.add_argument("--number", type=int, default=3, help="annotated slices (default: %(default)s)")


def run(args):
    """Write one annotation, and say so where the organ is absent."""
    import SimpleITK as sitk

    mask = read_mask(args.mask)
    if not sitk.GetArrayViewFromImage(mask).any():
        if not args.allow_absent:
            raise UserError(f"{args.mask}: the mask is empty, there is no organ to annotate; leave this case out")
        print(f"{args.mask}: organ absent; the annotation is empty", file=sys.stderr)

    if args.kind == "slices":
        from weakseg3d.annotations.slices import annotate_slices

        write_volume(annotate_slices(mask, _at_least_one(args.number, "--number")), args.out)
        return

    from weakseg3d.annotations.markups import write_markups

    if not args.out.endswith(".mrk.json"):
        raise UserError(f"{args.out}: points and boxes are Slicer markups; let the name end in .mrk.json")
    write_markups(_annotation(mask, args), args.out)


def _annotation(mask, args):
    if args.kind == "points":
        return _points(mask, args)
    if args.kind == "seven-points":
        from weakseg3d.annotations.seven_points import annotate_seven_points

        return annotate_seven_points(mask, args.margin)

    from weakseg3d.annotations.box import annotate_box

    return annotate_box(mask, args.margin)


def _points(mask, args):
    from weakseg3d.annotations.points import annotate_points

    if args.seed < 0:
        raise UserError(f"--seed {args.seed}: must not be negative")
    if not 0 < args.candidate_share <= 1:
        raise UserError(f"--candidate-share {args.candidate_share}: must lie above 0 and not above 1")
    if args.background < 0:
        raise UserError(f"--background {args.background}: must not be negative")
    if not 0 <= args.jitter < math.inf:
        raise UserError(f"--jitter {args.jitter}: must be a distance in mm, 0 or more")
    if not 0 <= args.misplaced <= 1:
        raise UserError(f"--misplaced {args.misplaced}: must lie between 0 and 1")
    number = _at_least_one(args.number, "--number")
    annotation = annotate_points(
        mask,
        number,
        args.candidate_share,
        args.background,
        args.seed,
        sampling=args.sampling,
        slices=None if args.slices is None else _at_least_one(args.slices, "--slices"),
        jitter=args.jitter,
        misplaced=args.misplaced,
    )
    clicks = len(annotation.of("organ"))
    # An empty mask's annotation has no classes at all, and `run` has spoken of it already.
    if annotation.points and clicks < number:
        # Slices are spread over the organ's extent, so in an organ of several pieces they can miss them all.
        if not clicks and not args.allow_absent:
            raise UserError(f"{args.mask}: --slices {args.slices} miss the organ; choose another number of slices")
        reason = "a small organ" if args.slices is None else f"little of the organ on --slices {args.slices}"
        print(f"{args.mask}: {reason}, {clicks} of {number} clicks", file=sys.stderr)
    return annotation


def _at_least_one(number, option):
    if number < 1:
        raise UserError(f"{option} {number}: must be at least 1")
    return number
