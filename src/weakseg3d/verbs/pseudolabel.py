"""Expand a weak annotation into a training target on the image's grid.

gaussian gives a soft map in [0, 1]; points, geodesic and slices give label maps with 0 background, 1 organ and
2 unknown; box gives a mask.
"""

import math

from weakseg3d.errors import UserError
from weakseg3d.volumes import check_same_grid, like, read_grid, read_image, read_label, write_volume

EXAMPLE = """\
  python -m weakseg3d pseudolabel --annotation clicks.mrk.json --image image.nii.gz --out soft.nii.gz \\
      gaussian --sigma 10"""


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--annotation", required=True, metavar="FILE", help="markups (.mrk.json) or label map (slices)")
    parser.add_argument("--image", required=True, metavar="FILE", help="the annotated image")
    parser.add_argument("--out", required=True, metavar="FILE", help="pseudo label (.nii.gz)")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="gaussian|points|geodesic|box|slices")

    gaussian = kinds.add_parser("gaussian", help="a sum of Gaussians round the clicks")
    gaussian.add_argument("--sigma", type=float, default=10.0, help="mm (default: %(default)s)")

    kinds.add_parser("points", help="the clicks themselves")

    geodesic = kinds.add_parser("geodesic", help="voxels near the organ's click in geodesic distance")
    geodesic.add_argument("--weight", type=float, default=0.5, help="of the intensity (default: %(default)s)")
    geodesic.add_argument("--threshold", type=float, default=0.2, help="of the distance (default: %(default)s)")

    kinds.add_parser("box", help="the filled box")
    kinds.add_parser("slices", help="the annotated slices as they are")


def run(args):
    """Write one pseudo label."""
    # The other kinds need no voxels, and a header is read at once.
    image = read_image(args.image) if args.kind == "geodesic" else read_grid(args.image)
    if args.kind == "slices":
        label = read_label(args.annotation)
        check_same_grid(label, image, args.annotation, args.image)
        write_volume(label, args.out)
        return

    from weakseg3d.annotations.markups import read_markups

    annotation = read_markups(args.annotation)
    try:
        array = _label(annotation, image, args)
    except UserError as error:
        raise UserError(f"{args.annotation}: {error}") from None
    write_volume(like(array, image), args.out)


def _label(annotation, image, args):
    import SimpleITK as sitk

    from weakseg3d.annotations.world import to_voxels

    shape, spacing = image.GetSize()[::-1], image.GetSpacing()[::-1]
    organ, background = (to_voxels(annotation.of(name), image) for name in ("organ", "background"))
    if args.kind == "gaussian":
        from weakseg3d.pseudo_labels.gaussian import gaussian_label

        if not 0 < args.sigma < math.inf:
            raise UserError(f"--sigma {args.sigma} must be a finite number above 0")
        return gaussian_label(organ, shape, spacing, args.sigma)
    if args.kind == "points":
        from weakseg3d.pseudo_labels.points import sparse_label

        return sparse_label(organ, background, shape)
    if args.kind == "geodesic":
        from weakseg3d.pseudo_labels.geodesic import geodesic_label

        if len(organ) and not len(background):
            raise UserError("geodesic expansion needs background points round the organ; annotate with seven-points")
        voxels = sitk.GetArrayViewFromImage(image)
        return geodesic_label(voxels, organ, background, spacing, args.weight, args.threshold)

    from weakseg3d.pseudo_labels.box import box_label

    return box_label(annotation.boxes, image)
