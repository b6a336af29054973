"""The Imaging Data Commons through its client: a selection of series, whole or not at all.

The client is an optional extra. A stand-in has its index (real rows of two patients) and its way to name folders.
"""

import json
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import make_volume
from dicom_files import rectangle, write_series, write_structures

from weakseg3d.cli import main
from weakseg3d.datasets.description import load_dataset, read_split
from weakseg3d.datasets.fetching.idc import selected_series
from weakseg3d.files import PROJECT

COLLECTION = "vestibular_schwannoma_seg"

STUDIES = {"VS-SEG-001": "1.3.6.1.4.1.14519.5.2.1.2674", "VS-SEG-002": "1.3.6.1.4.1.14519.5.2.1.2146"}

SERIES = [
    ("MR", "t1_fl3d_tra_gk_v1"),
    ("MR", "t2_ci3d_tra_1.5mm_v2_448"),
    ("RTSTRUCT", None),
    ("RTPLAN", None),
]
"""Modality and description of a patient's series."""

SLICES = 3


def download(raw, *more):
    return main(["download", "vs", "--out", str(raw), *more])


def assert_rejected(code, capsys, *words):
    message = capsys.readouterr().err.splitlines()[-1]
    assert code == 2
    assert all(word in message for word in words), message


@pytest.fixture
def index():
    rows = [
        {
            "collection_id": collection,
            "PatientID": patient,
            "StudyInstanceUID": study,
            "SeriesInstanceUID": f"2.25.{1 + number}{patient[-1]}",
            "Modality": modality,
            "SeriesDescription": description,
            "instanceCount": SLICES if modality == "MR" else 1,
            "series_size_MB": 20.0,
        }
        for collection in (COLLECTION, "vestibular_schwannoma_mc_rc")
        for patient, study in STUDIES.items()
        for number, (modality, description) in enumerate(SERIES)
    ]
    return pd.DataFrame(rows)


@pytest.fixture
def client(monkeypatch, index):
    """Make a stand-in for idc_index importable: its downloads are ``calls``; ``left_out`` files fail to arrive."""
    state = types.SimpleNamespace(calls=[], left_out=0, error=None)

    class IDCClient:
        def __init__(self):
            self.index = index

        def get_idc_version(self):
            return "v25"

        def download_from_selection(self, downloadDir, seriesInstanceUID, dirTemplate, use_s5cmd_sync):  # noqa: N803
            state.calls.append({"series": seriesInstanceUID, "resumed": use_s5cmd_sync})
            if state.error:
                raise state.error
            rows = index[(index["collection_id"] == COLLECTION) & index["SeriesInstanceUID"].isin(seriesInstanceUID)]
            for row in rows.itertuples():
                folder = dirTemplate
                for name in ("PatientID", "StudyInstanceUID", "Modality", "SeriesInstanceUID"):
                    folder = folder.replace(f"%{name}", getattr(row, name))
                write_files(Path(downloadDir) / folder, row)
            arrived = sorted(state.root.rglob("*.dcm"))
            for path in arrived[: state.left_out]:
                path.unlink()

    module = types.ModuleType("idc_index")
    module.IDCClient = IDCClient
    module.__spec__ = types.SimpleNamespace(name="idc_index", loader=None)
    monkeypatch.setitem(sys.modules, "idc_index", module)
    return state


def volume(patient):
    return make_volume(int(patient[-1]) * 100 + np.arange(SLICES * 64, dtype=np.int16).reshape(SLICES, 8, 8))


def write_files(folder, row):
    folder.mkdir(parents=True, exist_ok=True)
    scan = volume(row.PatientID)
    if row.Modality == "MR":
        write_series(folder, scan, row.SeriesInstanceUID, row.SeriesDescription)
    else:
        t2 = row.SeriesInstanceUID.replace("2.25.3", "2.25.2")
        write_structures(folder / "s.dcm", {"TV": [rectangle(scan, 1, (2, 4), (3, 5))]}, t2)


