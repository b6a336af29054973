"""Segment an image with a trained model.

The image must have the spacing the model was trained at; the mask is written on the image's own grid.
"""

from weakseg3d.errors import UserError
from weakseg3d.volumes import GRID_TOLERANCE, read_image, write_volume

EXAMPLE = "  python -m weakseg3d predict --model model/model.pt --image image_1mm.nii.gz --out prediction.nii.gz"


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--model", required=True, metavar="FILE", help="model.pt of 'train'")
    parser.add_argument("--image", required=True, metavar="FILE", help="image on the isotropic grid")
    parser.add_argument("--out", required=True, metavar="FILE", help="predicted mask (.nii.gz)")
    parser.add_argument("--uncertainty", metavar="FILE", help="voxel-wise predictive entropy in bits (.nii.gz)")


def run(args):
    """Write one predicted mask."""
    from weakseg3d.files import existing_file

    existing_file(args.model)
    image = read_image(args.image)

    from weakseg3d.prediction import entropy, load_model, predict_probability

    network, recipe = load_model(args.model)
    if any(abs(spacing - recipe["spacing"]) > GRID_TOLERANCE for spacing in image.GetSpacing()):
        spacing = recipe["spacing"]
        raise UserError(
            f"{args.image}: the model was trained at {spacing} mm; run 'resample --spacing {spacing}' first"
        )
    probability = predict_probability(network, recipe, image)
    if args.uncertainty:
        write_volume(entropy(probability), args.uncertainty)
    write_volume(probability > recipe["prediction"]["threshold"], args.out)
