"""One shared copy: processes and users that need the same files, work offline, or have an account."""

import hashlib
import io
import json
import os
import subprocess
import sys
import threading
import time
import zipfile

import pytest
import yaml
from faulty_server import serving

from weakseg3d.cli import main
from weakseg3d.datasets.fetching import transfer
from weakseg3d.files import PROJECT

CT = ("Train_Sets/CT/1/DICOM_anon/a.dcm", "Train_Sets/CT/1/Ground/a.png")
MR = tuple(f"Train_Sets/MR/{case}/{k}" for case in (1, 2) for k in ("T2SPIR/DICOM_anon/a.dcm", "T2SPIR/Ground/a.png"))


def zipped(names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, "content" * 1000)
    return stream.getvalue()


ARCHIVE = zipped([*CT, *MR])


def access(url, content=ARCHIVE, name="CHAOS_Train_Sets.zip"):
    return {
        "url": f"{url}/{name}",
        "archive": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content),
    }


FOLDER = PROJECT / "config" / "datasets"


def write_dataset(folder, like, access):
    """Write the YAML of a dataset that is ``like`` an existing one except for ``access``; return its path."""
    content = {**yaml.safe_load((FOLDER / f"{like}.yaml").read_text(encoding="utf-8")), "access": access}
    path = folder / f"my_{like}.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def command(dataset, out, *more):
    return ["download", str(dataset), "--out", str(out), *map(str, more)]


