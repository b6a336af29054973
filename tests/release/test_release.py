"""A release of results: what is in it, what is not, and that its tables follow from it alone."""

import hashlib
import json
import os
import platform
import re
import shutil
import zipfile

import pytest
from small_experiment import report, small_experiment

from weakseg3d.cli import main
from weakseg3d.files import file_digest
from weakseg3d.release import contents
from weakseg3d.report.results import Results

ABOUT = ["--title", "Clicks", "--authors", "Jane Doe", "John Roe", "--licence", "CC-BY-4.0", "--date", "2026-11-27"]
EFFORT = "5_annotations/toy/blob/points/effort.csv"
TABLES = 36
"""Number of tables of the experiment's report."""


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def experiment(folder):
    """Write an experiment with its report, and what its config names, below ``folder``, where the test works."""
    results = small_experiment(folder)
    write(folder / "config/datasets/toy.yaml", "description: Made here.\nraw: /data/hospital # of Jane\n")
    for method in ("good", "poor"):
        write(folder / f"config/methods/{method}.yaml", f"description: {method}\ncommand: python ~/mine.py --fast\n")
    write(folder / "split.csv", "case,split\n8,train\n9,train\n1,test\n2,test\n3,test\n")
    record = json.loads((results / "tables/provenance.json").read_text(encoding="utf-8"))
    record["datasets"]["toy"]["split_sha256"] = file_digest(folder / "split.csv")
    record["config"]["raw"] = {"toy": str(folder / "scans")}
    write(results / "tables/provenance.json", json.dumps(record))
    write(results / EFFORT, "dataset,organ,annotation,case,clicks,drawn_cm\ntoy,blob,points,8,7,0\n")
    write(folder / "theirs.csv", "dataset,organ,method,metric,mean,citation\ntoy,blob,good,dice,0.8,Roe 2024\n")
    write(results / "benchmarks/predict/toy/blob/points/good/seed-0/@test.tsv", "s\n12.0\n")
    witness = {"agrees": True, "case": "1", "weakseg3d": {}, "medpy": {}}
    write(results / "9_metrics/toy/blob/points/good/seed-0/witness.json", json.dumps(witness))
    facts = ["--selection", "good=last", "poor=last", "--footer", "preset=none", "--published", "theirs.csv"]
    assert report(results, "--effort", str(results / EFFORT), *facts) == 0
    return results


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The folder of somebody who has run an experiment."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        experiment(folder)
        assert main(["release", "results/small", "--out", "small.zip", *ABOUT]) == 0
    return folder


@pytest.fixture
def away(home, tmp_path, monkeypatch):
    """The folder of a stranger, who has nothing but the archive."""
    shutil.copy(home / "small.zip", tmp_path)
    hidden = home.with_name("hidden")
    home.rename(hidden)
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    hidden.rename(home)


