"""Mistakes in a config and in the files it names: exit code 2 before any job; a failure is the last line of a run."""

import shutil

import pytest
import yaml
from tiny_grid import copy_of_the_repository, finished_run, snakemake


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return copy_of_the_repository(tmp_path_factory.mktemp("mistakes"))


@pytest.fixture
def grid(repository):
    """The repository with the text of its config, which is put back afterwards."""
    text = (repository / "tiny.yaml").read_text(encoding="utf-8")
    yield repository, text
    (repository / "tiny.yaml").write_text(text, encoding="utf-8")


BROKEN = {
    "a tab": (lambda text: ("a: 1\n\tb: 2\n" + text).encode(), "tiny.yaml: not valid YAML in line 2 (a tab"),
    "an indent": (lambda text: ("a: 1\n  b: 2\n" + text).encode(), "tiny.yaml: not valid YAML in line 2"),
    "a key twice": (lambda text: (text + "spacing: 3\n").encode(), "tiny.yaml: the key 'spacing' is in line"),
    "UTF-16": (lambda text: text.encode("utf-16"), "tiny.yaml: encoded as UTF-16; save it as UTF-8"),
    "Latin-1": (lambda text: ("# Müller\n" + text).encode("latin-1"), "tiny.yaml: line 1 is not encoded as UTF-8"),
    "NaN": (lambda text: text.replace("10.0", ".nan").encode(), "key 'spacing' is nan; give a finite number"),
    "no date": (lambda text: text.replace("tiny", "2024-99-99").encode(), "tiny.yaml: Snakemake cannot read it"),
    "a list": (lambda text: b"- a\n", "tiny.yaml: must hold a mapping"),
}


@pytest.mark.parametrize("damage", BROKEN)
def test_a_broken_config_is_named_with_its_line(grid, damage):
    folder, text = grid
    change, sentence = BROKEN[damage]
    (folder / "tiny.yaml").write_bytes(change(text))
    ran = snakemake(folder, "-n")
    assert ran.returncode == 2
    assert sentence in ran.stderr.splitlines()[-1]


def test_the_default_config_is_checked_too(grid, repository):
    folder, _ = grid
    default = folder / "config/config.yaml"
    text = default.read_text(encoding="utf-8")
    default.write_text("a: 1\n\tb: 2\n", encoding="utf-8")
    ran = snakemake(folder, "-n", config=None)
    default.write_text(text, encoding="utf-8")
    assert ran.returncode == 2
    assert "config.yaml: not valid YAML in line 2 (a tab" in ran.stderr.splitlines()[-1]


def unpacked(folder):
    """Unpack the scans of the grid to ``folder/unpacked`` and return that folder's name."""
    shutil.unpack_archive(folder / "scans/RawData.zip", folder / "unpacked")
    return "unpacked"


def test_unpacked_raw_data_plan_a_run(grid):
    folder, text = grid
    (folder / "tiny.yaml").write_text(yaml.safe_dump(yaml.safe_load(text) | {"raw": {"hospital": unpacked(folder)}}))
    assert "import_case" in finished_run(folder, "-n")


@pytest.mark.parametrize("raw", ["nowhere", "empty", "unpacked"])
def test_raw_data_that_lack_a_case_are_found_before_the_first_job(grid, raw):
    folder, text = grid
    (folder / "empty").mkdir(exist_ok=True)
    unpacked(folder)
    (folder / "split.csv").write_text("case,split\n0001,train\n0002,train\n0099,test\n", encoding="utf-8")
    keys = {"raw": {"hospital": raw}, "splits": {"hospital": "split.csv"}}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(yaml.safe_load(text) | keys), encoding="utf-8")
    ran = snakemake(folder, "-n")
    sentences = {
        "nowhere": "nowhere: no such file or folder; correct 'raw.hospital' in the config",
        "empty": "empty: no cases of 'hospital'",
        "unpacked": "split.csv: case '0099' is not in unpacked",
    }
    assert ran.returncode == 2
    assert sentences[raw] in ran.stderr.splitlines()[-1]


def test_an_unusable_table_of_published_values_is_found_before_the_first_job(grid):
    folder, text = grid
    (folder / "published.csv").write_text("case,split\n", encoding="utf-8")
    keys = {"report": {"published": "published.csv"}}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(yaml.safe_load(text) | keys), encoding="utf-8")
    ran = snakemake(folder, "-n")
    assert ran.returncode == 2
    assert "published.csv: the column 'dataset' is missing" in ran.stderr.splitlines()[-1]


def test_the_last_line_of_a_run_names_the_failure_and_its_log(grid):
    folder, text = grid
    (folder / "damaged").mkdir(exist_ok=True)
    (folder / "damaged/RawData.zip").write_bytes(b"no archive")
    keys = {"raw": {"hospital": "damaged"}}
    (folder / "tiny.yaml").write_text(yaml.safe_dump(yaml.safe_load(text) | keys), encoding="utf-8")
    ran = snakemake(folder, "--cores", "1", "--until", "import_case")
    assert ran.returncode == 1
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("weakseg3d: failed in download: weakseg3d download: damaged/RawData.zip: ")
    assert last.endswith("; see results/tiny/logs/download/hospital/source.log")
