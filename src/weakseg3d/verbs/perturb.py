"""Degrade an image in a realistic way: noise, blur, an offset of the intensities, or thick slices.

The grid does not change. Noise and offset are shares of the range from the image's 1st to its 99th percentile.
"""

import functools
import sys

from weakseg3d.errors import UserError
from weakseg3d.images.own_images import checked_image
from weakseg3d.images.volumes import read_image, write_volume
from weakseg3d.option_types import whole_number
from weakseg3d.perturbations import PERTURBATIONS
from weakseg3d.registry.options import add_kinds, chosen

EXAMPLE = """\
  python -m weakseg3d perturb --image ct.nii.gz --out noisy.nii.gz --seed 0 noise --std 0.1
  python -m weakseg3d perturb --image ct.nii.gz --out thick.nii.gz thick-slices --thickness 5"""


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--image", required=True, metavar="FILE", help="image to perturb")
    parser.add_argument("--out", required=True, metavar="FILE", help="perturbed image (.nii.gz)")
    parser.add_argument("--seed", type=whole_number, default=0, help="seed of the noise (default: %(default)s)")
    add_kinds(parser, PERTURBATIONS)


def run(args):
    """Write one perturbed image; print a note if noise or offset have no effect, as the intensity range is zero."""
    perturbation = chosen(args, PERTURBATIONS)
    if args.seed < 0:
        raise UserError(f"--seed {args.seed}: must not be negative")
    image = read_image(args.image)
    try:
        perturbed = perturbation.call(image=image, seed=args.seed, note=functools.partial(_note, args.image))
    except UserError as error:
        raise UserError(f"{args.image}: {error}") from None
    if not perturbation.entry.module:
        perturbed = checked_image(perturbed, perturbation.entry, image)
    write_volume(perturbed, args.out)


def _note(image, text):
    print(f"{image}: {text}", file=sys.stderr)
