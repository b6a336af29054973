"""How far a run is, from logs written by hand and by Snakemake."""

import subprocess
import sys

import pytest

from weakseg3d.cli import main
from weakseg3d.errors import UserError
from weakseg3d.jobs.run_log import in_words, latest_log, read_run

PLAN = """\
Building DAG of jobs...
Job stats:
job         count
--------  -------
train           3
evaluate        2
all             1
total           6

Select jobs to execute...
"""
FIRST = """\
[Fri Nov 27 01:00:00 2026]
Job 1: ct: training a for the liver
[Fri Nov 27 01:01:40 2026]
Finished jobid: 1 (Rule: train)
1 of 6 steps (17%) done
[Fri Nov 27 01:01:40 2026]
Job 2: ct: training b for the liver
"""
REST = """\
[Fri Nov 27 01:03:20 2026]
Finished jobid: 2 (Rule: train)
[Fri Nov 27 01:03:20 2026]
Job 4: evaluating a
[Fri Nov 27 01:03:30 2026]
Finished jobid: 4 (Rule: evaluate)
[Fri Nov 27 01:03:30 2026]
Job 3: ct: training c for the liver
"""


def run(*parts):
    return read_run("".join(parts).splitlines(keepends=True))


def test_before_the_first_job_ends_nothing_is_known():
    found = run(PLAN, FIRST[: FIRST.index("[Fri Nov 27 01:01:40")])
    assert (found.total, found.done) == (6, 0)
    assert in_words(found, found.started + 20) == (
        "0 of 6 jobs done (0 %); ct: training a for the liver, for 20 s;"
        " left: 5 jobs of kinds of which none has finished"
    )


def test_one_training_teaches_how_long_the_others_take():
    # The first took 100 s. Of two more, one has run for 40: 160 s are left, and two evaluations.
    found = run(PLAN, FIRST)
    now = found.started + 140
    assert found.remaining(now) == (pytest.approx(160), 2)
    assert in_words(found, now) == (
        "1 of 6 jobs done (16 %); ct: training b for the liver, for 40 s;"
        " left: at least 3 min, and 2 jobs of kinds of which none has finished"
    )


def test_with_every_kind_known_there_is_an_estimate():
    # A training of 100 s that has run for 30, and an evaluation of 10; the last rule makes nothing.
    found = run(PLAN, FIRST, REST)
    assert found.remaining(found.started + 240) == (pytest.approx(80), 0)
    assert in_words(found, found.started + 240).endswith("ct: training c for the liver, for 30 s; about 1 min left")


def test_jobs_at_a_time_shorten_the_rest():
    lines = PLAN.replace("train           3", "train           4")
    for number in (1, 2):
        lines += f"[Fri Nov 27 01:00:00 2026]\nJob {number}: training\n"
    for number in (1, 2):
        lines += f"[Fri Nov 27 01:01:40 2026]\nFinished jobid: {number} (Rule: train)\n"
    found = run(lines)
    # Two trainings of 100 s in 100 s: the other two take 100 s together.
    assert found.remaining(found.last) == (pytest.approx(100), 2)


def test_jobs_of_a_group_are_indented_and_count_from_its_start():
    group = "[Fri Nov 27 01:00:00 2026]\ngroup job x (jobs in lexicogr. order):\n    [Fri Nov 27 01:00:00 2026]\n"
    group += "    Job 4: evaluating a\n    [Fri Nov 27 01:00:00 2026]\n    Job 5: evaluating b\n"
    ends = "[Fri Nov 27 01:00:30 2026]\nFinished jobid: 4 (Rule: evaluate)\nFinished jobid: 5 (Rule: evaluate)\n"
    assert {message for _, message in run(PLAN, group).running.values()} == {"evaluating a", "evaluating b"}
    assert run(PLAN, group, ends).seconds == {"evaluate": [30, 30]}


def test_a_job_whose_start_is_not_told_is_done_but_teaches_nothing():
    found = run(PLAN, "[Fri Nov 27 01:00:30 2026]\nFinished jobid: 4 (Rule: evaluate)\n")
    assert (found.done, dict(found.seconds)) == (1, {})


def test_a_job_that_takes_longer_than_expected_leaves_no_negative_time():
    found = run(PLAN, FIRST, REST)
    assert found.remaining(found.started + 10_000)[0] == 0


def test_a_failed_job_runs_no_more_and_may_be_started_again():
    failure = "[Fri Nov 27 01:02:00 2026]\nError in rule train:\n    message: None\n    jobid: 2\n    output: b\n"
    found = run(PLAN, FIRST, failure)
    assert (found.failed, found.running) == ({"2"}, {})
    assert "1 of 6 jobs done (16 %); 1 failed; " in in_words(found, found.last)
    again = "[Fri Nov 27 01:02:10 2026]\nJob 2: ct: training b for the liver\n"
    assert run(PLAN, FIRST, failure, again).failed == set()


def test_the_log_of_a_real_run_and_the_verb(tmp_path, capsys):
    (tmp_path / "Snakefile").write_text(
        'rule all:\n    input: "a", "b", "c"\n'
        'rule good:\n    output: "a"\n    message: "making a"\n    shell: "touch a"\n'
        'rule bad:\n    output: "b"\n    message: "making b"\n    shell: "exit 1"\n'
        'rule nameless:\n    output: "c"\n    shell: "touch c"\n',
        encoding="utf-8",
    )
    with pytest.raises(UserError, match="no log of a run"):
        latest_log(tmp_path)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--keep-going"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 1
    assert main(["progress", "--folder", str(tmp_path), "--every", "1"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("2 of 4 jobs done (50 %); 1 failed; the run ended after ")
    found = read_run(latest_log(tmp_path).read_text(encoding="utf-8").splitlines())
    assert found.running == {}
    assert set(found.seconds) == {"good", "nameless"}
    # Cut before the end of its first job, the log is that of a run under way.
    text = latest_log(tmp_path).read_text(encoding="utf-8")
    ((_, message),) = read_run(text[: text.index("Finished jobid")].splitlines()).running.values()
    assert message in ("making a", "nameless")


def test_a_wrong_interval_is_rejected(tmp_path, capsys):
    assert main(["progress", "--folder", str(tmp_path), "--every", "0"]) == 2
    assert "--every must be 1 or more" in capsys.readouterr().err
