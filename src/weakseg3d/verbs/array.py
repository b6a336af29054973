"""Convert a volume to the input array (.npy) of a network, so that training need not read and scale volumes.

Images are clipped to --window (in the image's unit) or to --percentiles (of the whole volume) and scaled to [0, 1] as
float32. Without either option the volume is a training target: label maps become uint8, soft maps float32. Both kinds
of volume are brought to the same orientation (RAS), and the array carries their spacing, which training compares with
that of its recipe.
"""

from weakseg3d.errors import UserError
from weakseg3d.images.volumes import read_image, read_target
from weakseg3d.option_types import finite_number

EXAMPLE = """\
  python -m weakseg3d array --in image.nii.gz --out image.npy --window -100 240
  python -m weakseg3d array --in mask.nii.gz --out mask.npy"""


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--in", dest="source", required=True, metavar="FILE", help="image or training target")
    parser.add_argument("--out", required=True, metavar="FILE", help="array (.npy), axes z, y, x")
    scaling = parser.add_mutually_exclusive_group()
    scaling.add_argument(
        "--window", nargs=2, type=finite_number, metavar=("LOW", "HIGH"), help="intensities that become 0 and 1"
    )
    scaling.add_argument(
        "--percentiles", nargs=2, type=finite_number, metavar=("LOW", "HIGH"), help="percentiles that become 0 and 1"
    )


def run(args):
    """Write one array."""
    from weakseg3d.images.preprocessing import image_array, oriented, target_array
    from weakseg3d.training.arrays import write_array

    if not args.out.endswith(".npy"):
        raise UserError(f"{args.out}: arrays are NumPy files; choose a file name that ends in .npy")
    intensity = _intensity(args)
    volume = read_image(args.source) if intensity else read_target(args.source)
    array = image_array(volume, intensity) if intensity else target_array(volume)
    write_array(array, oriented(volume).GetSpacing()[::-1], args.out)


def _intensity(args):
    """Return the scaling in the form used in a dataset's YAML, or None for a target."""
    if args.percentiles:
        low, high = args.percentiles
        if not 0 <= low < high <= 100:
            raise UserError(f"--percentiles {low:g} {high:g}: must be between 0 and 100, the lower one first")
        return {"percentiles": [low, high]}
    if args.window:
        low, high = args.window
        if not low < high:
            raise UserError(f"--window {low:g} {high:g}: the lower number must come first")
        return {"window": [low, high]}
    return None
