"""Draw reference and prediction contours over one axial slice of an image.

The slice is the one with most reference; left and right are as radiologists have them. The reference is
solid and blue, the prediction dashed and yellow. With --uncertainty the picture has panels side by side: the
slice alone, with contours, the entropy and, unless it is 0 everywhere, the variance.
"""

from weakseg3d.errors import UserError

EXAMPLE = (
    "  python -m weakseg3d overlay --image image.nii.gz --reference mask.nii.gz --prediction prediction.nii.gz \\\n"
    "      --out overlay.png --title 'spleen, dense, case 0021' --window -100 240"
)


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--image", required=True, metavar="FILE", help="image")
    parser.add_argument("--reference", required=True, metavar="FILE", help="binary mask on the image's grid")
    parser.add_argument("--prediction", required=True, metavar="FILE", help="binary mask on the image's grid")
    parser.add_argument("--out", required=True, metavar="PNG", help="picture (.png)")
    parser.add_argument(
        "--uncertainty", metavar="DIR", help="maps of 'predict --uncertainty' on the image's grid, shown beside it"
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
    from weakseg3d.report.overlays import overlay_figure
    from weakseg3d.volumes import check_same_grid, read_image, read_mask

    image, reference, prediction = read_image(args.image), read_mask(args.reference), read_mask(args.prediction)
    check_same_grid(reference, image, args.reference, args.image)
    check_same_grid(prediction, image, args.prediction, args.image)
    if args.uncertainty:
        from weakseg3d.report.uncertainty_panels import DPI, uncertainty_figure
        from weakseg3d.uncertainty import read_uncertainty

        maps = read_uncertainty(args.uncertainty, image, args.image)
        figure, dpi = uncertainty_figure(image, reference, prediction, maps, args.title, args.window), DPI
    else:
        figure, dpi = overlay_figure(image, reference, prediction, args.title, args.window), 150
    with whole_file(args.out) as partial:
        figure.savefig(partial, dpi=dpi)