def test_only_the_described_series_are_selected(index):
    access = load_dataset("vs")["access"]["place"]["idc"]
    assert list(selected_series(index, access)["SeriesInstanceUID"]) == ["2.25.21", "2.25.31", "2.25.22", "2.25.32"]
    assert len(selected_series(index, {"collection": COLLECTION})) == 8
    assert len(selected_series(index, {"collection": COLLECTION, "series": {"CT": ""}})) == 0


def test_from_the_collection_to_a_case(tmp_path, client):
    raw = client.root = tmp_path / "raw"
    assert download(raw) == 0
    record = json.loads((raw / "source.json").read_text(encoding="utf-8"))
    assert record["cases"] == 2
    assert record["origin"] == f"Imaging Data Commons v25, collection {COLLECTION}"
    assert {path.name for path in raw.iterdir() if path.is_dir()} == {COLLECTION}
    assert main(["import", "vs", "--raw", str(raw), "--out", str(tmp_path / "cases")]) == 0
    assert {path.name for path in (tmp_path / "cases").iterdir()} == {"vs_gk_1", "vs_gk_2"}
    assert download(raw) == 0
    assert len(client.calls) == 1


def test_what_is_missing_is_fetched_by_the_next_call(tmp_path, client, capsys):
    raw = client.root = tmp_path / "raw"
    client.left_out = 1
    assert_rejected(download(raw), capsys, "1 of 4 series are incomplete", "VS-SEG-001", "try again later")
    assert not (raw / COLLECTION).exists()
    client.left_out = 0
    assert download(raw) == 0
    assert [call["resumed"] for call in client.calls] == [False, True]


def test_a_failure_of_the_client_is_one_sentence(tmp_path, client, capsys):
    client.root, client.error = tmp_path, RuntimeError("disk full\nTraceback")
    assert_rejected(download(tmp_path / "raw"), capsys, COLLECTION, "disk full", "try again later")


def test_an_index_without_the_collection_is_reported(tmp_path, client, index, capsys):
    client.root = tmp_path
    index.drop(index.index, inplace=True)
    assert_rejected(download(tmp_path / "raw"), capsys, COLLECTION, "v25", "pip install --upgrade idc-index")


def test_a_folder_of_the_user_is_not_replaced(tmp_path, client, capsys):
    client.root = tmp_path
    (tmp_path / "raw" / COLLECTION).mkdir(parents=True)
    assert_rejected(download(tmp_path / "raw"), capsys, COLLECTION, "was not made by weakseg3d")
    assert client.calls == []


@pytest.mark.parametrize("offline", [True, False])
def test_without_the_client_or_offline_the_user_is_told_how(tmp_path, capsys, monkeypatch, offline, request):
    if offline:
        request.getfixturevalue("client")
    else:
        monkeypatch.setattr("weakseg3d.datasets.fetching.idc.is_installed", lambda: False)
    code = download(tmp_path / "raw", *(["--offline"] if offline else []))
    assert_rejected(code, capsys, "pip install idc-index", "https://doi.org/10.7937/TCIA.9YTJ-5Q73")


def test_a_folder_already_there_is_used_instead(tmp_path, client):
    (tmp_path / "raw").mkdir()
    for name in ("vs_gk_2_T2.nii.gz", "vs_gk_2_Label.nii.gz"):
        (tmp_path / "raw" / name).touch()
    assert download(tmp_path / "raw") == 0
    assert client.calls == []


def test_the_real_index_has_the_split_of_the_dataset():
    """Run where the extra is installed."""
    index = pytest.importorskip("idc_index").IDCClient().index
    dataset = load_dataset("vs")
    series = selected_series(index, dataset["access"]["place"]["idc"])
    cases = {f"vs_gk_{int(patient.removeprefix('VS-SEG-'))}" for patient in series["PatientID"]}
    assert cases == set(read_split(PROJECT / dataset["split"]))
    assert series["Modality"].value_counts().to_dict() == {"RTSTRUCT": 484, "MR": 242}
