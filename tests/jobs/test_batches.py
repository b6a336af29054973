"""A batch makes the files that its cases' own jobs make, and goes on after the last whole one."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import make_volume

from weakseg3d.cli import main
from weakseg3d.experiment.paths import record
from weakseg3d.files import file_digest
from weakseg3d.images.volumes import write_volume
from weakseg3d.jobs.batches import of_case

LABEL = "results/tiny/3_isotropic/hospital/{}/label.nii.gz"
MASK = "results/tiny/4_masks/hospital/spleen/{}.nii.gz"
CASES = [f"{number:04d}" for number in range(60)]
FEW = CASES[:4]


def make_label(case, ids=(1, 2)):
    """Write a label map that differs from case to case; return its path."""
    array = np.zeros((4, 5, 6), np.uint8)
    array[1, 1:3, 2] = ids[0]
    array.flat[60 + int(case) :] = ids[1]
    write_volume(make_volume(array, (1, 2, 3)), LABEL.format(case))
    return LABEL.format(case)


def record_labels(cases):
    """Write the record of the label maps of ``cases``."""
    path = Path(record(LABEL.format("@test")))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({case: file_digest(LABEL.format(case)) for case in cases}), encoding="utf-8")


@pytest.fixture
def labels(tmp_path, monkeypatch):
    """A folder with the label maps of four cases and their record."""
    monkeypatch.chdir(tmp_path)
    for case in FEW:
        make_label(case)
    record_labels(FEW)


def batch(cases, ids="1"):
    """Return the words that split the label maps of ``cases``."""
    source, target = record(LABEL.format("@test")), record(MASK.format("@test"))
    words = ["batch", "--cases", *cases, "--read", source, "--write", target, "--name", "@test", "--code", "1"]
    return [*words, "split", "--label", source, "--ids", ids, "--out", target, "--allow-absent"]


def masks(cases):
    """Return ``{case: (inode, time)}`` of the masks that are there."""
    found = {case: Path(MASK.format(case)) for case in cases}
    return {case: (p.stat().st_ino, p.stat().st_mtime_ns) for case, p in found.items() if p.exists()}


def test_a_record_lies_beside_the_results_and_stands_for_each_cases_file():
    pattern = "results/{experiment}/4_masks/{dataset}/{organ}/{case}.nii.gz"
    assert record(pattern) == "results/{experiment}/batches/4_masks/{dataset}/{organ}/{case}.nii.gz.json"
    clicks = "results/a/batches/5_annotations/d/o/points/@train.mrk.json.json"
    assert of_case(clicks, "@train", "0007") == "results/a/5_annotations/d/o/points/0007.mrk.json"
    assert of_case("results/a/batches/8_predictions/@test_uncertainty", "@test", "7") == (
        "results/a/8_predictions/7_uncertainty"
    )
    assert of_case("case=@test", "@test", "7") == "case=7"
    assert of_case("/raw/batches/clicks.json", "@test", "7") == "/raw/batches/clicks.json"


def test_the_files_are_those_of_the_verb_alone_and_the_record_holds_their_digests(labels):
    assert main(batch(FEW)) == 0
    recorded = json.loads(Path(record(MASK.format("@test"))).read_text(encoding="utf-8"))
    assert list(recorded) == FEW
    for case in FEW:
        assert main(["split", "--label", LABEL.format(case), "--ids", "1", "--out", "alone.nii.gz"]) == 0
        assert Path(MASK.format(case)).read_bytes() == Path("alone.nii.gz").read_bytes()
        assert recorded[case] == file_digest("alone.nii.gz")


def test_killed_among_60_cases_it_goes_on_after_the_last_finished_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for case in CASES:
        make_label(case)
    record_labels(CASES)
    source = str(Path(__file__).parents[2] / "src")
    command = [sys.executable, "-m", "weakseg3d", *batch(CASES)]
    run = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": source})
    deadline = time.monotonic() + 60
    while len(masks(CASES)) < 10 and time.monotonic() < deadline:
        time.sleep(0.002)
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    before = masks(CASES)
    assert 10 <= len(before) < len(CASES)
    assert list(before) == CASES[: len(before)]
    assert not Path(record(MASK.format("@test"))).exists()
    assert main(batch(CASES)) == 0
    after = masks(CASES)
    assert list(after) == CASES
    assert {case: after[case] for case in before} == before


def test_nothing_is_made_twice(labels):
    main(batch(FEW))
    before = masks(FEW)
    Path(record(MASK.format("@test"))).unlink()
    assert main(batch(FEW)) == 0
    assert masks(FEW) == before


@pytest.mark.parametrize("change", ["input", "missing file", "split"])
def test_what_changes_for_one_case_makes_that_case_alone(labels, change):
    main(batch(FEW))
    before = masks(FEW)
    cases = FEW
    if change == "input":
        make_label(FEW[2], ids=(2, 1))
        record_labels(FEW)
    elif change == "missing file":
        Path(MASK.format(FEW[2])).unlink()
    else:
        before[CASES[4]] = None
        cases = [*FEW, CASES[4]]
        make_label(CASES[4])
        record_labels(cases)
    assert main(batch(cases)) == 0
    after = masks(cases)
    assert [case for case in cases if after[case] != before[case]] == [CASES[4] if change == "split" else FEW[2]]


def test_what_is_made_of_the_same_bytes_again_stays_and_is_no_older_than_they(labels):
    main(batch(FEW))
    before = masks(FEW)
    later = before[FEW[2]][1] + 10**9
    os.utime(make_label(FEW[2]), ns=(later, later))
    assert main(batch(FEW)) == 0
    after = masks(FEW)
    assert after[FEW[2]][0] == before[FEW[2]][0]
    assert after[FEW[2]][1] > before[FEW[2]][1]
    assert [case for case in FEW if after[case] != before[case]] == [FEW[2]]


def test_another_option_makes_all_cases_anew(labels):
    main(batch(FEW))
    before = masks(FEW)
    assert main(batch(FEW, ids="2")) == 0
    assert not set(masks(FEW).values()) & set(before.values())


def test_a_failing_case_does_not_keep_the_others_and_leaves_no_record(labels, capsys):
    Path(LABEL.format(FEW[1])).write_bytes(b"no volume")
    record_labels(FEW)
    with pytest.raises(SystemExit) as ended:
        main(batch(FEW))
    assert ended.value.code == 2
    assert LABEL.format(FEW[1]) in capsys.readouterr().err
    assert list(masks(FEW)) == [FEW[0], *FEW[2:]]
    assert not Path(record(MASK.format("@test"))).exists()
    before = masks(FEW)
    make_label(FEW[1])
    record_labels(FEW)
    assert main(batch(FEW)) == 0
    after = masks(FEW)
    assert {case: after[case] for case in before} == before


def test_a_record_without_a_case_is_named(labels, capsys):
    record_labels(FEW[1:])
    assert main(batch(FEW)) == 2
    assert f"{record(LABEL.format('@test'))}: holds no case '{FEW[0]}'" in capsys.readouterr().err
