"""Format of the Multi-Sequence Cardiac MR Segmentation Challenge 2019: one NIfTI file per patient and sequence."""

from weakseg3d.datasets.file_search import by_name, paired
from weakseg3d.datasets.formats.nifti import read_pair

LAYOUT = "patient<case>_LGE.nii.gz (or _C0, _T2) with patient<case>_LGE_manual.nii.gz, in any folders"
TOP_FOLDER = None

DEFAULT_SEQUENCE = "lge"

LABEL_VALUES = {500: 1, 200: 2, 600: 3}
"""Raw value and id of 1 left ventricle's cavity, 2 left ventricle's myocardium, 3 right ventricle's cavity."""


def find_cases(raw, options):
    """Return ``{"1": {"image": path, "label": path}, …}`` of the patients with a label.

    ``options["sequence"]`` is lge, c0 or t2. The challenge gives more images than labels, so an image without
    one is no case.
    """
    sequence = options.get("sequence", DEFAULT_SEQUENCE)
    images, labels = by_name(raw, rf"patient(\d+)_{sequence}"), by_name(raw, rf"patient(\d+)_{sequence}_manual")
    return paired({case: path for case, path in images.items() if case in labels}, labels)


def load_case(sources, options):
    """Return image (float32) and label (uint8, ids as in `LABEL_VALUES`); errors as `read_pair`."""
    return read_pair(sources, LABEL_VALUES)
