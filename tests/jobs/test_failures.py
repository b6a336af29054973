"""The last line of a run that failed, from Snakemake's own log."""

import pytest

from weakseg3d.jobs.failures import failures, summary

LOG = """\
RuleException:
CalledProcessError in file "/w/1_download.smk", line 55:
[Thu Nov 26 02:43:31 2026]
Error in rule {rule}:
    message: None
    jobid: 11
    output: results/tiny/1_raw/hospital/source.json
    log: {log} (check log file(s) for error details)
    shell:
        python -m weakseg3d download hospital > {log} 2>&1
        (command exited with non-zero exit code)
Logfile {log}:
================================================================================
Error in rule of a log that Snakemake repeats
"""


@pytest.fixture
def snakemake_log(tmp_path):
    """Write a log in which two jobs failed, and the log of the first; return the path of the former."""
    (tmp_path / "first.log").write_text("10 %\nweakseg3d train: out of\x1b[31m memory\n\n", encoding="utf-8")
    text = "".join(LOG.format(rule=rule, log=tmp_path / f"{rule}.log") for rule in ("first", "second"))
    (tmp_path / "snakemake.log").write_text(text, encoding="utf-8")
    return tmp_path / "snakemake.log"


def test_the_first_message_is_repeated_without_terminal_codes(snakemake_log):
    first = snakemake_log.with_name("first.log")
    sentence = rf"failed in first: weakseg3d train: out of?[31m memory; see {first}"
    assert summary([str(snakemake_log)]) == sentence


def test_every_failed_job_has_its_own_log(snakemake_log):
    failed = failures(snakemake_log.read_text(encoding="utf-8"))
    assert [failure.rule for failure in failed] == ["first", "second"]
    assert [failure.log for failure in failed] == [
        str(snakemake_log.with_name(f"{n}.log")) for n in ("first", "second")
    ]


def test_a_job_without_a_log_leads_to_the_log_of_the_run(snakemake_log):
    snakemake_log.write_text("Error in rule gather_metrics:\n    jobid: 2\n", encoding="utf-8")
    assert summary([str(snakemake_log)]) == f"failed in gather_metrics; see {snakemake_log}"
    assert summary([]) == "the run failed; see the messages above"


def test_of_a_group_the_job_with_a_message_is_named(snakemake_log):
    first = snakemake_log.with_name("first.log")
    empty = snakemake_log.with_name("empty.log")
    empty.touch()
    jobs = "".join(
        f"        rule {rule}:\n            jobid: 1\n            log: {log} (check log file(s) for error details)\n"
        for rule, log in (("import_case", empty), ("resample", first), ("split_labels", "nowhere.log"))
    )
    snakemake_log.write_text("    jobs:\n" + jobs, encoding="utf-8")
    assert summary([str(snakemake_log)]).startswith("failed in resample: weakseg3d train: ")
