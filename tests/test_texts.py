"""Damaged YAML, CSV, JSON and split files, in every place that reads one: one sentence that names the file."""

import json
import re
import time
from pathlib import Path

import pytest

from weakseg3d.annotations.markups import read_markups
from weakseg3d.datasets.adapters import folder
from weakseg3d.datasets.description import load_dataset, read_split
from weakseg3d.errors import UserError
from weakseg3d.evaluation.long_table import read_metrics
from weakseg3d.experiment.config_text import check_config_files
from weakseg3d.experiment.recipes import checked_method, checked_recipe
from weakseg3d.jobs.batches import case_digests
from weakseg3d.report.figures.training_curves import read_losses
from weakseg3d.report.results import Results, read_run
from weakseg3d.report.settings import read_settings
from weakseg3d.report.tables.method_facts import read_effort
from weakseg3d.report.tables.published import read_published
from weakseg3d.schemas import validated
from weakseg3d.texts import as_cell, from_cell, read_csv, read_json, read_yaml
from weakseg3d.training.loading import read_cases

LONG = "9" * 5000
ALIASES = "a: &l0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"b{k}: &l{k + 1} [{', '.join([f'*l{k}'] * 9)}]\n" for k in range(9)
)

ANY = {
    "UTF-16": ("a".encode("utf-16"), "encoded as UTF-16; save it as UTF-8"),
    "UTF-16 without a mark": ("a\nb".encode("utf-16-le"), "line 1 has a NUL character"),
    "Latin-1": ("a: 1\n# Universität\n".encode("latin-1"), "line 2 is not encoded as UTF-8; save it as UTF-8"),
    "NUL": (b"a: 1\nb: \0\n", "line 2 has a NUL character"),
}

YAML = {
    "tab": (b"a:\n\tb: 1\n", r"not valid YAML in line 2 \(a tab; indent with spaces\)"),
    "indent": (b"a: 1\n  b: 1\n", "not valid YAML in line 2"),
    "control character": (b"a: 1\nb: \x07\n", r"line 2 \(a control character\)"),
    "list": (b"- a\n", "must hold a mapping"),
    "empty": (b"", "must hold a mapping"),
    "key twice": (b"a: 1\nb: 2\na: 3\n", "the key 'a' is in line 1 and in line 3"),
    "inner key twice": (b"x:\n  a: 1\n  a: 2\n", "the key 'a' is in line 2 and in line 3"),
    "collection as key": (b"? [1]\n: 2\n", "the key in line 1 is a collection"),
    "aliases": (ALIASES.encode(), "more than 100000 values"),
    "alias of itself": (b"a: &a [*a]\n", "the alias in line 1 is part of the value"),
    "merges": (
        b"a0: &a0 {k: 1}\n"
        + b"".join(b"a%d: &a%d {<<: [%s]}\n" % (k, k, b", ".join([b"*a%d" % (k - 1)] * 9)) for k in range(1, 9)),
        "more than 100000 values",
    ),
    "nesting in brackets": (b"a: " + b"[" * 10**5, "nested more than 100 levels deep"),
    "nesting in dashes": (b"a:\n  " + b"- " * 10**5, "nested more than 100 levels deep"),
    "long number": (b"a: " + LONG.encode(), "the number '9{60}…' in line 1 is too large"),
    "number beyond 64 bits": (b"a: 1\nb: 9223372036854775808\n", "in line 2 is too large"),
    "tag": (b"a: !!python/object/apply:os.system [ls]\n", "the tag '.*' in line 1 is not supported"),
    "wrong type": (b"a: !!int x\n", "'x' in line 1 does not fit its type"),
    "half a character": (b'a: "\\ud800"\n', "half a character"),
}

JSON = {
    "syntax": (b'{\n"a" 1}', "not valid JSON in line 2"),
    "empty": (b"", "not valid JSON in line 1"),
    "list": (b"[1]", "must hold an object"),
    "key twice": (b'{"a": 1, "b": {"c": 1, "c": 2}}', "an object has the key 'c' twice"),
    "nesting": (b'{"a": ' + b"[" * 10**5, "nested more than 100 levels deep"),
    "complete nesting": (b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}", "nested more than 100 levels deep"),
    "long number": (b'{"a": ' + LONG.encode() + b"}", "the number '9{60}…' is too large"),
    "half a character": (b'{"a": "\\ud800"}', "half a character"),
}

