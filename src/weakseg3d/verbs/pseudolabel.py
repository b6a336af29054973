"""Expand a weak annotation into a training target on the image's grid.

The kinds gaussian, box-gaussian, slices-interpolated and scribbles-gaussian are soft maps with values in [0, 1].
The kinds points, geodesic, box-core, slices and scribbles are label maps: 0 background, 1 organ, 2 unknown.
The kind box is a mask. An empty annotation, which means that the organ is absent, gives all background.
"""

from weakseg3d.errors import UserError
from weakseg3d.files import existing_file
from weakseg3d.images.volumes import check_same_grid, like, read_grid, read_image, read_label, write_volume
from weakseg3d.pseudo_labels import PSEUDO_LABELS, accepted_annotations, is_soft
from weakseg3d.registry.options import add_kinds, chosen

EXAMPLE = """\
  python -m weakseg3d pseudolabel --annotation clicks.mrk.json --image image.nii.gz --out soft.nii.gz \\
      gaussian --sigma 10
  python -m weakseg3d pseudolabel --annotation seven.mrk.json --image image.nii.gz --out sparse.nii.gz geodesic"""


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument(
        "--annotation", required=True, metavar="FILE", help="markups (.mrk.json) or label map (slices, scribbles)"
    )
    parser.add_argument("--image", required=True, metavar="FILE", help="the annotated image")
    parser.add_argument("--out", required=True, metavar="FILE", help="pseudo label (.nii.gz)")
    add_kinds(parser, PSEUDO_LABELS)


def run(args):
    """Write one pseudo label."""
    label = chosen(args, PSEUDO_LABELS)
    drawn = label.entry.takes("labels")
    _check_file_type(args.annotation, args.kind, drawn)
    # Most kinds need no intensities, and reading the header alone is fast.
    image = read_image(args.image) if label.entry.takes("image") else read_grid(args.image)
    try:
        given = _drawn_map(args, image) if drawn else _clicks(args, label, image)
        array = _all_background(image, args.kind) if given is None else label.call(**given, grid=image, image=image)
    except UserError as error:
        raise UserError(f"{args.annotation}: {error}") from None
    write_volume(like(array, image), args.out)


def _check_file_type(annotation, kind, drawn):
    existing_file(annotation)
    accepted = " or ".join(accepted_annotations(kind))
    if drawn and annotation.endswith(".json"):
        raise UserError(f"{annotation}: Slicer markups, but '{kind}' needs a label map of {accepted}; pass a .nii.gz")
    if not drawn and annotation.endswith((".nii", ".nii.gz")):
        raise UserError(f"{annotation}: a volume, but '{kind}' needs Slicer markups of {accepted}; pass a .mrk.json")


def _drawn_map(args, image):
    """Return the drawn label map as an input of the kind, or None if nothing is drawn."""
    import SimpleITK as sitk

    from weakseg3d.pseudo_labels.label_maps import check_label_map, is_empty

    annotation = read_label(args.annotation)
    check_same_grid(annotation, image, args.annotation, args.image)
    labels = sitk.GetArrayFromImage(annotation)
    check_label_map(labels)
    return None if is_empty(labels) else {"labels": labels}


def _clicks(args, label, image):
    """Return the clicks and boxes as inputs of the kind, or None if there are none.

    If a kind of boxes gets clicks, the boxes are those that seven points span.
    """
    from weakseg3d.annotations.markups import read_markups
    from weakseg3d.pseudo_labels.targets import targets_on

    annotation = read_markups(args.annotation)
    if not annotation.targets and not annotation.boxes:
        return None
    targets = targets_on(annotation, image)
    if label.entry.takes("boxes"):
        from weakseg3d.pseudo_labels.boxes import box_of_points
        from weakseg3d.pseudo_labels.seven_points import check_seven_points

        if annotation.boxes:
            return {"boxes": annotation.boxes}
        check_seven_points(targets, image)
        return {"boxes": [box_of_points(target, image) for target in targets]}
    if not targets:
        accepted = " or ".join(accepted_annotations(args.kind))
        raise UserError(f"only a box, but '{args.kind}' needs {accepted}; use the kind 'box', or click points")
    return {"targets": targets}


def _all_background(image, kind):
    import numpy as np

    return np.zeros(image.GetSize()[::-1], np.float32 if is_soft(kind) else np.uint8)
