"""Resample an image or a label map to an isotropic grid over the same physical box.

Spacing, origin and direction describe the new grid exactly. Images are interpolated linearly, after smoothing along
axes that become coarser. In label maps, each voxel takes the class with the largest linear weight.
"""

from weakseg3d.errors import UserError, printable
from weakseg3d.images.volumes import read_image, read_label, write_volume

EXAMPLE = "  python -m weakseg3d resample --in image.nii.gz --out image_1mm.nii.gz --kind image --spacing 1.0"


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--in", dest="source", required=True, metavar="FILE", help="volume to resample")
    parser.add_argument("--out", required=True, metavar="FILE", help="resampled volume (.nii.gz)")
    parser.add_argument(
        "--kind", required=True, choices=["image", "label"], help="what the volume is, which decides the interpolation"
    )
    parser.add_argument(
        "--spacing", type=positive, default=1.0, metavar="MM", help="voxel size in mm (default: %(default)s)"
    )


def positive(text):
    """Return ``text`` as a positive number; argparse turns the ValueError into a usage error."""
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def run(args):
    """Resample one volume."""
    from weakseg3d.images.resampling import resample_image, resample_label

    read, resample = (read_image, resample_image) if args.kind == "image" else (read_label, resample_label)
    volume = read(args.source)
    try:
        resampled = resample(volume, args.spacing)
    except UserError as error:
        raise UserError(f"{printable(args.source)}: {error}") from None
    write_volume(resampled, args.out)