NOT_FINITE = {
    "NaN": (b'{"a": NaN}', "the number 'NaN' is not finite"),
    "infinity": (b'{"a": [-Infinity]}', "the number '-Infinity' is not finite"),
    "large exponent": (b'{"a": 1e999}', "the number '1e999' is not finite"),
}

CSV = {
    "empty": (b"", "empty; the first line"),
    "column twice": (b"a,b,a\n1,2,3\n", "names the column 'a' twice"),
    "short row": (b"a,b\n1,2\n3\n", "line 3, '3', has 1 fields"),
    "long row": (b"a,b\n1,2,3\n", "line 2, '1,2,3', has 3 fields"),
    "long field": (b"a,b\n1," + b"x" * 131_073, r"not valid CSV in line 2 \(field larger than"),
    "open quotes": (b'a,b\n1,"2\n3,4\n', "not valid CSV in line 3"),
}


def method(path):
    return checked_method(read_yaml(path), path)


def recipe(path):
    return checked_recipe(read_yaml(path), path)


def table_of_a_folder(path):
    return folder.find_cases(path.parent, {"table": path.name})


def dataset_json(path):
    return folder.find_cases(path.parent, {"dataset_json": path.name})


def record_of_an_experiment(path):
    return Results(path.parent.parent)


READERS = {
    "yaml": {
        "any": read_yaml,
        "dataset.yaml": load_dataset,
        "method.yaml": method,
        "recipe.yaml": recipe,
        "config.yaml": lambda path: check_config_files([path]),
    },
    "json": {
        "any": read_json,
        "clicks.mrk.json": read_markups,
        "dataset.json": dataset_json,
        "run.json": read_run,
        "tables/provenance.json": record_of_an_experiment,
        "tables/settings.json": read_settings,
        "results/e/batches/@test.json": lambda path: case_digests(str(path), "@test", ["1"]),
        "config.json": lambda path: check_config_files([path]),
    },
    "csv": {
        "any": read_csv,
        "split.csv": read_split,
        "cases.csv": read_cases,
        "metrics.csv": read_metrics,
        "published.csv": read_published,
        "effort.csv": lambda path: read_effort([path]),
        "losses.csv": read_losses,
        "table.csv": table_of_a_folder,
    },
}

DAMAGES = {"yaml": ANY | YAML, "json": ANY | JSON, "csv": ANY | CSV}

KEEPS_NAN = ("run.json", "tables/provenance.json")
"""A diverged training and its report may hold NaN."""


