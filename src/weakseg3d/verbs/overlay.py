"""Draw reference and prediction contours over one axial slice of an image.

The slice is the one with the most reference voxels; left and right are in radiological convention. The reference is
solid and blue, the prediction dashed and yellow. With --uncertainty the picture has panels side by side: the
slice alone, with contours, the entropy and, unless it is 0 everywhere, the variance. Without a reference, the slice is
the one with the most predicted voxels, and the volume stands in place of Dice.

All volumes must be on the image's grid. With --on-reference-grid the others may have any grid and are resampled to the
reference's, as 'evaluate --resample-prediction' does, so that the picture shows what was evaluated.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from weakseg3d.errors import UserError
from weakseg3d.option_types import finite_number

if TYPE_CHECKING:
    import SimpleITK as sitk

EXAMPLE = (
    "  python -m weakseg3d overlay --image image.nii.gz --reference mask.nii.gz --prediction prediction.nii.gz \\\n"
    "      --out overlay.png --title 'spleen, dense, case 0021' --window -100 240"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--image", required=True, metavar="FILE", help="image")
    parser.add_argument("--reference", metavar="FILE", help="binary mask, if there is one")
    parser.add_argument("--prediction", required=True, metavar="FILE", help="binary mask")
    parser.add_argument(
        "--on-reference-grid", action="store_true", help="resample image, prediction and maps to the reference's grid"
    )
    parser.add_argument(
        "--largest-component", action="store_true", help="show only the largest component of the prediction"
    )
    parser.add_argument("--out", required=True, metavar="PNG", help="picture (.png)")
    parser.add_argument(
        "--uncertainty", metavar="DIR", help="maps from 'predict --uncertainty' on the prediction's grid, to be shown"
    )
    parser.add_argument("--title", default="", metavar="TEXT", help="first line above the picture")
    parser.add_argument(
        "--window",
        type=finite_number,
        nargs=2,
        metavar=("LO", "HI"),
        help="grey levels shown (default: 1st to 99th percentile)",
    )


def run(args: argparse.Namespace) -> None:
    """Draw one case."""
    if not args.out.endswith(".png"):
        raise UserError(f"{args.out}: the picture is a PNG file; give it a name that ends in .png")
    if args.on_reference_grid and not args.reference:
        raise UserError("--on-reference-grid needs --reference; add it, or leave the option out")
    if args.window and not args.window[0] < args.window[1]:
        raise UserError(
            f"--window {args.window[0]:g} {args.window[1]:g}: the first grey level must be below the second"
        )

    from weakseg3d.files import whole_file
    from weakseg3d.report.figures.overlays import overlay_figure

    image, reference, prediction, maps = read_case(args)
    if maps:
        from weakseg3d.report.figures.uncertainty_panels import DPI, uncertainty_figure

        figure, dpi = uncertainty_figure(image, reference, prediction, maps, args.title, args.window), DPI
    else:
        figure, dpi = overlay_figure(image, reference, prediction, args.title, args.window), 150
    with whole_file(args.out) as partial:
        figure.savefig(partial, dpi=dpi)


def read_case(args: argparse.Namespace) -> tuple[sitk.Image, sitk.Image | None, sitk.Image, dict[str, sitk.Image]]:
    """Return image, reference, prediction and the uncertainty maps as ``{name: map}``, all on one grid.

    The reference is None without --reference, the maps are empty without --uncertainty.
    """
    from weakseg3d.evaluation.largest_component import keep_largest_component
    from weakseg3d.evaluation.reference_grid import mask_on_reference_grid
    from weakseg3d.images.resampling import map_on_reference_grid
    from weakseg3d.images.volumes import check_same_grid, read_image, read_mask
    from weakseg3d.inference.uncertainty_maps import read_uncertainty

    image, prediction = read_image(args.image), read_mask(args.prediction)
    reference = read_mask(args.reference) if args.reference else None
    if not args.on_reference_grid:
        if reference is not None:
            check_same_grid(reference, image, args.reference, args.image)
        check_same_grid(prediction, image, args.prediction, args.image)
    maps = read_uncertainty(args.uncertainty, prediction, args.prediction) if args.uncertainty else {}
    if args.largest_component:
        prediction = keep_largest_component(prediction)
    if args.on_reference_grid and reference is not None:
        image = map_on_reference_grid(image, reference)
        prediction = mask_on_reference_grid(prediction, reference, args.prediction, args.reference)
        maps = {name: map_on_reference_grid(values, reference) for name, values in maps.items()}
    return image, reference, prediction, maps
