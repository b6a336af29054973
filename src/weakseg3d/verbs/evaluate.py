"""Compare a predicted mask with its reference and print the metrics as JSON.

Distances are in mm, from the spacing of the reference. A missed organ (empty prediction) has a Dice of 0 and the
diagonal of the volume as its distances; undefined values (organ absent from the reference) are null. --csv also
writes the metrics as rows of the long table that 'report' reads.

Both volumes must have the same grid. With --resample-prediction, the prediction may have another grid and is resampled
to the grid of the reference: the mask is interpolated linearly and is organ where it reaches one half.
--largest-component keeps only the largest component of the prediction, with voxels connected through their faces,
determined on the prediction's grid.

--uncertainty adds calibration error, Brier score, mean entropy and mean variance of the maps written by
'predict --uncertainty', within the bounding box of both masks widened by 10 mm, and the mean entropy within the
prediction. The maps must lie on the prediction's grid and are resampled (linearly) with the prediction.

--witness writes Dice and HD95 of the same two masks as MedPy computes them, beside ours, and whether they agree.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from weakseg3d.errors import UserError
from weakseg3d.option_types import finite_number

if TYPE_CHECKING:
    import SimpleITK as sitk

EXAMPLE = (
    "  python -m weakseg3d evaluate --prediction prediction.nii.gz --reference mask.nii.gz \\\n"
    "      --csv metrics.csv --label dataset=btcv organ=spleen method=dense case=0021"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument("--prediction", required=True, metavar="FILE", help="binary mask")
    parser.add_argument("--reference", required=True, metavar="FILE", help="binary mask, by default on the same grid")
    parser.add_argument(
        "--resample-prediction", action="store_true", help="resample the prediction to the grid of the reference"
    )
    parser.add_argument(
        "--largest-component", action="store_true", help="evaluate only the largest component of the prediction"
    )
    parser.add_argument(
        "--uncertainty", metavar="DIR", help="maps of 'predict --uncertainty', on the prediction's grid"
    )
    parser.add_argument("--witness", metavar="FILE", help="write Dice and HD95 by MedPy, beside ours, as JSON")
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
        type=finite_number,
        metavar="MM",
        help="tolerance of the normalised surface Dice in mm (default: the value for the organ in --label, else 2.0)",
    )


def run(args: argparse.Namespace) -> None:
    """Print the metrics of a case, and write them if asked to."""
    import json
    import math

    import SimpleITK as sitk

    from weakseg3d.evaluation.compare import compare
    from weakseg3d.evaluation.metrics.nsd import NSD_TOLERANCE, NSD_TOLERANCES
    from weakseg3d.evaluation.rows import LABELS, write_rows
    from weakseg3d.files import whole_file
    from weakseg3d.keyvalues import parse_pairs

    labels = parse_pairs(args.label, "--label")
    for key in labels:
        if key not in LABELS:
            raise UserError(f"--label {key}: unknown key; use one of {', '.join(LABELS)}")
    tolerance = args.nsd_tolerance
    if tolerance is None:
        tolerance = NSD_TOLERANCES.get(labels.get("organ", ""), NSD_TOLERANCE)
    if not (math.isfinite(tolerance) and tolerance >= 0):
        raise UserError(f"--nsd-tolerance {tolerance}: must be a distance in mm, 0 or more")

    prediction, reference, maps = read_case(args)
    masks = sitk.GetArrayViewFromImage(prediction), sitk.GetArrayViewFromImage(reference)
    spacing = reference.GetSpacing()[::-1]
    values, status = compare(*masks, spacing, tolerance)
    if maps:
        from weakseg3d.evaluation.calibration import uncertainty_values

        arrays = {name: sitk.GetArrayViewFromImage(image) for name, image in maps.items()}
        values |= uncertainty_values(arrays, *masks, spacing)
    if args.witness:
        from weakseg3d.evaluation.witness import second_opinion

        with whole_file(args.witness) as partial:
            partial.write_text(json.dumps(labels | second_opinion(*masks, spacing, values), indent=1), encoding="utf-8")
    if args.csv:
        write_rows(args.csv, labels, values, status)
    printable = {name: None if math.isnan(value) else value for name, value in values.items()}
    print(json.dumps({**printable, "status": status}, indent=2))


def read_case(args: argparse.Namespace) -> tuple[sitk.Image, sitk.Image, dict[str, sitk.Image]]:
    """Return prediction, reference and the uncertainty maps as ``{name: map}``, all on the reference's grid.

    The maps are empty without --uncertainty.
    """
    from weakseg3d.evaluation.largest_component import keep_largest_component
    from weakseg3d.evaluation.reference_grid import mask_on_reference_grid
    from weakseg3d.images.resampling import map_on_reference_grid
    from weakseg3d.images.volumes import check_same_grid, read_mask
    from weakseg3d.inference.uncertainty_maps import read_uncertainty

    prediction, reference = read_mask(args.prediction), read_mask(args.reference)
    if not args.resample_prediction:
        try:
            check_same_grid(prediction, reference, args.prediction, args.reference)
        except UserError as error:
            raise UserError(f"{error}, or use --resample-prediction") from None
    maps = read_uncertainty(args.uncertainty, prediction, args.prediction) if args.uncertainty else {}
    if args.largest_component:
        prediction = keep_largest_component(prediction)
    if args.resample_prediction:
        prediction = mask_on_reference_grid(prediction, reference, args.prediction, args.reference)
        maps = {name: map_on_reference_grid(image, reference) for name, image in maps.items()}
    return prediction, reference, maps
