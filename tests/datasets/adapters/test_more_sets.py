"""AMOS, WORD, KiTS23, ACDC and the vestibular schwannomas, each in the layout of its owner."""

import json
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import SimpleITK as sitk
from conftest import make_volume, oblique_direction

from weakseg3d.cli import main
from weakseg3d.datasets.adapters import ADAPTERS
from weakseg3d.datasets.description import load_dataset, read_split
from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT

GRID = {"spacing": (0.8, 1.1, 3.2), "origin": (-31.0, 12.5, 70.0), "direction": oblique_direction()}


def write_case(folder, image, label, ids=(0, 1, 2, 3), seed=0):
    array = np.random.default_rng(seed).integers(0, 900, (6, 8, 9)).astype(np.int16)
    for path, volume in ((image, array), (label, np.resize(np.array(ids, np.uint8), array.shape))):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        sitk.WriteImage(make_volume(volume, **GRID), str(folder / path))


def cases_of(name, raw):
    dataset = load_dataset(name)
    adapter = ADAPTERS[dataset["format"]]
    cases = adapter.find_cases(raw, dataset["options"])
    for sources in cases.values():
        image, label = adapter.load_case(sources, dataset["options"])
        assert image.GetSize() == label.GetSize() == (9, 8, 6)
        np.testing.assert_allclose(image.GetDirection(), np.ravel(GRID["direction"]), atol=1e-5)
    return list(cases)


def test_amos_is_two_datasets_told_apart_by_the_number(tmp_path):
    for number, part in ((1, "Tr"), (8, "Va"), (499, "Tr"), (507, "Tr"), (600, "Va")):
        name = f"amos_{number:04d}.nii.gz"
        write_case(tmp_path / "amos22", f"images{part}/{name}", f"labels{part}/{name}")
    write_case(tmp_path / "amos22", "imagesTs/amos_0002.nii.gz", "elsewhere/x.nii.gz")
    assert cases_of("amos_ct", tmp_path) == ["0001", "0008", "0499"]
    assert cases_of("amos_mr", tmp_path) == ["0507", "0600"]


def test_word_has_three_parts(tmp_path):
    for name, part in (("word_0001", "Tr"), ("word_0002", "Val"), ("word_0003", "Ts")):
        write_case(tmp_path / "WORD-V0.1.0", f"images{part}/{name}.nii.gz", f"labels{part}/{name}.nii.gz")
    assert cases_of("word", tmp_path) == ["word_0001", "word_0002", "word_0003"]


def test_a_case_in_two_parts_is_refused(tmp_path):
    for part in ("Tr", "Ts"):
        write_case(tmp_path, f"images{part}/word_0001.nii.gz", f"labels{part}/word_0001.nii.gz")
    with pytest.raises(UserError, match="case 'word_0001' is also in"):
        cases_of("word", tmp_path)


def test_kits_merges_kidney_and_masses(tmp_path):
    write_case(tmp_path / "dataset", "case_00000/imaging.nii.gz", "case_00000/segmentation.nii.gz")
    (tmp_path / "dataset/case_00000/instances").mkdir()
    assert cases_of("kits23", tmp_path) == ["case_00000"]
    assert load_dataset("kits23")["organs"] == {"kidney": [1, 2, 3], "masses": [2, 3], "tumor": [2]}


def write_acdc(raw, patient, frames, info="ED: 1\nES: 12\nGroup: DCM\nHeight: 184.0\nNbFrame: 30\n"):
    for number in frames:
        name = f"database/training/{patient}/{patient}_frame{number:02d}"
        write_case(raw, f"{name}.nii.gz", f"{name}_gt.nii.gz", seed=number)
    (raw / f"database/training/{patient}/Info.cfg").write_text(info, encoding="utf-8")


def test_acdc_takes_one_frame_per_patient(tmp_path):
    for patient in ("patient001", "patient002", "patient010"):
        write_acdc(tmp_path, patient, (1, 12))
    assert cases_of("acdc", tmp_path) == ["patient001", "patient002", "patient010"]
    adapter = ADAPTERS["acdc"]
    for frame, number in (("ed", 1), ("es", 12)):
        sources = adapter.find_cases(tmp_path, {"frame": frame})["patient010"]
        assert sources["image"].name == f"patient010_frame{number:02d}.nii.gz"
        assert sources["label"].name == f"patient010_frame{number:02d}_gt.nii.gz"


def test_acdc_without_its_frames_is_refused(tmp_path):
    write_acdc(tmp_path, "patient001", (1,), info="Group: DCM\n")
    with pytest.raises(UserError, match="Info.cfg: no line 'ED: <frame>'"):
        cases_of("acdc", tmp_path)


