"""Expand a weak annotation into a training target on the image's grid.

The kinds gaussian, box-gaussian, slices-interpolated and scribbles-gaussian are soft maps with values in [0, 1].
The kinds points, geodesic, box-core, slices and scribbles are label maps: 0 background, 1 organ, 2 unknown.
The kind box is a mask. An empty annotation, which means that the organ is absent, gives all background.
"""

import math

from weakseg3d.errors import UserError
from weakseg3d.files import existing_file
from weakseg3d.images.volumes import check_same_grid, like, read_grid, read_image, read_label, write_volume
from weakseg3d.option_types import finite_number
from weakseg3d.pseudo_labels.kinds import ACCEPTED_ANNOTATIONS, SOFT

EXAMPLE = """\
  python -m weakseg3d pseudolabel --annotation clicks.mrk.json --image image.nii.gz --out soft.nii.gz \\
      gaussian --sigma 10
  python -m weakseg3d pseudolabel --annotation seven.mrk.json --image image.nii.gz --out sparse.nii.gz geodesic"""

FROM_LABEL_MAPS = ("slices", "slices-interpolated", "scribbles", "scribbles-gaussian")
"""Kinds made from label maps; all other kinds are made from Slicer markups."""

RANGES = {
    "sigma": ("a finite number above 0", lambda value: 0 < value < math.inf),
    "softness": ("a finite number above 0", lambda value: 0 < value < math.inf),
    "width": ("a finite number above 0", lambda value: 0 < value < math.inf),
    "margin": ("a finite number, 0 or more", lambda value: 0 <= value < math.inf),
    "weight": ("a number from 0 to 1", lambda value: 0 <= value <= 1),
    "threshold": ("a number above 0, at most 1", lambda value: 0 < value <= 1),
    "core": ("a number above 0, at most 1", lambda value: 0 < value <= 1),
}
"""What the value of an option must be, in words and as a check."""


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument(
        "--annotation", required=True, metavar="FILE", help="markups (.mrk.json) or label map (slices, scribbles)"
    )
    parser.add_argument("--image", required=True, metavar="FILE", help="the annotated image")
    parser.add_argument("--out", required=True, metavar="FILE", help="pseudo label (.nii.gz)")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")

    gaussian = kinds.add_parser("gaussian", help="a sum of Gaussians around the clicks on the organ")
    gaussian.add_argument(
        "--sigma",
        type=finite_number,
        default=10.0,
        metavar="MM",
        help="standard deviation in mm (default: %(default)s)",
    )

    kinds.add_parser("points", help="the clicks themselves")

    geodesic = kinds.add_parser("geodesic", help="voxels within a small geodesic distance of the clicks on the organ")
    geodesic.add_argument(
        "--weight", type=finite_number, default=0.5, help="weight of the intensity, from 0 to 1 (default: %(default)s)"
    )
    geodesic.add_argument(
        "--threshold",
        type=finite_number,
        default=0.2,
        help="share of the largest distance in the box (default: %(default)s)",
    )
    geodesic.add_argument(
        "--margin",
        type=finite_number,
        default=0.0,
        metavar="MM",
        help="width in mm of the margin around the clicks on the organ, used only if there are no background points"
        " (default: %(default)s)",
    )
    geodesic.add_argument(
        "--minimum",
        choices=["anything", "background"],
        default="anything",
        help="class of the voxels at the image's lowest value (default: %(default)s)",
    )
    geodesic.add_argument(
        "--intensities",
        choices=["raw", "scaled"],
        default="raw",
        help="unchanged, as published, or divided by the range from the 1st to the 99th percentile"
        " (default: %(default)s)",
    )

    kinds.add_parser("box", help="the filled box, either drawn or spanned by seven points")

    core = kinds.add_parser("box-core", help="the core of the box; the rest of the box is unknown")
    core.add_argument(
        "--core",
        type=finite_number,
        default=0.5,
        metavar="SHARE",
        help="size of the core relative to the inscribed ellipsoid (default: %(default)s)",
    )

    box_gaussian = kinds.add_parser("box-gaussian", help="a Gaussian fitted to the box")
    box_gaussian.add_argument(
        "--width",
        type=finite_number,
        default=1.0,
        metavar="SHARE",
        help="size, relative to the inscribed ellipsoid, of the ellipsoid on which the label is 0.5"
        " (default: %(default)s)",
    )

    kinds.add_parser("slices", help="the annotated slices, unchanged")

    interpolated = kinds.add_parser("slices-interpolated", help="outlines interpolated between annotated slices")
    interpolated.add_argument(
        "--softness",
        type=finite_number,
        default=5.0,
        metavar="MM",
        help="distance in mm from the outline, where the label is 0.5, to a label of 0 or 1 (default: %(default)s)",
    )

    kinds.add_parser("scribbles", help="the scribbles, unchanged")

    scribbles = kinds.add_parser("scribbles-gaussian", help="scribbles inside the organ weighed against those outside")
    scribbles.add_argument(
        "--sigma",
        type=finite_number,
        default=10.0,
        metavar="MM",
        help="standard deviation in mm (default: %(default)s)",
    )


