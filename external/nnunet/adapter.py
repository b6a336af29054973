"""nnU-Net v2 behind the contract of docs/external.md: its own planner, preprocessing, trainer and prediction.

python adapter.py train CASES RECIPE OUT
python adapter.py predict MODEL IMAGES OUT

Sparse labels go to it unchanged: 2 is its ignore label, which has to be the highest one. Soft labels are thresholded.
All cases train (its fold "all"), as a training here has no use for five models. Every setting that is not given is
nnU-Net's own: 1,000 epochs of 250 iterations, patches for a GPU of 8 GB, mirroring in prediction.
"""

import json
import os
import random
import shutil
import sys
import tempfile
from pathlib import Path

NUMBER, NAME = 1, "Dataset001_cases"
FOLDERS = ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results")
"""Environment variables from which nnU-Net reads where its folders are; they are called like the variables here."""
WORKERS = "nnUNet_n_proc_DA"
"""Environment variable for the number of processes that load patches."""
CONFIGURATION, FOLD = "3d_fullres", "all"
LABELS = {"background": 0, "organ": 1}

SETTINGS = {
    "epochs": None,  # its own number
    "iterations": None,  # of an epoch
    "memory_gb": None,  # of the GPU that the planner plans patches for
    "planner": "ExperimentPlanner",
    "workers": None,  # processes that load patches; 0 for none, with which a run on a CPU can be repeated
    "mirroring": True,  # in prediction
    "threshold": 0.5,  # above which a soft label is organ
}


def settings_of(facts):
    """Return the settings of the method's YAML, completed; one that does not exist ends the program."""
    given = facts["settings"]
    if unknown := set(given) - set(SETTINGS):
        sys.exit(f"unknown setting {min(unknown)}; nnU-Net's adapter knows {', '.join(SETTINGS)}")
    return SETTINGS | given


def folders(work):
    """Tell nnU-Net where its folders are, and return that of its raw data."""
    for name in FOLDERS:
        os.environ[name] = str(work / name)
        (work / name).mkdir(exist_ok=True)
    return work / FOLDERS[0] / NAME


def write_dataset(cases, facts, settings, raw):
    """Write the training cases in nnU-Net's layout."""
    import SimpleITK as sitk

    for kind in ("imagesTr", "labelsTr"):
        (raw / kind).mkdir(parents=True, exist_ok=True)
    for case in facts["cases"]:
        shutil.copyfile(cases / "images" / f"{case}.nii.gz", raw / "imagesTr" / f"{case}_0000.nii.gz")
        target = sitk.ReadImage(str(cases / "targets" / f"{case}.nii.gz"))
        if facts["target"] == "soft":
            target = sitk.Cast(target > settings["threshold"], sitk.sitkUInt8)
        sitk.WriteImage(target, str(raw / "labelsTr" / f"{case}.nii.gz"))
    content = {
        # Its planner normalises CT by the intensities of the organ, everything else by each image's own.
        "channel_names": {"0": facts["modality"]},
        "labels": LABELS | ({"ignore": facts["unknown"]} if facts["target"] == "sparse" else {}),
        "numTraining": len(facts["cases"]),
        "file_ending": ".nii.gz",
    }
    (raw / "dataset.json").write_text(json.dumps(content), encoding="utf-8")


def preprocess(settings, threads):
    """Plan and preprocess; return the name of the plans."""
    from nnunetv2.experiment_planning.plan_and_preprocess_api import (
        extract_fingerprints,
        plan_experiments,
        preprocess,
    )

    extract_fingerprints([NUMBER], num_processes=threads, check_dataset_integrity=True)
    plans = plan_experiments([NUMBER], settings["planner"], gpu_memory_target_in_gb=settings["memory_gb"])
    preprocess([NUMBER], plans, configurations=[CONFIGURATION], num_processes=[threads])
    return plans


