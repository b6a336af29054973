"""The page that goes from clicks to masks: its commands run as they stand there, with a training of a few steps."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import SimpleITK as sitk

PROJECT = Path(__file__).parents[2]
SHORT = "--preset cpu --set training.steps=3"


def test_the_page_goes_from_clicks_to_masks(tmp_path):
    page = (PROJECT / "docs/by-hand.md").read_text(encoding="utf-8")
    script = "\n".join(re.findall(r"^```bash\n(.*?)^```", page, flags=re.S | re.M))
    assert script.count("python -m weakseg3d") == 6
    assert script.count("--preset cpu") == 1
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT / "src"),
    }
    command = ["bash", "-ec", script.replace("--preset cpu", SHORT)]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8")
    assert ran.returncode == 0, ran.stderr[-3000:]
    mask, scan = (sitk.ReadImage(str(tmp_path / name)) for name in ("masks/scan_3.nii.gz", "example/new/scan_3.nii.gz"))
    assert mask.GetSize() == scan.GetSize()
    assert mask.GetDirection() == scan.GetDirection()
    assert set(np.unique(sitk.GetArrayFromImage(mask))) <= {0, 1}
    assert pd.read_csv(tmp_path / "masks/volumes.csv")["organ"].tolist() == ["spleen"]
    label = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "training/scan_1_spleen.nii.gz")))
    assert label.max() == 1
    assert (tmp_path / "scan_3.png").stat().st_size > 10_000


def test_the_clicks_of_the_example_lie_in_their_organs():
    from weakseg3d.annotations.markups import list_points
    from weakseg3d.phantom.ct import LABEL_IDS, ct_case
    from weakseg3d.phantom.example import CLICKS, SEED

    for case in (1, 2):
        label = ct_case(SEED, case)[1]
        lists = dict(list_points(CLICKS / f"scan_{case}.mrk.json"))
        assert {organ: len(points) for organ, points in lists.items()} == {"spleen": 30, "liver": 60}
        for organ, points in lists.items():
            values = [label[label.TransformPhysicalPointToIndex(point.tolist())] for point in points]
            assert set(values) == {LABEL_IDS[organ]}