def run(args):
    """Write one pseudo label."""
    for option, (requirement, is_valid) in RANGES.items():
        if option in args and not is_valid(getattr(args, option)):
            raise UserError(f"--{option} {getattr(args, option)}: must be {requirement}")
    from_label_map = args.kind in FROM_LABEL_MAPS
    _check_file_type(args.annotation, args.kind, from_label_map)
    # The other kinds need no intensities, and reading the header alone is fast.
    image = read_image(args.image) if args.kind == "geodesic" else read_grid(args.image)
    if from_label_map:
        annotation = read_label(args.annotation)
        check_same_grid(annotation, image, args.annotation, args.image)
    else:
        from weakseg3d.annotations.markups import read_markups

        annotation = read_markups(args.annotation)
    try:
        array = (_label_of_map if from_label_map else _label_of_markups)(annotation, image, args)
    except UserError as error:
        raise UserError(f"{args.annotation}: {error}") from None
    write_volume(like(array, image), args.out)


def _check_file_type(annotation, kind, from_label_map):
    existing_file(annotation)
    accepted = " or ".join(ACCEPTED_ANNOTATIONS[kind])
    if from_label_map and annotation.endswith(".json"):
        raise UserError(f"{annotation}: Slicer markups, but '{kind}' needs a label map of {accepted}; pass a .nii.gz")
    if not from_label_map and annotation.endswith((".nii", ".nii.gz")):
        raise UserError(f"{annotation}: a volume, but '{kind}' needs Slicer markups of {accepted}; pass a .mrk.json")


def _label_of_map(annotation, image, args):
    import SimpleITK as sitk

    from weakseg3d.pseudo_labels.label_maps import check_label_map, is_empty

    labels = sitk.GetArrayViewFromImage(annotation)
    check_label_map(labels)
    if is_empty(labels):
        return _all_background(image, args.kind)
    if args.kind == "slices-interpolated":
        from weakseg3d.pseudo_labels.slices import interpolated_label

        return interpolated_label(labels, image.GetSpacing()[::-1], args.softness)
    if args.kind == "scribbles-gaussian":
        from weakseg3d.pseudo_labels.scribbles import scribbles_label

        return scribbles_label(labels, image.GetSpacing()[::-1], args.sigma)
    return labels


def _label_of_markups(annotation, image, args):
    if not annotation.targets and not annotation.boxes:
        return _all_background(image, args.kind)

    from weakseg3d.pseudo_labels.targets import targets_on

    targets = targets_on(annotation, image)
    if "box" in ACCEPTED_ANNOTATIONS[args.kind]:
        return _label_of_boxes(annotation.boxes, targets, image, args)
    if not targets:
        accepted = " or ".join(ACCEPTED_ANNOTATIONS[args.kind])
        raise UserError(f"only a box, but '{args.kind}' needs {accepted}; use the kind 'box', or click points")
    if args.kind == "geodesic":
        return _geodesic_label(targets, image, args)

    import numpy as np

    organ = np.concatenate([target.organ for target in targets])
    background = np.concatenate([target.background for target in targets])
    shape, spacing = image.GetSize()[::-1], image.GetSpacing()[::-1]
    if args.kind == "gaussian":
        from weakseg3d.pseudo_labels.gaussian import gaussian_label

        return gaussian_label(organ, shape, spacing, args.sigma, background)

    from weakseg3d.pseudo_labels.points import sparse_label

    return sparse_label(organ, background, shape)


def _geodesic_label(targets, image, args):
    import SimpleITK as sitk

    from weakseg3d.pseudo_labels.geodesic import geodesic_label
    from weakseg3d.pseudo_labels.seven_points import check_seven_points

    check_seven_points(targets, image)
    voxels = sitk.GetArrayViewFromImage(image)
    lowest = voxels.min()
    if lowest == voxels.max():
        raise UserError(
            f"the image {args.image} is constant ({lowest:g}) and cannot guide the expansion; pass the annotated image"
        )
    spacing = image.GetSpacing()[::-1]
    if args.intensities == "scaled":
        import numpy as np

        low, high = np.percentile(voxels, (1, 99))
        voxels = voxels / (high - low if high > low else 1)
    return geodesic_label(voxels, targets, spacing, args.weight, args.threshold, args.margin, args.minimum)


def _label_of_boxes(boxes, targets, image, args):
    """Return the label of the drawn boxes or, if there are none, of the boxes spanned by seven points."""
    from weakseg3d.pseudo_labels.box import box_core_label, box_gaussian_label, box_label, box_of_points
    from weakseg3d.pseudo_labels.seven_points import check_seven_points

    if not boxes:
        check_seven_points(targets, image)
        boxes = [box_of_points(target, image) for target in targets]
    if args.kind == "box-core":
        return box_core_label(boxes, image, args.core)
    if args.kind == "box-gaussian":
        return box_gaussian_label(boxes, image, args.width)
    return box_label(boxes, image)


def _all_background(image, kind):
    import numpy as np

    return np.zeros(image.GetSize()[::-1], np.float32 if kind in SOFT else np.uint8)
