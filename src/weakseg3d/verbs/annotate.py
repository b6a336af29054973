"""Simulate a person's weak annotation of a mask.

Points and boxes are written as 3D Slicer markups (.mrk.json). Points are labelled with their class (organ or
background) and form one list per target; boxes are ROIs. Slices and scribbles are written as label maps (.nii.gz) in
which 2 means "not annotated".
"""

import math
import sys

from weakseg3d.errors import UserError
from weakseg3d.images.volumes import read_mask, write_volume
from weakseg3d.option_types import finite_number, whole_number

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
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="points|seven-points|box|slices|scribbles")

    points = kinds.add_parser("points", help="clicks spread over the organ")
    points.add_argument("--number", type=whole_number, default=200, help="clicks on the organ (default: %(default)s)")
    points.add_argument(
        "--candidate-share",
        type=finite_number,
        default=0.5,
        metavar="SHARE",
        help="share of the organ's voxels that may be clicked (default: %(default)s)",
    )
    points.add_argument(
        "--background", type=whole_number, default=0, help="clicks outside the organ (default: %(default)s)"
    )
    points.add_argument(
        "--sampling",
        choices=["farthest", "random", "surface"],
        default="farthest",
        help="how clicks are chosen from these voxels: far apart, at random, or far apart on the organ's surface alone"
        " (default: %(default)s)",
    )
    points.add_argument(
        "--slices", type=whole_number, metavar="N", help="click on N axial slices only (default: on all slices)"
    )
    _add_distance(points, "--jitter", 0.0, "standard deviation of the clicks' positions")
    points.add_argument(
        "--misplaced",
        type=finite_number,
        default=0.0,
        metavar="SHARE",
        help="share of the clicks that slip off the organ (default: %(default)s)",
    )

    seven = kinds.add_parser("seven-points", help="one click inside the organ and six outside, one per face")
    _add_distance(seven, "--margin", 3.0, "distance of the outer clicks from the organ")
    _add_distance(seven, "--jitter", 0.0, "standard deviation of the clicks' positions")
    seven.add_argument(
        "--targets",
        type=whole_number,
        default=1,
        metavar="N",
        help="1: the whole organ; more: its N largest connected components (default: %(default)s)",
    )

    box = kinds.add_parser("box", help="a box around the organ")
    _add_distance(box, "--margin", 0.0, "distance of the faces from the organ")
    _add_distance(box, "--jitter", 0.0, "standard deviation of each face's position")

    slices = kinds.add_parser("slices", help="dense annotation of some axial slices")
    spread = slices.add_mutually_exclusive_group()
    spread.add_argument(
        "--number", type=whole_number, default=3, metavar="K", help="number of slices (default: %(default)s)"
    )
    spread.add_argument(
        "--every", type=whole_number, metavar="N", help="annotate every N-th slice of the organ instead"
    )

    scribbles = kinds.add_parser("scribbles", help="a curve inside the organ and one around it on some axial slices")
    scribbles.add_argument(
        "--every",
        type=whole_number,
        default=5,
        metavar="N",
        help="draw on every N-th slice of the organ (default: %(default)s)",
    )
    _add_distance(scribbles, "--margin", 5.0, "distance of the outer curve from the organ")


def _add_distance(parser, option, default, text):
    parser.add_argument(
        option, type=finite_number, default=default, metavar="MM", help=f"{text} in mm (default: %(default)s)"
    )


def run(args):
    """Write one annotation; print a note if the organ is absent."""
    import SimpleITK as sitk

    _check(args)
    mask = read_mask(args.mask)
    present = sitk.GetArrayViewFromImage(mask).any()
    if not present:
        if not args.allow_absent:
            raise UserError(f"{args.mask}: the mask is empty, so there is no organ to annotate; exclude this case")
        print(f"{args.mask}: organ absent; the annotation is empty", file=sys.stderr)

    if args.kind in ("slices", "scribbles"):
        labels = _label_map(mask, args)
        # Slices are spread over the organ's extent, so they can miss an organ that consists of several parts.
        if present and not (sitk.GetArrayViewFromImage(labels) == 1).any():
            if not args.allow_absent:
                raise UserError(f"{args.mask}: the slices miss the organ; choose another --number or --every")
            print(f"{args.mask}: the slices miss the organ", file=sys.stderr)
        write_volume(labels, args.out)
        return

    from weakseg3d.annotations.markups import write_markups

    if not args.out.endswith(".mrk.json"):
        raise UserError(f"{args.out}: points and boxes are Slicer markups; choose a file name that ends in .mrk.json")
    write_markups(_markups(mask, args), args.out)