def record(folder):
    return json.loads((folder / "source.json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(transfer, "FIRST_WAIT", 0.001)


def test_a_shared_folder_has_one_copy_for_two_datasets_and_two_experiments(tmp_path):
    shared = tmp_path / "common"
    with serving(ARCHIVE) as server:
        ct, mr = (write_dataset(tmp_path, like, {"fetch": access(server.address)}) for like in ("chaos_ct", "chaos_mr"))
        for experiment in ("a", "b"):
            for dataset, cases in ((ct, 1), (mr, 2)):
                out = tmp_path / experiment / dataset.stem
                assert main(command(dataset, out, "--shared", shared)) == 0
                assert record(out)["cases"] == cases
                assert record(out)["dataset"] == dataset.stem
                assert record(out)["sha256"] == hashlib.sha256(ARCHIVE).hexdigest()
                assert (out / "Train_Sets").samefile(shared / "CHAOS_Train_Sets" / "Train_Sets")
        assert len(server.ranges) == 1
    assert [path.name for path in shared.iterdir()] == ["CHAOS_Train_Sets"]


def test_a_complete_shared_folder_may_be_read_only(tmp_path):
    shared = tmp_path / "common"
    with serving(ARCHIVE) as server:
        dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": access(server.address)})
        assert main(command(dataset, tmp_path / "a", "--shared", shared)) == 0
    before = {path: path.stat().st_mtime_ns for path in shared.rglob("*")}
    assert main(command(dataset, tmp_path / "b", "--shared", shared, "--offline")) == 0
    assert {path: path.stat().st_mtime_ns for path in shared.rglob("*")} == before


def test_a_shared_folder_is_repaired_if_cases_are_missing(tmp_path):
    shared = tmp_path / "common"
    with serving(ARCHIVE) as server:
        dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": access(server.address)})
        assert main(command(dataset, tmp_path / "a", "--shared", shared)) == 0
        missing = shared / "CHAOS_Train_Sets" / MR[0]
        missing.unlink()
        missing.parent.rmdir()
        assert main(command(dataset, tmp_path / "b", "--shared", shared)) == 0
        assert len(server.ranges) == 1
    assert missing.exists()


def test_several_processes_download_a_file_once(tmp_path):
    shared = tmp_path / "common"
    with serving(ARCHIVE, [{"drip": (len(ARCHIVE) // 8, 0.15)}]) as server:
        dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": access(server.address)})
        environment = {**os.environ, "PYTHONPATH": str(PROJECT / "src")}
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "weakseg3d", *command(dataset, tmp_path / f"out_{k}", "--shared", shared)],
                env=environment,
                stderr=subprocess.PIPE,
                encoding="utf-8",
            )
            for k in range(3)
        ]
        messages = [process.communicate()[1] for process in running]
        assert [process.returncode for process in running] == [0, 0, 0], messages
        assert server.ranges == [None]
    assert [record(tmp_path / f"out_{k}")["cases"] for k in range(3)] == [2, 2, 2]
    assert not [path for path in shared.iterdir() if path.name.startswith(".")]


def test_two_processes_with_one_output_folder(tmp_path):
    with serving(ARCHIVE, [{"drip": (len(ARCHIVE) // 8, 0.1)}]) as server:
        dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": access(server.address)})
        environment = {**os.environ, "PYTHONPATH": str(PROJECT / "src")}
        line = [sys.executable, "-m", "weakseg3d", *command(dataset, tmp_path / "out")]
        running = [subprocess.Popen(line, env=environment, stderr=subprocess.PIPE) for _ in range(2)]
        assert [process.wait() for process in running] == [0, 0]
        assert server.ranges == [None]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        ".weakseg3d",
        "CHAOS_Train_Sets.zip",
        "Train_Sets",
        "source.json",
    ]


def test_a_killed_process_leaves_no_lock_and_the_next_resumes_its_download(tmp_path):
    piece = len(ARCHIVE) // 10
    with serving(ARCHIVE, [{"drip": (piece, 0.3)}]) as server:
        dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": access(server.address)})
        environment = {**os.environ, "PYTHONPATH": str(PROJECT / "src")}
        line = [sys.executable, "-m", "weakseg3d", *command(dataset, tmp_path / "out")]
        process = subprocess.Popen(line, env=environment, stderr=subprocess.PIPE)
        part = tmp_path / "out" / ".CHAOS_Train_Sets.zip.part"
        while not (part.exists() and part.stat().st_size):
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
        process.wait()
        assert not (tmp_path / "out" / "CHAOS_Train_Sets.zip").exists()
        length = part.stat().st_size
        assert main(command(dataset, tmp_path / "out")) == 0
        assert server.ranges == [None, f"bytes={length}-"]
    assert record(tmp_path / "out")["cases"] == 2
    assert not (tmp_path / ".out.lock").exists()


def test_several_archives_are_downloaded_in_parallel_and_form_one_dataset(tmp_path):
    images, masks = (zipped([name for name in MR if part in name]) for part in ("DICOM", "Ground"))
    meeting = {"meet": threading.Barrier(2, timeout=20)}  # Neither server answers before both have a request.
    with serving(images, [meeting]) as first, serving(masks, [meeting]) as second:
        parts = access(first.address, images, "images.zip"), access(second.address, masks, "masks.zip")
        dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": {**parts[0], "also": [parts[1]]}})
        out = tmp_path / "out"
        assert main(command(dataset, out)) == 0
        assert main(command(dataset, out)) == 0
        assert (len(first.ranges), len(second.ranges)) == (1, 1)
        entry = record(out)
        assert entry["archive"] == "images.zip"
        assert [also["archive"] for also in entry["also"]] == ["masks.zip"]
        assert all((out / name).is_file() for name in MR)
        second.plan.append({"status": 404})
        assert main(command(dataset, tmp_path / "other")) == 2
    assert not (tmp_path / "other" / "source.json").exists()


def test_an_archive_that_was_removed_after_unpacking_is_not_downloaded_again(tmp_path):
    with serving(ARCHIVE) as server:
        for checksum in ("sha256", "md5"):
            known = {**access(server.address), "md5": hashlib.md5(ARCHIVE).hexdigest()}
            known.pop({"sha256": "md5", "md5": "sha256"}[checksum])
            dataset, out = write_dataset(tmp_path, "chaos_mr", {"fetch": known}), tmp_path / checksum
            assert main(command(dataset, out)) == 0
            (out / "CHAOS_Train_Sets.zip").unlink()
            assert main(command(dataset, out)) == 0
        assert len(server.ranges) == 2


def test_a_new_checksum_in_the_description_requires_the_new_file(tmp_path, capsys):
    out = tmp_path / "out"
    with serving(ARCHIVE) as server:
        dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": access(server.address)})
        assert main(command(dataset, out)) == 0
        write_dataset(tmp_path, "chaos_mr", {"fetch": {**access(server.address), "sha256": "0" * 64}})
        assert main(command(dataset, out)) == 2
    assert "SHA-256" in capsys.readouterr().err
    assert not (out / "source.json").exists()


def test_a_file_address_is_used_in_place(tmp_path):
    (tmp_path / "my disk").mkdir()
    archive = tmp_path / "my disk" / "CHAOS_Train_Sets.zip"
    archive.write_bytes(ARCHIVE)
    address = {**access("file:/"), "url": archive.as_uri()}
    dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": address})
    assert main(command(dataset, tmp_path / "out", "--offline")) == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".weakseg3d", "Train_Sets", "source.json"]
    archive.unlink()
    (tmp_path / "out" / "source.json").unlink()
    assert main(command(dataset, tmp_path / "out")) == 2


@pytest.mark.parametrize("access_kind", ["fetch", "synapse"])
def test_offline_opens_no_connection(tmp_path, capfd, monkeypatch, access_kind):
    def fail(*_):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", fail)
    monkeypatch.setattr("subprocess.run", fail)
    monkeypatch.setenv("SYNAPSE_AUTH_TOKEN", "secret")
    if access_kind == "fetch":
        dataset = write_dataset(tmp_path, "chaos_mr", {"fetch": access("https://zenodo.org")})
        expected = ["CHAOS_Train_Sets.zip", hashlib.sha256(ARCHIVE).hexdigest()]
    else:
        dataset, expected = "btcv", ["RawData.zip"]
    assert main(command(dataset, tmp_path / "out", "--offline")) == 2
    message = capfd.readouterr().err
    assert all(word in message for word in [*expected, str(tmp_path / "out"), "--source"])


CLIENT = """
import os, sys
assert sys.argv[1:3] == ["get", "syn3379050"] and sys.argv[3] == "--downloadLocation", sys.argv
if os.environ["SYNAPSE_AUTH_TOKEN"] != "good":
    sys.exit("SynapseUnmetAccessRestrictions: accept the terms")
import shutil
shutil.copy(os.environ["ARCHIVE_TO_GIVE"], os.path.join(sys.argv[4], "RawData.zip"))
"""


@pytest.fixture
def synapse(tmp_path, monkeypatch):
    """A stand-in for the official client, which needs an account, with the same module, arguments and variable."""
    package = tmp_path / "installed" / "synapseclient"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "__main__.py").write_text(CLIENT, encoding="utf-8")
    archive = tmp_path / "given.zip"
    archive.write_bytes(zipped(["RawData/Training/img/img0001.nii.gz", "RawData/Training/label/label0001.nii.gz"]))
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    monkeypatch.setenv("ARCHIVE_TO_GIVE", str(archive))


def test_the_synapse_client_is_used_if_a_token_is_set(tmp_path, synapse, monkeypatch):
    monkeypatch.setenv("SYNAPSE_AUTH_TOKEN", "good")
    assert main(command("btcv", tmp_path / "out")) == 0
    assert record(tmp_path / "out")["origin"] == "https://www.synapse.org/Synapse:syn3379050"


def test_a_failure_of_the_synapse_client_is_reported(tmp_path, synapse, monkeypatch, capfd):
    monkeypatch.setenv("SYNAPSE_AUTH_TOKEN", "bad")
    assert main(command("btcv", tmp_path / "out")) == 2
    message = capfd.readouterr().err
    assert "accept the terms" in message
    assert "syn3379050: synapseclient could not download RawData.zip" in message


def test_without_a_token_the_user_is_told_what_to_do(tmp_path, synapse, monkeypatch, capsys):
    monkeypatch.delenv("SYNAPSE_AUTH_TOKEN", raising=False)
    assert main(command("btcv", tmp_path / "out", "--shared", tmp_path / "common")) == 2
    message = capsys.readouterr().err
    for word in ("https://www.synapse.org/Synapse:syn3193805", "RawData.zip", "e8e3fc96", "SYNAPSE_AUTH_TOKEN"):
        assert word in message
    assert str(tmp_path / "common" / "RawData") in message
    # Once the archive is there, the download succeeds.
    (tmp_path / "common" / "RawData").mkdir(parents=True)
    (tmp_path / "given.zip").rename(tmp_path / "common" / "RawData" / "RawData.zip")
    assert main(command("btcv", tmp_path / "out", "--shared", tmp_path / "common")) == 0
    assert record(tmp_path / "out")["cases"] == 1


@pytest.mark.parametrize("dataset", ["la2018", "vs", "mscmrseg"])
def test_download_succeeds_once_the_folder_is_in_place(tmp_path, capsys, dataset):
    files = {
        "la2018": ["Training Set/A/lgemri.nrrd", "Training Set/A/laendo.nrrd"],
        "vs": ["Vestibular-Schwannoma-SEG/VS-SEG-001/study/series/1-1.dcm"],
        "mscmrseg": ["C0LET2_nii45_for_challenge19/a/patient1_LGE.nii.gz", "x/patient1_LGE_manual.nii.gz"],
    }
    assert main(command(dataset, tmp_path / "out", "--shared", tmp_path / "common")) == 2
    assert str(tmp_path / "common" / dataset) in capsys.readouterr().err
    for name in files[dataset]:
        path = tmp_path / "common" / dataset / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("content", encoding="utf-8")
    assert main(command(dataset, tmp_path / "out", "--shared", tmp_path / "common")) == 0
    assert record(tmp_path / "out")["cases"] == 1