def run_training(plans, settings, facts):
    """Train from the beginning, or from the last checkpoint of an interrupted run; return the folder of the model."""
    import numpy as np
    import torch
    from nnunetv2.run.run_training import get_trainer_from_args, maybe_load_checkpoint

    on_gpu = torch.cuda.is_available()
    # Its planner sets the number of threads from the variable of the workers, and crashes on 0.
    torch.set_num_threads(1 if on_gpu else facts["threads"])
    os.environ.pop(WORKERS, None)
    if settings["workers"] is not None:
        os.environ[WORKERS] = str(settings["workers"])
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(facts["seed"])
    device = torch.device("cuda" if on_gpu else "cpu")
    trainer = get_trainer_from_args(NAME, CONFIGURATION, FOLD, "nnUNetTrainer", plans, True, device)
    if settings["epochs"] is not None:
        trainer.num_epochs = settings["epochs"]
    if settings["iterations"] is not None:
        trainer.num_iterations_per_epoch = settings["iterations"]
        trainer.num_val_iterations_per_epoch = max(1, settings["iterations"] // 5)
    maybe_load_checkpoint(trainer, True, False)
    trainer.run_training()
    return Path(trainer.output_folder)


def train(cases, recipe, out):
    """Train a model; what only training needs is removed at the end."""
    facts = json.loads(recipe.read_text(encoding="utf-8"))
    settings = settings_of(facts)
    if facts["target"] == "annotation":
        sys.exit("nnU-Net learns from label maps; give the method a pseudo_label")
    raw = folders(out)
    os.environ[WORKERS] = str(facts["threads"])
    done = out / "preprocessed.txt"
    if not done.is_file():
        for name in FOLDERS:
            shutil.rmtree(out / name)
        folders(out)
        write_dataset(cases, facts, settings, raw)
        done.write_text(preprocess(settings, facts["threads"]), encoding="utf-8")
    model = run_training(done.read_text(encoding="utf-8"), settings, facts)
    (out / "model.json").write_text(
        json.dumps({"folder": str(model.parent.relative_to(out)), "threads": facts["threads"]} | settings),
        encoding="utf-8",
    )
    (model / "checkpoint_best.pth").unlink(missing_ok=True)
    for name in FOLDERS[:2]:
        shutil.rmtree(out / name)
    done.unlink()


def predict(model, images, out):
    """Segment all images one by one, in this process."""
    settings = json.loads((model / "model.json").read_text(encoding="utf-8"))

    import torch
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    on_gpu = torch.cuda.is_available()
    if not on_gpu:
        torch.set_num_threads(settings["threads"])
    predictor = nnUNetPredictor(
        use_mirroring=settings["mirroring"], device=torch.device("cuda" if on_gpu else "cpu"), allow_tqdm=False
    )
    predictor.initialize_from_trained_model_folder(str(model / settings["folder"]), [FOLD])
    files = sorted(images.glob("*.nii.gz"))
    cases = [path.name.removesuffix(".nii.gz") for path in files]
    # It writes its own records beside the masks.
    with tempfile.TemporaryDirectory() as scratch:
        outputs = [str(Path(scratch) / case) for case in cases]
        predictor.predict_from_files_sequential([[str(path)] for path in files], outputs, save_probabilities=True)
        for case, path in zip(cases, files, strict=True):
            shutil.copyfile(f"{scratch}/{case}.nii.gz", out / f"{case}.nii.gz")
            write_probability(f"{scratch}/{case}.npz", path, out / f"{case}_probability.nii.gz")


def write_probability(archive, image, path):
    """Write the organ's probability on the image's grid."""
    import numpy as np
    import SimpleITK as sitk

    with np.load(archive) as content:
        probability = sitk.GetImageFromArray(content["probabilities"][LABELS["organ"]].astype(np.float32))
    probability.CopyInformation(sitk.ReadImage(str(image)))
    sitk.WriteImage(probability, str(path))


# Its workers are processes that import this file.
if __name__ == "__main__":
    {"train": train, "predict": predict}[sys.argv[1]](*map(Path, sys.argv[2:]))
