"""What a report records of its inputs and options, from which its tables can be made again."""

import json
from dataclasses import replace

import pytest
from small_experiment import report, small_experiment

from weakseg3d.errors import UserError
from weakseg3d.report.from_settings import tables_from
from weakseg3d.report.results import Results
from weakseg3d.report.settings import read_settings


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """An experiment with a report that says how models were selected."""
    folder = small_experiment(tmp_path_factory.mktemp("settings"))
    effort = folder / "5_annotations/toy/blob/points/effort.csv"
    effort.write_text("dataset,organ,annotation,case,clicks,drawn_cm\ntoy,blob,points,8,7,0\n", encoding="utf-8")
    assert report(folder, "--effort", str(effort), "--selection", "good=last", "--footer", "experiment=small") == 0
    return folder


def test_the_tables_follow_from_the_recorded_settings(results):
    settings = read_settings(results / "tables/settings.json").with_inputs(lambda path: str(results / path))
    tables = tables_from(settings, Results(results))
    written = {
        path.relative_to(results).as_posix(): path.read_bytes()
        for path in results.glob("tables/**/*")
        if path.is_file() and path.name not in ("metrics.csv", "provenance.json", "settings.json")
    }
    assert tables == written


def test_inputs_are_seen_from_the_folder_of_the_experiment(results):
    settings = read_settings(results / "tables/settings.json")
    assert settings.inputs() == ["tables/metrics.csv", "5_annotations/toy/blob/points/effort.csv"]


def test_an_input_elsewhere_keeps_its_place(results, tmp_path):
    settings = replace(read_settings(results / "tables/settings.json"), published=str(tmp_path / "published.csv"))
    assert settings.seen_from(results).published == str(tmp_path / "published.csv")


@pytest.mark.parametrize(
    ("key", "value"),
    [("show", "dice"), ("footer", {"seeds": 1}), ("scans_to_come", True), ("published", 3), ("title", None)],
)
def test_a_value_that_no_report_writes_is_refused(results, tmp_path, key, value):
    content = json.loads((results / "tables/settings.json").read_text(encoding="utf-8")) | {key: value}
    (tmp_path / "settings.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(UserError, match=f"'{key}' is not what a report writes"):
        read_settings(tmp_path / "settings.json")


def test_the_settings_of_another_version_are_refused(tmp_path):
    (tmp_path / "settings.json").write_text('{"title": "Mine"}', encoding="utf-8")
    with pytest.raises(UserError, match="run the report again"):
        read_settings(tmp_path / "settings.json")
