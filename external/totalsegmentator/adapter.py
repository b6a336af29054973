"""TotalSegmentator behind the contract of docs/promptable.md: an organ that it knows, without any click.

python adapter.py RECIPE IMAGES OUT

Left to itself, it would fetch weights that are missing, delete those of its earlier versions, keep a file in the home
folder and send statistics of its use. Here it does none of that: its weights are the user's, in a folder of theirs.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

LICENCE = "Apache-2.0"
"""That of the weights of the tasks below; others of its tasks need a licence of their own."""
TASKS = {"CT": "total", "MR": "total_mr"}
WEIGHTS, HOME = "TOTALSEG_WEIGHTS_PATH", "TOTALSEG_HOME_DIR"
"""Environment variables from which it reads where its folders are."""

SETTINGS = {
    "weights": None,  # folder of its models, Dataset297_… and others; by default, what its own variable says
    "fast": False,  # its model of 3 mm in place of those of 1.5 mm
    "organs": {},  # our name of an organ: the names of its classes
}


def settings_of(facts):
    """Return the settings of the method's YAML, completed; one that does not exist ends the program."""
    given = facts["settings"]
    if unknown := set(given) - set(SETTINGS):
        sys.exit(f"unknown setting {min(unknown)}; TotalSegmentator's adapter knows {', '.join(SETTINGS)}")
    return SETTINGS | given


def classes_of(facts, settings):
    """Return the names of TotalSegmentator's classes that make up the organ; the program ends if there are none."""
    if facts["modality"] not in TASKS:
        sys.exit(f"TotalSegmentator's adapter knows {' and '.join(TASKS)}, not {facts['modality']}")
    organ = facts["organ"]
    if organ not in settings["organs"]:
        sys.exit(f"no class of TotalSegmentator is named for the {organ}; add it to the setting organs, if it has one")
    return list(settings["organs"][organ])


def prepare(settings, home):
    """Tell TotalSegmentator where its folders are, ``home`` being an empty one, and that it sends no statistics."""
    weights = settings["weights"] or os.environ.get(WEIGHTS)
    if not weights:
        sys.exit(f"setting weights is missing; name there, or in {WEIGHTS}, the folder of TotalSegmentator's models")
    weights = Path(weights).expanduser()
    if not weights.is_dir():
        sys.exit(f"{weights}: no such folder; correct the setting weights, or {WEIGHTS}")
    os.environ |= {WEIGHTS: str(weights), HOME: str(home)}
    content = {"totalseg_id": "none", "send_usage_stats": False, "statistics_disclaimer_shown": True}
    content["prediction_counter"] = 0
    (home / "config.json").write_text(json.dumps(content), encoding="utf-8")
    print(f"The weights in {weights} are taken for those of TotalSegmentator's open tasks, licensed under {LICENCE}.")


def check_weights(task_id):
    """End the program unless the weights of one of TotalSegmentator's tasks are there, which it would fetch."""
    from totalsegmentator.libs import TASK_ID_WEIGHTS_CONFIGS

    known = TASK_ID_WEIGHTS_CONFIGS[task_id]
    folder = Path(os.environ[WEIGHTS], known.get("rel_path") or "", known["foldername"])
    if not folder.is_dir():
        sys.exit(f"{folder}: not there; TotalSegmentator needs it, and nothing is fetched here (docs/promptable.md)")


def predict(recipe, images, out):
    """Segment all images."""
    facts = json.loads(recipe.read_text(encoding="utf-8"))
    settings = settings_of(facts)
    classes, task = classes_of(facts, settings), TASKS[facts["modality"]]
    with tempfile.TemporaryDirectory() as home:
        prepare(settings, Path(home))

        import SimpleITK as sitk
        import torch
        from totalsegmentator import python_api

        python_api.download_pretrained_weights = check_weights
        # It checks its names only after the weights.
        numbers = {name: number for number, name in python_api.class_map[task].items()}
        if unknown := [name for name in classes if name not in numbers]:
            sys.exit(f"setting organs: TotalSegmentator's task {task} has no class {unknown[0]}")
        device = "gpu" if torch.cuda.is_available() else "cpu"
        for path in sorted(images.glob("*.nii.gz")):
            labels = python_api.totalsegmentator(
                path,
                None,
                ml=True,
                task=task,
                roi_subset=classes,
                fast=settings["fast"],
                device=device,
                nr_thr_resamp=1,
                nr_thr_saving=1,
                quiet=True,
            )
            mask = mask_of(labels, [numbers[name] for name in classes], sitk.ReadImage(str(path)))
            sitk.WriteImage(mask, str(out / path.name))


def mask_of(labels, numbers, image):
    """Return the mask of some labels on the grid of an image; ``labels`` are NiBabel's, whose axes are x, y and z."""
    import numpy as np
    import SimpleITK as sitk

    array = np.isin(np.asarray(labels.dataobj), numbers).astype(np.uint8)
    mask = sitk.GetImageFromArray(array.transpose())
    mask.CopyInformation(image)
    return mask


# nnU-Net's workers are processes that import this file.
if __name__ == "__main__":
    predict(*map(Path, sys.argv[1:]))
