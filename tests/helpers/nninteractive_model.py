"""A model in nnInteractive's layout with random weights: python nninteractive_model.py FOLDER, where it is installed.

It is a U-Net of two levels that sees 64 x 64 x 64 voxels: what it segments means nothing.
"""

import json
import sys
from pathlib import Path

import torch
from nnInteractive.trainer.nnInteractiveTrainer import nnInteractiveTrainer_stub
from nnunetv2.utilities.plans_handling.plans_handler import PlansManager
from random_unet import ARCHITECTURE

CONFIGURATION = "3d_fullres"
POINT_CHANNELS = {"prev_seg": 0, "bbox2d": [1, 2], "lasso": [1, 2], "points": [3, 4], "scribble": [5, 6]}
PLANS = {
    "dataset_name": "Dataset999_random",
    "plans_name": "random",
    "label_manager": "LabelManager",
    "configurations": {
        CONFIGURATION: {"data_identifier": "none", "patch_size": [64, 64, 64], "architecture": ARCHITECTURE}
    },
}
DATASET = {"channel_names": {"0": "CT"}, "labels": {"background": 0, "object": 1}, "file_ending": ".nii.gz"}

folder = Path(sys.argv[1])
(folder / "fold_0").mkdir(parents=True)
capability = {"channel_mapping": POINT_CHANNELS, "interaction_channels": 6, "point_radius": 2}
files = {"plans.json": PLANS, "dataset.json": DATASET, "inference_info.json": capability}
for name, content in files.items():
    (folder / name).write_text(json.dumps(content), encoding="utf-8")
(folder / "LICENSE").write_text("\nRandom numbers 1.0\nand more of it\n", encoding="utf-8")
torch.manual_seed(0)
plans = PlansManager(PLANS)
network = nnInteractiveTrainer_stub.build_network_architecture(
    plans, plans.get_configuration(CONFIGURATION), 1 + 7, 2, enable_deep_supervision=False
)
checkpoint = {"trainer_name": nnInteractiveTrainer_stub.__name__, "init_args": {"configuration": CONFIGURATION}}
torch.save(checkpoint | {"network_weights": network.state_dict()}, folder / "fold_0" / "checkpoint_final.pth")