def files_in(archive):
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def packed(path, files, checksums=True):
    """Write an archive of ``files``, with fitting checksums in place of those that it had."""
    if checksums:
        others = {name: text for name, text in files.items() if name != "SHA256SUMS"}
        lines = [f"{hashlib.sha256(text).hexdigest()}  {name}\n" for name, text in others.items()]
        files = others | {"SHA256SUMS": "".join(lines).encode()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def recompute(archive, capsys):
    """Return the exit code, the lines on standard output and the message."""
    capsys.readouterr()
    code = main(["recompute", str(archive), "--out", "again"])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err


def test_a_stranger_gets_every_table_byte_for_byte(away, monkeypatch, capsys):
    monkeypatch.setattr(platform, "python_version", lambda: "9.9.9")
    assert recompute("small.zip", capsys) == (0, [f"all {TABLES} tables are the same, byte for byte"], "")
    released = files_in("small.zip")
    again = {path.relative_to(away / "again").as_posix(): path for path in (away / "again/tables").rglob("*.*")}
    assert len(again) == TABLES
    assert all(path.read_bytes() == released[name] for name, path in again.items())
    assert "| 4.0 |" in again["tables/cost/cost.md"].read_text(encoding="utf-8")  # 12 s for three cases
    assert sorted(path.name for path in away.iterdir()) == ["again", "small.zip"]


def test_the_tables_are_those_of_the_report(home):
    released = files_in(home / "small.zip")
    results = home / "results/small"
    tables = [path for path in (results / "tables").rglob("*.*") if path.suffix in (".csv", ".md", ".tex")]
    assert len(tables) == TABLES + 1  # metrics.csv
    assert all(released[path.relative_to(results).as_posix()] == path.read_bytes() for path in tables)


def test_the_same_results_give_the_same_bytes(home, monkeypatch):
    monkeypatch.chdir(home)
    os.utime("results/small/tables/metrics.csv")
    first = (home / "small.zip").read_bytes()
    assert main(["release", str(home / "results/small"), "--out", "small.zip", *ABOUT]) == 0
    assert (home / "small.zip").read_bytes() == first


def test_no_path_of_the_machine_is_released(home):
    files = files_in(home / "small.zip")
    for name, content in files.items():
        assert str(home).encode() not in content, name
        assert b"/data/hospital" not in content, name
        assert b"mine.py" not in content, name
        assert not re.search(rb"(^|[\s\"'])(~|\.\.)/", content), name
    assert files["config/datasets/toy.yaml"] == b"description: Made here.\nraw: (path)\n"
    assert b"command: python (path) --fast" in files["config/methods/good.yaml"]
    assert json.loads(files["tables/provenance.json"])["config"]["raw"] == {"toy": "(path)"}


def test_there_are_no_voxels_and_no_pictures_of_scans(home):
    files = files_in(home / "small.zip")
    assert {name.rpartition(".")[2] for name in files} <= {"csv", "html", "json", "lock", "md", "png", "svg", "tex"} | {
        "tsv",
        "yaml",
        "SHA256SUMS",
    }
    assert not [name for name in files if name.startswith(("figures/panels", "figures/overlays"))]
    assert b'id="slices"' not in files["report.html"]
    assert b'id="slices"' in (home / "results/small/report.html").read_bytes()


def test_everything_that_led_to_a_number_is_released(home):
    files = files_in(home / "small.zip")
    assert {f"5_annotations/toy/blob/points/{case}.mrk.json" for case in "123"} <= files.keys()
    assert {"config/small.yaml", "config/splits/toy.csv", "config/methods/truth.yaml", EFFORT} <= files.keys()
    assert files["inputs/1/theirs.csv"] == (home / "theirs.csv").read_bytes()
    digests = files["digests.csv"].decode().splitlines()
    model = "7_models/toy/blob/points/good/seed-0/model.pt"
    assert f"{model},17,{file_digest(home / 'results/small' / model)}" in digests
    assert len([line for line in digests if line.startswith("8_predictions/")]) == 4 * 3


def test_masks_and_peoples_annotations_come_only_if_asked_for(home, monkeypatch):
    results = Results(home / "results/small")
    monkeypatch.setattr(results, "cells", [cell | {"annotation": "people_points"} for cell in results.cells[:1]])
    folder = "5_annotations/toy/blob/people_points"
    write(results.folder / folder / "8.mrk.json", "{}")
    write(results.folder / folder / "9.nii.gz", "")
    assert contents.annotations(results, voxels=True, people=False) == {}
    assert list(contents.annotations(results, voxels=False, people=True)) == [f"{folder}/8.mrk.json"]
    both = contents.annotations(results, voxels=True, people=True)
    assert sorted(both) == [f"{folder}/8.mrk.json", f"{folder}/9.nii.gz"]


def test_a_file_that_was_changed_is_named(away, capsys):
    files = files_in("small.zip")
    packed("small.zip", files | {"tables/main.csv": files["tables/main.csv"] + b"\n"}, checksums=False)
    code, _, message = recompute("small.zip", capsys)
    assert code == 2
    assert "small.zip: the file 'tables/main.csv' is not as it was released; get the archive again" in message
    assert not (away / "again").exists()


def test_a_file_too_few_or_too_many_is_named(away, capsys):
    files = files_in("small.zip")
    packed("more.zip", files | {"extra.csv": b"1\n"}, checksums=False)
    packed("fewer.zip", {name: text for name, text in files.items() if name != "README.md"}, checksums=False)
    packed("other.zip", {"data.csv": b"1\n"}, checksums=False)
    assert "'extra.csv', which was not released" in recompute("more.zip", capsys)[2]
    assert "lacks the file 'README.md'" in recompute("fewer.zip", capsys)[2]
    assert "not a release" in recompute("other.zip", capsys)[2]


def test_tables_that_do_not_follow_from_the_metrics_are_named(away, capsys):
    files = files_in("small.zip")
    changed = files["tables/statistics.csv"].replace(b"0.8", b"0.9")
    assert changed != files["tables/statistics.csv"]
    packed("small.zip", files | {"tables/statistics.csv": changed})
    code, lines, message = recompute("small.zip", capsys)
    assert (code, lines) == (2, ["tables/statistics.csv: differs from the archive's"])
    assert f"1 of {TABLES} tables are not the same; use the software that made them (commit " in message


def test_an_archive_that_leads_elsewhere_is_refused(away, capsys):
    files = files_in("small.zip")
    link = zipfile.ZipInfo("tables/link.csv")
    link.external_attr = 0o120777 << 16
    packed("link.zip", files)
    with zipfile.ZipFile("link.zip", "a") as archive:
        archive.writestr(link, "/etc/passwd")
    packed("escape.zip", files | {"../escaped.csv": b"1\n"})
    settings = json.loads(files["tables/settings.json"])
    outside = json.dumps(settings | {"effort": ["../secret.csv"]}).encode()
    packed("input.zip", files | {"tables/settings.json": outside})
    record = json.loads(files["tables/provenance.json"])
    for name, key in (("model.zip", "model"), ("cell.zip", "dataset")):
        cells = [record["cells"][0] | {key: "/etc"}]
        packed(name, files | {"tables/provenance.json": json.dumps(record | {"cells": cells}).encode()})
    assert "contains the link 'tables/link.csv'" in recompute("link.zip", capsys)[2]
    assert "'../escaped.csv' leads outside the folder" in recompute("escape.zip", capsys)[2]
    assert "'../secret.csv' leads out of the release" in recompute("input.zip", capsys)[2]
    assert "'/etc' leads out of the release" in recompute("model.zip", capsys)[2]
    assert recompute("cell.zip", capsys)[0] == 2
    assert not (away / "again").exists()
    assert not (away.parent / "escaped.csv").exists()


def test_what_the_programs_of_others_took_is_released_even_of_those_that_nobody_trains(tmp_path):
    results = small_experiment(tmp_path)
    record = json.loads((results / "tables/provenance.json").read_text(encoding="utf-8"))
    label = "6_pseudo_labels/toy/blob/points/theirs/run.json"
    for cell in record["cells"]:
        cell |= {"good": {"label_runs": [label]}, "poor": {"external": True, "model": None}}.get(cell["method"], {})
    write(results / "tables/provenance.json", json.dumps(record))
    write(results / label, json.dumps({"external": True, "settings": {"weights": "/data/weights"}}))
    benchmark = "benchmarks/external_predict/toy/blob/points/poor/seed-0/external.tsv"
    write(results / benchmark, "s\n12.0\n")
    files = contents.inputs_of_tables(Results(results))
    assert files[benchmark] == results / benchmark
    assert json.loads(files[label])["settings"] == {"weights": "(path)"}


def test_tables_that_are_not_those_of_the_results_are_not_released(home, monkeypatch, capsys):
    monkeypatch.chdir(home)
    table = home / "results/small/tables/main.csv"
    before = table.read_bytes()
    table.write_bytes(before + b"\n")
    assert main(["release", "results/small", "--out", "other.zip", *ABOUT]) == 2
    table.write_bytes(before)
    assert "main.csv: not what the results of now give; run the workflow, or 'report', again" in capsys.readouterr().err
    assert not (home / "other.zip").exists()


def test_mistakes_end_in_a_sentence(home, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(home)
    release = ["release", "results/small", *ABOUT]
    assert main([*release, "--out", "small.tar"]) == 2
    assert "give it a name that ends in .zip" in capsys.readouterr().err
    assert main([*release, "--out", "other.zip", "--date", "2026-02-30"]) == 2
    assert "'2026-02-30': not a day of the form YYYY-MM-DD" in capsys.readouterr().err
    (tmp_path / "mine.zip").write_bytes(b"mine")
    assert main([*release, "--out", str(tmp_path / "mine.zip")]) == 2
    assert "already exists and was not made by weakseg3d" in capsys.readouterr().err
    write(home / "split.csv", (home / "split.csv").read_text(encoding="utf-8").replace("3,test", "3,train"))
    assert main([*release, "--out", "other.zip"]) == 2
    assert "split.csv: not the split that results/small was run with" in capsys.readouterr().err
    write(home / "split.csv", (home / "split.csv").read_text(encoding="utf-8").replace("3,train", "3,test"))
