"""Compare a predicted mask with its reference and print the metrics as JSON.

Distances are in mm, from the spacing of the volumes, which must share one grid. A missed organ (empty
prediction) has Dice 0 and the diagonal of the volume as its distances; what has no value (organ absent
from the reference) is null. --csv also writes the metrics as rows of the long table that 'report' reads.
--uncertainty adds calibration error, mean entropy and mean variance of the maps that 'predict --uncertainty'
wrote, within the bounding box of both masks widened by 10 mm.
"""

from weakseg3d.errors import UserError

EXAMPLE = (
    "  python -m weakseg3d evaluate --prediction prediction.nii.gz --reference mask.nii.gz \\\n"
    "      --csv metrics.csv --label dataset=btcv organ=spleen method=dense case=0021"
)


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--prediction", required=True, metavar="FILE", help="binary mask")
    parser.add_argument("--reference", required=True, metavar="FILE", help="binary mask on the same grid")
    parser.add_argument("--uncertainty", metavar="DIR", help="maps of 'predict --uncertainty' on the same grid")
    parser.add_argument("--csv", metavar="FILE", help="also write the metrics as rows of the long table")
    parser.add_argument(
        "--label",
        action="extend",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        help="fill a column of the CSV: dataset, modality, organ, annotation, method, seed or case (may be repeated)",
    )
    parser.add_argument(
        "--nsd-tolerance",
        type=float,
        default=2.0,
        metavar="MM",
        help="tolerance of the normalised surface Dice in mm (default 2.0)",
    )


def run(args):
    """Print the metrics of one case, and write them when asked."""
    import json
    import math

    import SimpleITK as sitk

    from weakseg3d.evaluation.metrics import compare
    from weakseg3d.evaluation.rows import LABELS, write_rows
    from weakseg3d.keyvalues import parse_pairs
    from weakseg3d.volumes import check_same_grid, read_mask

    labels = parse_pairs(args.label, "--label")
    for key in labels:
        if key not in LABELS:
            raise UserError(f"--label {key}: unknown key; allowed are {', '.join(LABELS)}")
    if not (math.isfinite(args.nsd_tolerance) and args.nsd_tolerance >= 0):
        raise UserError(f"--nsd-tolerance {args.nsd_tolerance}: must be a distance in mm, 0 or more")

    prediction, reference = read_mask(args.prediction), read_mask(args.reference)
    check_same_grid(prediction, reference, args.prediction, args.reference)
    values, status = compare(
        sitk.GetArrayViewFromImage(prediction),
        sitk.GetArrayViewFromImage(reference),
        reference.GetSpacing()[::-1],
        args.nsd_tolerance,
    )
    if args.uncertainty:
        from weakseg3d.evaluation.calibration import uncertainty_values
        from weakseg3d.uncertainty import read_uncertainty

        maps = read_uncertainty(args.uncertainty, reference, args.reference)
        values |= uncertainty_values(
            {name: sitk.GetArrayViewFromImage(image) for name, image in maps.items()},
            sitk.GetArrayViewFromImage(prediction),
            sitk.GetArrayViewFromImage(reference),
            reference.GetSpacing()[::-1],
        )
    if args.csv:
        write_rows(args.csv, labels, values, status)
    printable = {name: None if math.isnan(value) else value for name, value in values.items()}
    print(json.dumps({**printable, "status": status}, indent=2))
