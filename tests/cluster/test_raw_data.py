"""Raw data through the workflow: fetched once for many runs, and without a connection placed by hand where it says."""

import hashlib
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml
from tiny_grid import DATASET, copy_of_the_repository, snakemake

ARCHIVE = "RawData.zip"


@pytest.fixture
def grid(tmp_path):
    """A copy of the repository whose dataset is fetched; its archive lies in ``server``."""
    folder = copy_of_the_repository(tmp_path / "first")
    (folder / "scans").rename(tmp_path / "server")
    return folder


def write_config(folder, address, content, **keys):
    """Let the dataset of ``folder`` come from ``address``, and lay ``keys`` over its config."""
    access = {"url": f"{address}/{ARCHIVE}", "archive": ARCHIVE, "sha256": hashlib.sha256(content).hexdigest()}
    dataset = yaml.safe_load(DATASET) | {"access": {"fetch": access}}
    (folder / "config/datasets/hospital.yaml").write_text(yaml.safe_dump(dataset), encoding="utf-8")
    config = yaml.safe_load((folder / "tiny.yaml").read_text(encoding="utf-8"))
    config.pop("raw", None)
    (folder / "tiny.yaml").write_text(yaml.safe_dump(config | keys, sort_keys=False), encoding="utf-8")


def imported(folder):
    """Import all cases in ``folder``; return the exit code, what was said, and the cases that are there."""
    ran = snakemake(folder, "--cores", "2", "--until", "import_case")
    cases = sorted(path.parent.name for path in folder.glob("results/tiny/2_cases/hospital/*/image.nii.gz"))
    return ran.returncode, ran.stdout + ran.stderr, cases


def test_one_copy_serves_all_runs_and_needs_no_connection_any_more(grid, tmp_path):
    content = (tmp_path / "server" / ARCHIVE).read_bytes()
    handler = partial(SimpleHTTPRequestHandler, directory=tmp_path / "server")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        write_config(grid, address, content, raw_folder=str(tmp_path / "shared"))
        second = shutil.copytree(grid, tmp_path / "second")
        assert imported(grid)[::2] == (0, ["0001", "0002", "0003"])
        server.shutdown()
    write_config(second, address, content, raw_folder=str(tmp_path / "shared"), offline=True)
    assert imported(second)[::2] == (0, ["0001", "0002", "0003"])


def test_offline_says_what_to_place_and_goes_on_once_it_lies_there(grid, tmp_path):
    content = (tmp_path / "server" / ARCHIVE).read_bytes()
    write_config(grid, "https://hospital.example", content, offline=True)
    code, said, cases = imported(grid)
    assert code != 0
    assert cases == []
    lines = [line.strip() for line in said.splitlines() if "cannot be downloaded offline" in line]
    (sentence,) = {line for line in lines if line.startswith("weakseg3d download:")}
    assert lines[-1].startswith("weakseg3d: failed in download: "), "the last line repeats it"
    assert ARCHIVE in sentence
    place = grid / "results/tiny/1_raw/hospital"
    assert "results/tiny/1_raw/hospital" in sentence
    place.mkdir(parents=True, exist_ok=True)
    shutil.copy(tmp_path / "server" / ARCHIVE, place)
    assert imported(grid)[::2] == (0, ["0001", "0002", "0003"])
