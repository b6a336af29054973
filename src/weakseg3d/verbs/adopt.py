"""Take over a mask or a soft label that was made elsewhere, once it is checked.

A mask is a volume with the values 0 and 1, a soft label one with values from 0 to 1, on the grid of one of the images.
The file itself is only read.
"""

import argparse

from weakseg3d.errors import UserError

EXAMPLE = "  python -m weakseg3d adopt --mask theirs.nii.gz --images image.nii.gz --out prediction.nii.gz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    volume = parser.add_mutually_exclusive_group(required=True)
    volume.add_argument("--mask", metavar="FILE", help="the mask")
    volume.add_argument("--soft", metavar="FILE", help="the soft label, in place of a mask")
    parser.add_argument("--images", required=True, nargs="+", metavar="FILE", help="images on whose grid it may be")
    parser.add_argument("--out", required=True, metavar="FILE", help="where it is written (.nii.gz)")
    parser.add_argument("--probability", metavar="FILE", help="the foreground's probabilities, on the same grid")
    parser.add_argument("--uncertainty", metavar="DIR", help="with --probability: folder of the maps made from it")


def run(args: argparse.Namespace) -> None:
    """Write the mask, with the maps of uncertainty where it has probabilities, or the soft label."""
    from weakseg3d.external.masks import foreign_mask, foreign_probability
    from weakseg3d.images.volumes import write_volume

    if args.soft:
        if args.probability or args.uncertainty:
            raise UserError("--soft: a soft label has no further maps; leave out --probability and --uncertainty")
        write_volume(foreign_probability(args.soft, args.images), args.out)
        return
    mask = foreign_mask(args.mask, args.images)
    if args.probability and args.uncertainty:
        from weakseg3d.inference.uncertainty_maps import write_uncertainty

        probability = foreign_probability(args.probability, args.images)
        write_uncertainty(probability, probability * 0, args.uncertainty)
    write_volume(mask, args.out)
