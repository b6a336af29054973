"""What `method check` does with programs that make pseudo labels."""

import shlex
import sys
import tempfile

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
                array[image.TransformPhysicalPointToIndex(point['position'])[::-1]] = 0.75
    mask = sitk.GetImageFromArray(array)
    mask.CopyInformation(image)
    sitk.WriteImage(mask, str(out / path.name.replace('.nii.gz', '_probability.nii.gz')))
"""
"""Three quarters in the clicked voxels, and nothing else."""

LEARNS = """\
import csv, pathlib, sys
import SimpleITK as sitk
cases, out = map(pathlib.Path, sys.argv[1:])
with open(cases / 'cases.csv') as stream:
    for row in csv.DictReader(stream):
        target = sitk.GetArrayFromImage(sitk.ReadImage(str(cases / row['target'])))
        assert (target.dtype, target.max(), target.sum()) == ('float32', 0.75, 5 * 0.75)
(out / 'model').touch()
"""
"""Expects what the program above has made."""

COPIES = """\
import pathlib, sys
import SimpleITK as sitk
for path in pathlib.Path(sys.argv[2]).iterdir():
    sitk.WriteImage(sitk.ReadImage(str(path)) > 100, str(pathlib.Path(sys.argv[3]) / path.name))
"""


def command(code, *words):
    return f"{shlex.join([sys.executable, '-c', code])} {' '.join(words)}"


LABEL = {"predict": command(CLICKED, "{annotations}", "{images}", "{out}"), "probabilities": True, "gpus": 0}


def test_the_check_makes_soft_labels_also_where_nobody_could_click_and_a_program_learns_from_them():
    external = {
        "train": command(LEARNS, "{cases}", "{out}"),
        "predict": command(COPIES, "{model}", "{images}", "{out}"),
    }
    content = {
        "description": "Theirs, on labels of another program.",
        "supervision": "weak",
        "annotation": {"points": {"number": 5}},
        "pseudo_label": {"external": LABEL},
        "external": external | {"gpus": 0},
    }
    said = check("mine", checked_method(content, "m.yaml"))
    labels, trained = said.split("; ")[1:]
    assert labels.startswith("made pseudo labels of phantom cases in ")
    assert labels.endswith(" with 5 and 5 voxels of the spleen, and 0 where nobody clicked as there is none")
    assert trained.startswith("trained on two phantom cases in ")


def test_the_check_also_runs_where_the_folder_for_temporary_files_has_a_space_in_its_name(tmp_path, monkeypatch):
    folder = tmp_path / "with space"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    content = {
        "description": "Theirs.",
        "supervision": "none",
        "annotation": {"points": {"number": 5}},
        "external": {"predict": command(COPIES, "{annotations}", "{images}", "{out}"), "gpus": 0},
    }
    assert "segmented phantom cases" in check("mine", checked_method(content, "m.yaml"))