@pytest.mark.parametrize(
    ("kind", "name", "damage"),
    [(kind, name, damage) for kind, readers in READERS.items() for name in readers for damage in DAMAGES[kind]]
    + [("json", name, damage) for name in READERS["json"] if name not in KEEPS_NAN for damage in NOT_FINITE],
)
def test_a_damaged_file_is_named_in_one_sentence(tmp_path, monkeypatch, kind, name, damage):
    content, sentence = (DAMAGES[kind] | NOT_FINITE)[damage]
    monkeypatch.chdir(tmp_path)
    path = tmp_path / name
    if name.startswith("results"):
        path = path.relative_to(tmp_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    start = time.perf_counter()
    with pytest.raises(UserError, match=sentence) as caught:
        READERS[kind][name](path)
    assert time.perf_counter() - start < 5
    assert str(caught.value).startswith(f"{path}: ")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_byte_order_mark_changes_nothing(tmp_path, encoding):
    (tmp_path / "a.yaml").write_text("ä: 1\n", encoding=encoding)
    (tmp_path / "a.json").write_text('{"ä": 1}', encoding=encoding)
    (tmp_path / "a.csv").write_text("ä,b\n1,2\n", encoding=encoding)
    assert read_yaml(tmp_path / "a.yaml") == read_json(tmp_path / "a.json") == {"ä": 1}
    assert read_csv(tmp_path / "a.csv").records() == [{"ä": "1", "b": "2"}]


def test_yaml_keeps_dates_as_text_and_merges_as_defined(tmp_path):
    text = "date: 2024-99-99\nday: 2024-01-01\nrate: 3e-05\na: &a {k: 1}\nb: {c: &c {<<: *a, k: 2}}\nd: {<<: *c}\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    content = read_yaml(tmp_path / "a.yaml")
    assert (content["date"], content["day"], content["rate"]) == ("2024-99-99", "2024-01-01", 3e-05)
    assert (content["b"], content["d"]) == ({"c": {"k": 2}}, {"k": 2})


def test_csv_counts_lines_of_the_file(tmp_path):
    (tmp_path / "a.csv").write_bytes(b'a,b\r\n\r\n1,"x\r\ny"\r\n3,4\r\n')
    table = read_csv(tmp_path / "a.csv")
    assert (table.rows, table.lines) == ([["1", "x\r\ny"], ["3", "4"]], [4, 5])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"experiment": "a", "spacing": float("nan")}, "key 'spacing' is nan; give a finite number"),
        ({"intensity": {"d": {"window": [0, float("inf")]}}}, "key 'intensity.d.window' is inf"),
        ({"threads": 10**30}, "key 'threads' is beyond the whole numbers of 64 bits"),
        ({"datasets": {1: ["a"]}}, "the key '1' in 'datasets' must be text"),
        ({"datasets": {None: ["a"]}}, "the key 'None' in 'datasets' must be text"),
        ({True: 1}, "the key 'True' must be text"),
        ({"experiment": "x" * 1000}, "unknown|missing|does not fit"),
    ],
)
def test_what_a_schema_cannot_say_is_checked(content, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        validated(content, "config", "c.yaml")
    assert len(str(caught.value)) < 500


DATASET = """\
description: d
modality: CT
format: folder
access: {place: {instructions: ask}}
options: {label_values: {%s}}
organs: {spleen: [1]}
intensity: {window: [%s, 100]}
"""


@pytest.mark.parametrize("values", ["205: 1, 420: 2", "'205': 1, '420': 2", "205: 1, '420': 2"])
def test_label_values_may_be_quoted(tmp_path, values):
    (tmp_path / "d.yaml").write_text(DATASET % (values, 0), encoding="utf-8")
    assert load_dataset(tmp_path / "d.yaml")["options"]["label_values"] == {205: 1, 420: 2}


@pytest.mark.parametrize(
    ("values", "low", "sentence"),
    [
        ("205: 1, '205': 2", 0, "with and without quotes"),
        ("x: 1", 0, "'x' in 'options.label_values' is not a whole number"),
        ("1.5: 1", 0, "'1.5' in 'options.label_values' is not a whole number"),
        ("-1: 1", 0, "'-1' in 'options.label_values' is not a whole number"),
        ("1: .nan", 0, "key 'options.label_values.1' is nan"),
        ("1: 1", "-.inf", "key 'intensity.window' is -inf"),
    ],
)
def test_wrong_numbers_of_a_dataset_are_named(tmp_path, values, low, sentence):
    (tmp_path / "d.yaml").write_text(DATASET % (values, low), encoding="utf-8")
    with pytest.raises(UserError, match=sentence):
        load_dataset(tmp_path / "d.yaml")


@pytest.mark.parametrize("text", ["=cmd", "+1", "-a", "@x", "\tx", "'=x", "''@x"])
def test_a_cell_is_no_formula_and_can_be_read_back(text):
    assert as_cell(text) == "'" + text
    assert from_cell(as_cell(text)) == text


@pytest.mark.parametrize("text", ["case-1", "", "'a'", "a=b", "0.5", "'"])
def test_ordinary_text_is_its_own_cell(text):
    assert as_cell(text) == from_cell(text) == text


def test_a_journal_of_hashes_is_read_as_it_was_written(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"1": "ab" * 32}, indent=0) + "\n", encoding="utf-8")
    assert read_json(tmp_path / "a.json") == {"1": "ab" * 32}


def test_the_text_of_other_programs_is_read_as_utf8():
    """Never in the process's locale, which image libraries change to C while they read and write files."""
    root = Path(__file__).parents[1]
    sources = [path for folder in ("src", "tests", "workflow", "benchmarks") for path in (root / folder).rglob("*.py")]
    guessed = re.compile(r"\b(text|universal_newlines)\s*=\s*True")
    assert len(sources) > 300
    assert [str(path) for path in sources if guessed.search(path.read_text(encoding="utf-8"))] == []
