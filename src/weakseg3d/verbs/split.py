"""Extract the binary mask of one organ from a label map.

Several ids are merged into one mask. It is an error if the label map does not contain the organ, unless
--allow-absent permits an empty mask.
"""

from weakseg3d.images.volumes import read_label, write_volume

EXAMPLE = "  python -m weakseg3d split --label label.nii.gz --ids 2,3 --out kidneys.nii.gz"


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument("--label", required=True, metavar="FILE", help="label map")
    parser.add_argument("--ids", required=True, type=label_ids, metavar="1[,2...]", help="label ids of the organ")
    parser.add_argument("--out", required=True, metavar="FILE", help="binary mask (.nii.gz)")
    parser.add_argument("--allow-absent", action="store_true", help="write an empty mask if the organ is absent")


def label_ids(text):
    """Return the ids in ``1,2``; argparse turns the ValueError into a usage error."""
    ids = [int(part) for part in text.split(",")]
    if not all(0 < i < 256 for i in ids):
        raise ValueError
    return ids


def run(args):
    """Write one mask; print a note if the organ is absent."""
    import sys

    import SimpleITK as sitk

    from weakseg3d.images.masks import organ_mask

    mask = organ_mask(read_label(args.label), args.ids, args.label, args.allow_absent)
    if not sitk.GetArrayViewFromImage(mask).any():
        print(f"{args.label}: organ absent (no label {args.ids}); the mask is empty", file=sys.stderr)
    write_volume(mask, args.out)
