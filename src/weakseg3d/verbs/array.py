"""Turn a volume into the array (.npy) a network sees, so that training neither reads nor scales volumes.

Images become float32 in [0, 1]: clipped to --window (in the image's unit) or to --percentiles (of the whole volume).
Without either the volume is a training target: whole numbers stay whole (uint8), others are float32. Both are
turned to one orientation (RAS).
"""

from weakseg3d.errors import UserError
from weakseg3d.files import whole_file
from weakseg3d.images.volumes import read_image, read_target

EXAMPLE = """\
  python -m weakseg3d array --in image.nii.gz --out image.npy --window -100 240
  python -m weakseg3d array --in mask.nii.gz --out mask.npy"""


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--in", dest="source", required=True, metavar="FILE", help="image or training target")
    parser.add_argument("--out", required=True, metavar="FILE", help="array (.npy), axes z, y, x")
    scaling = parser.add_mutually_exclusive_group()
    scaling.add_argument(
        "--window", nargs=2, type=float, metavar=("LOW", "HIGH"), help="intensities that become 0 and 1"
    )
    scaling.add_argument(
        "--percentiles", nargs=2, type=float, metavar=("LOW", "HIGH"), help="percentiles that become 0 and 1"
    )


def run(args):
    """Write one array."""
    import numpy as np

    from weakseg3d.images.preprocessing import image_array, target_array

    if not args.out.endswith(".npy"):
        raise UserError(f"{args.out}: arrays are written for NumPy; let the name end in .npy")
    intensity = _intensity(args)
    array = image_array(read_image(args.source), intensity) if intensity else target_array(read_target(args.source))
    with whole_file(args.out) as partial:
        np.save(partial, array)


def _intensity(args):
    """Return the scaling as a dataset's YAML writes it, or None for a target."""
    if args.percentiles:
        low, high = args.percentiles
        if not 0 <= low < high <= 100:
            raise UserError(f"--percentiles {low:g} {high:g} must rise within 0 to 100")
        return {"percentiles": [low, high]}
    if args.window:
        low, high = args.window
        if not low < high:
            raise UserError(f"--window {low:g} {high:g} must rise")
        return {"window": [low, high]}
    return None
