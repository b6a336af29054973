"""Draw reference and prediction contours over one axial slice of an image.

The slice is the one with most reference; left and right are as radiologists have them. The reference is
solid and blue, the prediction dashed and yellow. With --uncertainty the picture has panels side by side: the
slice alone, with contours, the entropy and, unless it is 0 everywhere, the variance.

All volumes share the image's grid; with --on-reference-grid the others may have any grid and are brought to that of
the reference, as 'evaluate --resample-prediction' does, so that the picture shows what was evaluated.
"""

from weakseg3d.errors import UserError

EXAMPLE = (
    "  python -m weakseg3d overlay --image image.nii.gz --reference mask.nii.gz --prediction prediction.nii.gz \\\n"
    "      --out overlay.png --title 'spleen, dense, case 0021' --window -100 240"
)


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--image", required=True, metavar="FILE", help="image")
    parser.add_argument("--reference", required=True, metavar="FILE", help="binary mask")
    parser.add_argument("--prediction", required=True, metavar="FILE", help="binary mask")
    parser.add_argument(
        "--on-reference-grid", action="store_true", help="bring image, prediction and maps to the reference's grid"
    )
    parser.add_argument(
        "--largest-component", action="store_true", help="show the largest component of the prediction alone"
    )
    parser.add_argument("--out", required=True, metavar="PNG", help="picture (.png)")
    parser.add_argument(
        "--uncertainty", metavar="DIR", help="maps of 'predict --uncertainty' on the prediction's grid, shown beside it"
    )
    parser.add_argument("--title", default="", metavar="TEXT", help="first line above the picture")
    parser.add_argument(
        "--window",
        type=float,
        nargs=2,
        metavar=("LO", "HI"),
        help="grey levels shown (default: 1st to 99th percentile)",
    )


def run(args):
    """Draw one case."""
    if not args.out.endswith(".png"):
        raise UserError(f"{args.out}: the picture is a PNG; let the name end in .png")
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


def read_case(args):
    """Return image, reference, prediction and ``{name: map}`` of the uncertainty, if asked for, on one grid."""
    from weakseg3d.evaluation.largest_component import keep_largest_component
    from weakseg3d.evaluation.reference_grid import map_on_reference_grid, mask_on_reference_grid
    from weakseg3d.images.volumes import check_same_grid, read_image, read_mask
    from weakseg3d.inference.uncertainty_maps import read_uncertainty

    image, reference, prediction = read_image(args.image), read_mask(args.reference), read_mask(args.prediction)
    if not args.on_reference_grid:
        check_same_grid(reference, image, args.reference, args.image)
        check_same_grid(prediction, image, args.prediction, args.image)
    maps = read_uncertainty(args.uncertainty, prediction, args.prediction) if args.uncertainty else {}
    if args.largest_component:
        prediction = keep_largest_component(prediction)
    if args.on_reference_grid:
        image = map_on_reference_grid(image, reference)
        prediction = mask_on_reference_grid(prediction, reference, args.prediction, args.reference)
        maps = {name: map_on_reference_grid(values, reference) for name, values in maps.items()}
    return image, reference, prediction, maps
