"""Format of "Beyond the Cranial Vault" (Synapse syn3193805): CT and label maps as NIfTI."""

from pathlib import Path

from weakseg3d.volumes import check_same_grid, read_image, read_label

LAYOUT = "RawData/Training/img/img0001.nii.gz with RawData/Training/label/label0001.nii.gz"
TOP_FOLDER = "RawData"


def find_cases(raw, options):
    """Return ``{"0001": {"image": path, "label": path}, …}``; ``options`` are not used."""
    training = Path(raw) / "RawData" / "Training"
    cases = {}
    for image in sorted((training / "img").glob("img[0-9]*.nii.gz")):
        case = image.name.removeprefix("img").removesuffix(".nii.gz")
        cases[case] = {"image": image, "label": training / "label" / f"label{case}.nii.gz"}
    return cases


def load_case(sources, options):
    """Return image (float32, HU) and label (uint8, BTCV's ids).

    Raises UserError for a missing or damaged file, NaN voxels, a label that is none, and different grids.
    """
    image, label = read_image(sources["image"]), read_label(sources["label"])
    check_same_grid(image, label, sources["image"], sources["label"])
    return image, label
