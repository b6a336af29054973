"""Degrade an image in a realistic way: noise, blur, an offset of the intensities, or thick slices.

The grid does not change. Noise and offset are shares of the range from the image's 1st to its 99th percentile.
"""

import sys

from weakseg3d.images.volumes import read_image, write_volume
from weakseg3d.option_types import finite_number, whole_number

EXAMPLE = """\
  python -m weakseg3d perturb --image ct.nii.gz --out noisy.nii.gz --seed 0 noise --std 0.1
  python -m weakseg3d perturb --image ct.nii.gz --out thick.nii.gz thick-slices --thickness 5"""


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--image", required=True, metavar="FILE", help="image to perturb")
    parser.add_argument("--out", required=True, metavar="FILE", help="perturbed image (.nii.gz)")
    parser.add_argument("--seed", type=whole_number, default=0, help="seed of the noise (default: %(default)s)")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="noise|blur|shift|thick-slices")

    noise = kinds.add_parser("noise", help="white Gaussian noise")
    noise.add_argument(
        "--std", required=True, type=finite_number, metavar="S", help="standard deviation, a share of the range"
    )

    blur = kinds.add_parser("blur", help="Gaussian blur")
    blur.add_argument("--sigma", required=True, type=finite_number, metavar="MM", help="standard deviation in mm")

    shift = kinds.add_parser("shift", help="the same offset for every voxel")
    shift.add_argument(
        "--offset", required=True, type=finite_number, metavar="S", help="share of the range; may be negative"
    )

    thick = kinds.add_parser("thick-slices", help="thicker axial slices, interpolated back to the grid")
    thick.add_argument(
        "--thickness", required=True, type=finite_number, metavar="MM", help="thickness of a slice in mm"
    )


def run(args):
    """Write one perturbed image; print a note if noise or offset have no effect, as the intensity range is zero."""
    from weakseg3d.images.perturbations import add_noise, blur, intensity_range, shift, thick_slices

    image = read_image(args.image)
    if args.kind == "noise":
        perturbed = add_noise(image, args.std, args.seed)
    elif args.kind == "shift":
        perturbed = shift(image, args.offset)
    elif args.kind == "blur":
        perturbed = blur(image, args.sigma)
    else:
        perturbed = thick_slices(image, args.thickness)
    if args.kind in ("noise", "shift") and not intensity_range(image):
        print(f"{args.image}: the 1st and the 99th percentile are equal, so nothing is changed", file=sys.stderr)
    write_volume(perturbed, args.out)
