"""Segment new scans with trained models: one label map per scan, on the scan's own grid.

Scans are NIfTI, NRRD or MetaImage files or folders of DICOM series; of a folder, all scans in and below it. Each is
resampled to the spacing of the model, segmented and brought back to its own grid and orientation. The organs are the
models in their order: 1 for the first. Where several are found, the one with the highest probability is kept.

Beside each label map lies a .json with the organs' names, volumes and the models used; volumes.csv lists all scans, the
most uncertain first. Scans that were segmented before with the same models are passed over, so a run that was stopped
goes on where it was. A scan that cannot be read is reported and listed, and the others are segmented; the exit code is
then 2.
"""

import argparse
from pathlib import Path

from weakseg3d.errors import UserError
from weakseg3d.option_types import finite_number

EXAMPLE = """\
  python -m weakseg3d segment --models spleen.pt liver.pt --images scans/ --out masks/
  python -m weakseg3d segment --models spleen=model.pt --images ct_series/ --out masks/ --format seg.nrrd"""

FORMATS = ("nii.gz", "seg.nrrd", "dcm")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument(
        "--models",
        nargs="+",
        required=True,
        metavar="[ORGAN=]FILE",
        help="one model per organ, of 'export' or 'train'; without ORGAN=, the file's name is the organ's",
    )
    scans = parser.add_mutually_exclusive_group(required=True)
    scans.add_argument("--images", nargs="+", metavar="PATH", help="scans, folders of them, DICOM folders")
    scans.add_argument("--list", metavar="CSV", help="scans by name, case,image; paths are relative to the CSV")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder of the label maps")
    parser.add_argument(
        "--memory",
        type=finite_number,
        metavar="GB",
        help="list scans that would need more memory than this instead of segmenting them (default: no limit)",
    )
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default=FORMATS[0],
        help="NIfTI; 3D Slicer's segmentation, with names and colours; or, for DICOM folders, a DICOM Segmentation that"
        " refers to the series, which needs highdicom (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> None:
    """Segment all scans that are not segmented yet, and list all of them."""
    from weakseg3d.segmentation.model_files import model_files
    from weakseg3d.segmentation.scans import find_scans, listed_scans

    if args.memory is not None and args.memory <= 0:
        raise UserError(f"--memory {args.memory:g}: must be more than 0")
    models = model_files(args.models)
    scans = find_scans(args.images, args.out) if args.images else listed_scans(args.list)

    from weakseg3d.segmentation.scan_series import segment_scans

    segment_scans(scans, models, Path(args.out), args.format, args.memory)