def _check(args):
    """Raise a UserError for an option outside its range."""
    options = vars(args)
    if args.seed < 0:
        raise UserError(f"--seed {args.seed}: must not be negative")
    for name in ("number", "slices", "targets", "every"):
        if options.get(name) is not None and options[name] < 1:
            raise UserError(f"--{name} {options[name]}: must be at least 1")
    for name in ("margin", "jitter"):
        if not 0 <= options.get(name, 0) < math.inf:
            raise UserError(f"--{name} {options[name]}: must be a distance in mm, 0 or more")
    if args.kind == "scribbles" and not args.margin:
        raise UserError(f"--margin {args.margin}: must be above 0, as the outer curve must not touch the organ")
    if args.kind == "points":
        if not 0 < args.candidate_share <= 1:
            raise UserError(f"--candidate-share {args.candidate_share}: must be above 0 and at most 1")
        if args.background < 0:
            raise UserError(f"--background {args.background}: must not be negative")
        if not 0 <= args.misplaced <= 1:
            raise UserError(f"--misplaced {args.misplaced}: must be between 0 and 1")


def _label_map(mask, args):
    if args.kind == "slices":
        from weakseg3d.annotations.slices import annotate_slices

        return annotate_slices(mask, args.number, args.every)

    from weakseg3d.annotations.scribbles import annotate_scribbles

    return annotate_scribbles(mask, args.every, args.margin)


def _markups(mask, args):
    if args.kind == "points":
        return _points(mask, args)
    if args.kind == "seven-points":
        return _seven_points(mask, args)

    from weakseg3d.annotations.box import annotate_box

    return annotate_box(mask, args.margin, jitter=args.jitter, seed=args.seed)


def _seven_points(mask, args):
    import SimpleITK as sitk

    from weakseg3d.annotations.connected_components import connected_components
    from weakseg3d.annotations.seven_points import annotate_seven_points

    if args.targets > 1:
        sizes = connected_components(sitk.GetArrayViewFromImage(mask) > 0)[1]
        if len(sizes) > args.targets:
            smaller = sizes[args.targets :]
            voxels = f"{smaller.sum()} of {sizes.sum()} voxels"
            print(f"{args.mask}: {len(smaller)} smaller parts ({voxels}) are not annotated", file=sys.stderr)
        elif 0 < len(sizes) < args.targets:
            print(
                f"{args.mask}: only {len(sizes)} of {args.targets} targets, as the organ has no more parts",
                file=sys.stderr,
            )
    return annotate_seven_points(mask, args.margin, jitter=args.jitter, targets=args.targets, seed=args.seed)


def _points(mask, args):
    from weakseg3d.annotations.points import annotate_points

    annotation = annotate_points(
        mask,
        args.number,
        args.candidate_share,
        args.background,
        args.seed,
        sampling=args.sampling,
        slices=args.slices,
        jitter=args.jitter,
        misplaced=args.misplaced,
    )
    clicks = len(annotation.points_of("organ"))
    # The annotation of an empty mask has no targets at all, and `run` has already printed a note.
    if annotation.targets and clicks < args.number:
        # Like annotated slices, slices with clicks can miss an organ that consists of several parts.
        if not clicks and not args.allow_absent:
            raise UserError(f"{args.mask}: --slices {args.slices} misses the organ; choose another number of slices")
        place = "" if args.slices is None else f" with --slices {args.slices}"
        print(f"{args.mask}: only {clicks} of {args.number} clicks, as the organ is small{place}", file=sys.stderr)
    return annotation
