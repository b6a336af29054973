"""Write a control prediction: the truth, an empty mask, or the pseudo label itself.

truth copies the source, a binary mask. empty writes zeros on the source's grid. pseudo_label thresholds a soft map
(values from 0 to 1), or takes the voxels labelled 1 from a sparse label map, which is recognised by its unlabelled
voxels (2).
"""

import argparse

from weakseg3d.errors import UserError
from weakseg3d.inference.controls import CONTROLS, control_mask
from weakseg3d.option_types import finite_number

EXAMPLE = "  python -m weakseg3d control --kind pseudo_label --source pseudo_label.nii.gz --out prediction.nii.gz"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--kind", required=True, choices=tuple(CONTROLS), help="which control")
    parser.add_argument("--source", required=True, metavar="FILE", help="reference mask or pseudo label")
    parser.add_argument("--out", required=True, metavar="FILE", help="binary mask (.nii.gz)")
    parser.add_argument(
        "--threshold", type=finite_number, default=0.5, help="a soft map is organ above this value (default 0.5)"
    )


def run(args: argparse.Namespace) -> None:
    """Write a control prediction."""
    import numpy as np
    import SimpleITK as sitk

    from weakseg3d.images.volumes import like, read_image, read_mask, write_volume

    if not 0 <= args.threshold < 1:
        raise UserError(f"--threshold {args.threshold}: must be at least 0 and below 1")
    source = read_mask(args.source) if args.kind == "truth" else read_image(args.source)
    mask = control_mask(args.kind, sitk.GetArrayViewFromImage(source), args.threshold, args.source)
    write_volume(like(mask.astype(np.uint8), source), args.out)
