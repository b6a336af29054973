"""TotalSegmentator's fast models with random weights: python totalsegmentator_models.py FOLDER, where it is installed.

They are U-Nets of two levels for patches of 32 x 32 x 32 voxels of 3 and 6 mm: what they segment means nothing.
"""

import json
import sys
from pathlib import Path

import torch
from dynamic_network_architectures.architectures.unet import PlainConvUNet
from random_unet import ARCHITECTURE
from totalsegmentator.map_tasks_config import TASK_CONFIGS, TASK_ID_WEIGHTS_CONFIGS
from totalsegmentator.map_to_binary import class_map

CONFIGURATION = "3d_fullres"
INTENSITIES = {"mean": 0.0, "std": 1.0, "percentile_00_5": -1.0, "percentile_99_5": 1.0}
RESAMPLING = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}


def plans_of(name, spacing):
    """Return the plans of a model."""
    configuration = {
        "data_identifier": "none",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 2,
        "patch_size": [32, 32, 32],
        "spacing": [spacing] * 3,
        "normalization_schemes": ["ZScoreNormalization"],
        "use_mask_for_norm": [False],
        "architecture": ARCHITECTURE,
    }
    for kind in ("data", "seg", "probabilities"):
        configuration[f"resampling_fn_{kind}"] = "resample_data_or_seg_to_shape"
        configuration[f"resampling_fn_{kind}_kwargs"] = RESAMPLING | {"is_seg": kind == "seg"}
    return {
        "dataset_name": name,
        "plans_name": "nnUNetPlans",
        "label_manager": "LabelManager",
        "image_reader_writer": "NibabelIOWithReorient",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "configurations": {CONFIGURATION: configuration},
        "foreground_intensity_properties_per_channel": {"0": INTENSITIES},
    }


classes = ["background", *class_map["total"].values()]
dataset = {
    "channel_names": {"0": "CT"},
    "labels": {name: number for number, name in enumerate(classes)},
    "file_ending": ".nii.gz",
}
keywords = ARCHITECTURE["arch_kwargs"] | {
    "conv_op": torch.nn.Conv3d,
    "norm_op": torch.nn.InstanceNorm3d,
    "nonlin": torch.nn.LeakyReLU,
    "deep_supervision": False,
}
torch.manual_seed(0)
for mode in ("fast", "fastest"):
    facts = TASK_CONFIGS["total"]["sub_modes"][mode]
    name = TASK_ID_WEIGHTS_CONFIGS[facts["task_id"]]["foldername"]
    folder = Path(sys.argv[1], name, f"{facts['trainer']}__nnUNetPlans__{CONFIGURATION}")
    (folder / "fold_0").mkdir(parents=True)
    for file, content in (("plans.json", plans_of(name, facts["resample"])), ("dataset.json", dataset)):
        (folder / file).write_text(json.dumps(content), encoding="utf-8")
    checkpoint = {
        "trainer_name": "nnUNetTrainer",  # Any of them builds the network of the plans.
        "init_args": {"configuration": CONFIGURATION},
        "inference_allowed_mirroring_axes": None,
        "network_weights": PlainConvUNet(1, num_classes=len(classes), **keywords).state_dict(),
    }
    torch.save(checkpoint, folder / "fold_0" / "checkpoint_final.pth")
