"""What `method check` does with programs that make pseudo labels."""

import shlex
import sys

from weakseg3d.experiment.recipes import checked_method
from weakseg3d.external.checking import check

CLICKED = """\
import json, pathlib, sys
import numpy as np, SimpleITK as sitk
annotations, images, out = map(pathlib.Path, sys.argv[1:])
for path in images.iterdir():
    image = sitk.ReadImage(str(path))
    array = np.zeros(image.GetSize()[::-1], np.float32)
    for markup in json.loads((annotations / path.name.replace('nii.gz', 'mrk.json')).read_text())['markups']:
        for point in markup['controlPoints']:
            if point['label'] == 'organ':
                array[image.TransformPhysicalPointToIndex(point['position'])[::-1]] = VALUE
    mask = sitk.GetImageFromArray(array)
    mask.CopyInformation(image)
    sitk.WriteImage(mask, str(out / path.name.replace('.nii.gz', 'SUFFIX.nii.gz')))
"""
"""The clicked voxels, and nothing else."""

LEARNS = """\
import csv, pathlib, sys
import SimpleITK as sitk
cases, out = map(pathlib.Path, sys.argv[1:])
with open(cases / 'cases.csv') as stream:
    for row in csv.DictReader(stream):
        target = sitk.GetArrayFromImage(sitk.ReadImage(str(cases / row['target'])))
        print(row['case'], target.dtype, target.max(), target.sum())
        assert 1 <= target.sum() <= 7
(out / 'model').touch()
"""
"""Wants to see what the program above has made."""

COPIES = """\
import pathlib, sys
import SimpleITK as sitk
for path in pathlib.Path(sys.argv[2]).iterdir():
    sitk.WriteImage(sitk.ReadImage(str(path)) > 100, str(pathlib.Path(sys.argv[3]) / path.name))
"""


def command(code, *words):
    return f"{shlex.join([sys.executable, '-c', code])} {' '.join(words)}"


def label(value="1", suffix="", **changes):
    code = CLICKED.replace("VALUE", value).replace("SUFFIX", suffix)
    return {"external": {"predict": command(code, "{annotations}", "{images}", "{out}"), "gpus": 0} | changes}


def method(choice, **changes):
    content = {"description": "Ours.", "supervision": "weak", "annotation": {"points": {"number": 5}}}
    return checked_method(content | {"pseudo_label": choice} | changes, "m.yaml")


def test_the_check_makes_soft_labels_also_where_nobody_could_click():
    trained = {
        "network": {"unet": {"channels": [2, 4, 8]}},
        "loss": {"dice_ce": {}},
        "training": {"patch_size": [16, 16, 16], "steps": 3, "optimizer": {"adamw": {}}},
    }
    said = check("mine", method(label("0.75", "_probability", probabilities=True), **trained))
    assert said.startswith("keeps the contract; made pseudo labels of phantom cases in ")
    assert said.endswith(" with 5 and 5 voxels of the spleen, and 0 where nobody clicked as there is none")


def test_a_program_learns_from_the_labels_of_another_one():
    external = {
        "train": command(LEARNS, "{cases}", "{out}"),
        "predict": command(COPIES, "{model}", "{images}", "{out}"),
    }
    said = check("mine", method(label(), external=external | {"gpus": 0}))
    assert "; trained on two phantom cases in " in said
