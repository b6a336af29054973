"""Segment an image with a trained model.

The image must have the spacing at which the model was trained; the mask is written on the image's own grid.
--uncertainty writes three maps on that grid into a folder: probability.nii.gz, the foreground probability;
entropy.nii.gz, its entropy in bits; and variance.nii.gz, the variance of the probability over the stochastic
passes of the network, which is 0 for a deterministic network.
"""

import argparse
import sys

from weakseg3d.errors import UserError
from weakseg3d.images.volumes import read_image, write_volume

EXAMPLE = "  python -m weakseg3d predict --model model/model.pt --image image_1mm.nii.gz --out prediction.nii.gz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--model", required=True, metavar="FILE", help="model.pt of 'train'")
    parser.add_argument("--image", required=True, metavar="FILE", help="image on the isotropic grid")
    parser.add_argument("--out", required=True, metavar="FILE", help="predicted mask (.nii.gz)")
    parser.add_argument("--uncertainty", metavar="DIR", help="also write probability, entropy and variance into DIR")


def run(args: argparse.Namespace) -> None:
    """Write the predicted mask, and its uncertainty if asked to."""
    from weakseg3d.files import existing_file

    existing_file(args.model)
    image = read_image(args.image)

    from weakseg3d.accelerator import device_name, precision, report_missing_gpu
    from weakseg3d.inference.model import load_model
    from weakseg3d.inference.prediction import check_spacing, predict, predicted_mask
    from weakseg3d.inference.uncertainty_maps import write_uncertainty

    report_missing_gpu()
    network, recipe = load_model(args.model)
    check_spacing(image, args.image, recipe["spacing"])
    precision_name = precision(recipe["prediction"]["mixed_precision"])
    print(f"weakseg3d predict: on {device_name()}, precision {precision_name}", file=sys.stderr)
    try:
        if args.uncertainty:
            probability, variance = predict(network, recipe, image, with_variance=True)
        else:
            mask = predicted_mask(network, recipe, image)
    except UserError as error:
        raise UserError(f"{args.model}: with {args.image}, {error}") from None
    if args.uncertainty:
        write_uncertainty(probability, variance, args.uncertainty)
        mask = probability > recipe["prediction"]["threshold"]
    write_volume(mask, args.out)
