"""nnInteractive behind the contract of docs/promptable.md: the clicks on a scan, given to it one after the other.

python adapter.py ANNOTATIONS RECIPE IMAGES OUT

It gets the images as they are on the isotropic grid, with the scanner's intensities, as its authors ask; clicks on the
organ come first, those on the background after them. Its weights lie in a folder of the user's and are not fetched.
PyTorch reads them with pickle, which runs whatever such a file holds: use none that you do not trust.
"""

import json
import sys
from pathlib import Path

OFFICIAL = "CC BY-NC-SA 4.0"
"""The licence of the weights that nnInteractive's authors publish: for a folder that has no file LICENSE."""
EVERY, LAST = "every_click", "last_click"

SETTINGS = {
    "weights": None,  # folder of its model, with plans.json, dataset.json, inference_info.json and fold_*
    "licence": None,  # that of the weights, in the words of their LICENSE: says that you keep to it
    "fold": None,  # the only one
    "checkpoint": "checkpoint_final.pth",
    "predict_after": EVERY,  # or the last one
    "autozoom": True,  # whether it looks at larger parts of the image where the organ reaches the border of its view
}


def settings_of(facts):
    """Return the settings of the method's YAML, completed; one that does not exist ends the program."""
    given = facts["settings"]
    if unknown := set(given) - set(SETTINGS):
        sys.exit(f"unknown setting {min(unknown)}; nnInteractive's adapter knows {', '.join(SETTINGS)}")
    settings = SETTINGS | given
    if settings["predict_after"] not in (EVERY, LAST):
        sys.exit(f"setting predict_after is {settings['predict_after']!r}; use {EVERY} or {LAST}")
    return settings


def weights_of(settings):
    """Return the folder of the weights; without one, or without a word on its licence, the program ends."""
    if not settings["weights"]:
        sys.exit("setting weights is missing; name there the folder of nnInteractive's model (docs/promptable.md)")
    weights = Path(settings["weights"]).expanduser()
    if not (weights / "plans.json").is_file():
        sys.exit(f"{weights}: no model of nnInteractive, as it has no plans.json; correct the setting weights")
    licence = licence_of(weights)
    print(f"The weights in {weights} are licensed under {licence}.")
    if settings["licence"] != licence:
        sys.exit(
            f"the weights in {weights} are licensed under {licence}; if you keep to that, say so by the setting"
            f" 'licence: {licence}'"
        )
    return weights


def licence_of(weights):
    """Return the licence of weights, the first line of their file LICENSE; without one, that of the official ones."""
    path = weights / "LICENSE"
    lines = path.read_text(encoding="utf-8").split("\n") if path.is_file() else []
    return next((line.strip() for line in lines if line.strip()), OFFICIAL)


def start(weights, settings, threads):
    """Return nnInteractive's session with its network."""
    import torch
    from nnInteractive.inference.inference_session import nnInteractiveInferenceSession

    session = nnInteractiveInferenceSession(
        device=torch.device("cuda" if torch.cuda.is_available() else "cpu"),
        torch_n_threads=threads,
        do_autozoom=settings["autozoom"],
        enable_undo=False,
    )
    session.initialize_from_trained_model_folder(str(weights), settings["fold"], settings["checkpoint"])
    return session


def clicks_of(path):
    """Return the clicks of a case, (mm, whether it is on the organ), those on the organ first."""
    if not path.is_file():
        sys.exit(f"{path.name}: not there; nnInteractive's adapter gives it clicks, so choose an annotation of points")
    markups = json.loads(path.read_text(encoding="utf-8"))["markups"]
    if other := [markup["type"] for markup in markups if markup["type"] != "Fiducial"]:
        sys.exit(f"{path.name}: has a {other[0]}; nnInteractive's adapter gives it clicks alone")
    points = [point for markup in markups for point in markup["controlPoints"]]
    clicks = [(point["position"], point["label"] == "organ") for point in points]
    return sorted(clicks, key=lambda click: not click[1])


def segment(session, image, clicks, predict_after, seed):
    """Return the mask (z, y, x) that nnInteractive makes of the clicks, and none where nobody clicked on the organ."""
    import numpy as np
    import SimpleITK as sitk

    array = sitk.GetArrayFromImage(image)
    mask = np.zeros(array.shape, np.uint8)
    if not any(on_organ for _, on_organ in clicks):
        return mask
    # Where else it looks, it draws from NumPy's global generator.
    np.random.seed(seed)  # noqa: NPY002
    session.set_image(array[None])
    session.set_target_buffer(mask)
    for number, (position, on_organ) in enumerate(clicks, start=1):
        add_click(session, image, position, on_organ, predict_after == EVERY or number == len(clicks))
    return mask


def add_click(session, image, position, on_organ, predicts):
    """Give nnInteractive a click in mm as the voxel (z, y, x) that it hits: its axes are those of the array."""
    index = image.TransformPhysicalPointToIndex(position)
    voxel = [min(max(i, 0), size - 1) for i, size in zip(index, image.GetSize(), strict=True)]
    session.add_point_interaction(voxel[::-1], include_interaction=on_organ, run_prediction=predicts)


def predict(annotations, recipe, images, out):
    """Segment all images."""
    facts = json.loads(recipe.read_text(encoding="utf-8"))
    settings = settings_of(facts)
    weights = weights_of(settings)

    import SimpleITK as sitk

    session = start(weights, settings, facts["threads"])
    for path in sorted(images.glob("*.nii.gz")):
        image = sitk.ReadImage(str(path))
        clicks = clicks_of(annotations / path.name.replace(".nii.gz", ".mrk.json"))
        mask = sitk.GetImageFromArray(segment(session, image, clicks, settings["predict_after"], facts["seed"]))
        mask.CopyInformation(image)
        sitk.WriteImage(mask, str(out / path.name))


if __name__ == "__main__":
    predict(*map(Path, sys.argv[1:]))
