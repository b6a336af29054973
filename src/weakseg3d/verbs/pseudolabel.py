"""Expand a weak annotation into a training target on the image's grid.

The kinds gaussian, box-gaussian, slices-interpolated and scribbles-gaussian are soft maps with values in [0, 1].
The kinds points, geodesic, box-core, slices and scribbles are label maps: 0 background, 1 organ, 2 unknown.
The kind box is a mask. Several files of clicks add up; --organ picks the lists of one organ from a scene or a folder.
"""

import sys

from weakseg3d.annotations.peoples_files import PeoplesFiles, add_file_options
from weakseg3d.errors import UserError
from weakseg3d.images.volumes import check_same_grid, like, read_grid, read_image, write_volume
from weakseg3d.pseudo_labels import PSEUDO_LABELS, accepted_annotations, is_soft
from weakseg3d.registry.options import add_kinds, chosen

EXAMPLE = """\
  python -m weakseg3d pseudolabel --annotation clicks.mrk.json --image image.nii.gz --out soft.nii.gz \\
      gaussian --sigma 10
  python -m weakseg3d pseudolabel --annotation seven.mrk.json --image image.nii.gz --out sparse.nii.gz geodesic"""


def add_arguments(parser):
    """Declare the verb's arguments."""
    parser.add_argument(
        "--annotation",
        action="extend",
        nargs="+",
        required=True,
        metavar="FILE",
        help="markups (.mrk.json; several add up), or one label map (slices, scribbles)",
    )
    add_file_options(parser)
    parser.add_argument(
        "--simulated",
        action="store_true",
        help="the annotation was written by 'annotate': an empty one means that the organ is absent, and gives all"
        " background; without this option it is an error",
    )
    parser.add_argument("--image", required=True, metavar="FILE", help="the annotated image")
    parser.add_argument("--out", required=True, metavar="FILE", help="pseudo label (.nii.gz)")
    add_kinds(parser, PSEUDO_LABELS)


def run(args):
    """Write one pseudo label."""
    label = chosen(args, PSEUDO_LABELS)
    takes_map = label.entry.takes("labels")
    given = PeoplesFiles.given(args, args.annotation).found()
    for path in [*given.files, *given.background]:
        _check_file_type(path, label.entry, takes_map)
    # Most kinds need no intensities, and reading the header alone is fast.
    image = read_image(args.image) if label.entry.takes("image") else read_grid(args.image)
    notes: list[str] = []
    write_volume(like(_array(args, given, label, image, notes.append), image), args.out)
    for note in notes:
        print(f"weakseg3d pseudolabel: warning: {given.files[0]}: {note}", file=sys.stderr)


def _array(args, given, label, image, note):
    """Return the pseudo label's array; what it is made of is released, as writing takes memory, too."""
    takes_map = label.entry.takes("labels")
    annotation = None if takes_map else given.clicks(empty=args.simulated)
    drawn = given.drawn(_most_drawn(label.entry, args.simulated)) if takes_map else None
    try:
        inputs = _drawn_map(args, drawn, image) if takes_map else _clicks(annotation, label.entry, image, note)
        return _all_background(image, label.entry) if inputs is None else _made(label, image, inputs, note)
    except UserError as error:
        raise UserError(f"{given.files[0]}: {error}") from None


def _made(label, image, inputs, note):
    """Return the pseudo label's array, checked where a function of the user's made it."""
    from weakseg3d.pseudo_labels.own_labels import checked_label

    array = label.call(**inputs, grid=image, image=image, note=note)
    return array if label.entry.module else checked_label(array, label.entry, image)


def _check_file_type(annotation, label, takes_map):
    accepted = " or ".join(accepted_annotations(label))
    if takes_map and annotation.endswith(".json"):
        raise UserError(
            f"{annotation}: Slicer markups, but '{label.name}' needs a label map of {accepted}; pass a .nii.gz"
        )
    if not takes_map and annotation.endswith((".nii", ".nii.gz", ".nrrd")):
        raise UserError(
            f"{annotation}: a volume, but '{label.name}' needs Slicer markups of {accepted}; pass a .mrk.json"
        )


def _most_drawn(label, simulated):
    """Return the kind of annotation that limits how much of a map may be known; nothing limits a simulated one."""
    return "" if simulated else accepted_annotations(label)[0]


def _drawn_map(args, drawn, image):
    """Return the drawn label map as an input of the kind, or None if it was simulated and nothing is drawn."""
    import SimpleITK as sitk

    from weakseg3d.pseudo_labels.label_maps import is_empty

    check_same_grid(drawn, image, args.annotation[0], args.image)
    labels = sitk.GetArrayFromImage(drawn)
    if not is_empty(labels):
        return {"labels": labels}
    if not args.simulated:
        raise UserError("nothing is drawn; leave out the case, or draw in it")
    return None


def _clicks(annotation, label, image, note):
    """Return the clicks and boxes as inputs of the kind, or None if there are none.

    If a kind of boxes gets clicks, the boxes are those that seven points span. ``note`` hears of clicks that share a
    voxel.
    """
    from weakseg3d.pseudo_labels.grid_limits import note_shared_voxels
    from weakseg3d.pseudo_labels.targets import targets_on

    if not annotation.targets and not annotation.boxes:
        return None
    targets = targets_on(annotation, image)
    if label.takes("boxes"):
        from weakseg3d.pseudo_labels.boxes import box_of_points
        from weakseg3d.pseudo_labels.seven_points import check_seven_points

        if annotation.boxes:
            return {"boxes": annotation.boxes}
        check_seven_points(targets, image)
        return {"boxes": [box_of_points(target, image) for target in targets]}
    if not targets:
        accepted = " or ".join(accepted_annotations(label))
        raise UserError(f"only a box, but '{label.name}' needs {accepted}; use the kind 'box', or click points")
    note_shared_voxels(targets, image.GetSize()[::-1], note)
    return {"targets": targets}


def _all_background(image, label):
    import numpy as np

    return np.zeros(image.GetSize()[::-1], np.float32 if is_soft(label) else np.uint8)