def test_the_split_of_acdc_is_the_challenges():
    split = read_split(PROJECT / load_dataset("acdc")["split"])
    assert [case for case, part in split.items() if part == "test"] == [f"patient{n:03d}" for n in range(101, 151)]
    assert list(split.values()).count("train") == 100


def test_patterns_of_images_and_labels_must_be_as_many(tmp_path):
    options = {"image": ["a/{case}.nii", "b/{case}.nii"], "label": "c/{case}.nii"}
    with pytest.raises(UserError, match="2 patterns of images and 1 of labels; give as many"):
        ADAPTERS["folder"].find_cases(tmp_path, options)


@pytest.fixture
def idc_client(monkeypatch):
    """A module in place of idc-index, with the columns of its index that we use; it writes what it is asked for."""
    asked = {}

    class IDCClient:
        index = pd.DataFrame(
            {
                "collection_id": ["vestibular_schwannoma_seg"] * 3 + ["vestibular_schwannoma_mc_rc"],
                "Modality": ["MR", "RTSTRUCT", "RTDOSE", "MR"],
                "PatientID": ["VS-SEG-001"] * 3 + ["VS-MC-RC-001"],
                "SeriesInstanceUID": ["1.1", "1.2", "1.3", "1.4"],
                "series_size_MB": [20.0, 1.0, 5.0, 30.0],
            }
        )

        @classmethod
        def client(cls):
            return cls()

        def download_from_selection(self, **arguments):
            asked.update(arguments)
            if asked.get("fails"):
                raise RuntimeError("no route to s3")
            if asked.get("writes", True):
                write_case(Path(arguments["downloadDir"]), "vs_gk_1_T2.nii.gz", "vs_gk_1_Label.nii.gz")

    module = types.ModuleType("idc_index")
    module.IDCClient = IDCClient
    module.__spec__ = types.SimpleNamespace()
    monkeypatch.setitem(sys.modules, "idc_index", module)
    return asked


def test_the_schwannomas_are_downloaded_by_the_client_of_the_idc(tmp_path, idc_client, capsys):
    assert main(["download", "vs", "--out", str(tmp_path / "raw")]) == 0
    said = capsys.readouterr().err
    assert idc_client["seriesInstanceUID"] == ["1.1", "1.2"]
    assert idc_client["downloadDir"] == str(tmp_path / "raw")
    assert "fetching 2 series of 1 patients from the IDC, 0.0 GB" in said
    record = json.loads((tmp_path / "raw/source.json").read_text(encoding="utf-8"))
    assert record["cases"] == 1
    assert "collection vestibular_schwannoma_seg" in record["origin"]


def test_a_download_without_a_case_is_one_sentence(tmp_path, idc_client, capsys):
    idc_client["writes"] = False
    assert main(["download", "vs", "--out", str(tmp_path / "raw")]) == 2
    assert "contains no case of 'vs'" in capsys.readouterr().err.splitlines()[-1]


def test_a_failing_client_of_the_idc_is_one_sentence(tmp_path, idc_client, capsys):
    idc_client["fails"] = True
    assert main(["download", "vs", "--out", str(tmp_path / "raw")]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert "vestibular_schwannoma_seg: idc-index could not download the collection (RuntimeError: 'no route" in last


def test_without_the_client_the_user_is_told_how_to_get_it(tmp_path, capsys):
    assert main(["download", "vs", "--out", str(tmp_path / "raw")]) == 2
    assert 'pip install "idc-index>=0.11" it is downloaded for you' in capsys.readouterr().err


def test_offline_the_client_is_not_used(tmp_path, idc_client):
    assert main(["download", "vs", "--out", str(tmp_path / "raw"), "--offline"]) == 2
    assert not idc_client


def test_amos_from_its_archive_to_a_case(tmp_path):
    write_case(tmp_path, "amos22/imagesTr/amos_0001.nii.gz", "amos22/labelsTr/amos_0001.nii.gz")
    with zipfile.ZipFile(tmp_path / "amos22.zip", "w") as archive:
        for path in sorted((tmp_path / "amos22").rglob("*.nii.gz")):
            archive.write(path, path.relative_to(tmp_path))
    out = tmp_path / "raw"
    assert main(["download", "amos_ct", "--source", str(tmp_path / "amos22.zip"), "--out", str(out)]) == 0
    assert json.loads((out / "source.json").read_text(encoding="utf-8"))["cases"] == 1
    arguments = ["--raw", str(out), "--case", "0001", "--out", str(tmp_path / "case")]
    assert main(["import", "amos_ct", *arguments]) == 0
