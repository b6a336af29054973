"""Descriptions and splits of datasets: complete, consistent, and with clear messages about mistakes."""

import pytest
import yaml

from weakseg3d.datasets.adapters import ADAPTERS
from weakseg3d.datasets.description import FORMAT_OPTIONS, PARTS, dataset_names, load_dataset, read_split
from weakseg3d.errors import UserError
from weakseg3d.files import PROJECT
from weakseg3d.schemas import schema

FOLDER = PROJECT / "config" / "datasets"


@pytest.mark.parametrize("name", dataset_names())
def test_every_dataset_is_described(name):
    dataset = load_dataset(name)
    assert dataset["name"] == name
    assert dataset["format"] in ADAPTERS
    if dataset["split"]:
        assert {"train", "test"} <= set(read_split(PROJECT / dataset["split"]).values())


def test_the_schema_knows_every_adapter():
    rules = schema("dataset")["properties"]
    assert set(rules["format"]["enum"]) == set(ADAPTERS) == set(FORMAT_OPTIONS)
    assert set(rules["options"]["properties"]) == {option for options in FORMAT_OPTIONS.values() for option in options}


@pytest.mark.parametrize(
    ("name", "train", "validation", "test"),
    [
        ("phantom_ct", 6, 0, 4),
        ("phantom_mr", 6, 0, 4),
        ("btcv", 20, 0, 10),
        ("chaos_mr", 15, 0, 5),
        ("chaos_mr_t1_in", 15, 0, 5),
        ("chaos_mr_t1_out", 15, 0, 5),
        ("la2018", 16, 0, 8),
        ("mscmrseg", 25, 0, 5),
        ("vs", 176, 20, 46),
        ("brats2019", 244, 27, 1),
        ("acdc", 170, 0, 30),
        ("kits23", 342, 0, 147),
        ("mscmr", 23, 5, 15),
    ],
)
def test_splits_have_the_stated_sizes(name, train, validation, test):
    parts = list(read_split(PROJECT / load_dataset(name)["split"]).values())
    assert [parts.count(part) for part in PARTS] == [train, validation, test, 0]


@pytest.mark.parametrize("name", ["phantom_ct", "phantom_mr"])
def test_the_split_of_the_phantom_lists_its_cases(name):
    dataset = load_dataset(name)
    cases = dataset["access"]["phantom"]["cases"]
    width = 4 if name == "phantom_ct" else 1
    assert set(read_split(PROJECT / dataset["split"])) == {f"{case:0{width}d}" for case in range(1, cases + 1)}


def test_the_patient_of_a_case_is_the_only_group_of_an_expression(tmp_path):
    content = yaml.safe_load((FOLDER / "acdc.yaml").read_text(encoding="utf-8"))
    for pattern, words in {"(": "not a regular expression", ".+": "has 0 groups", "(.)(.+)": "has 2 groups"}.items():
        (tmp_path / "a.yaml").write_text(yaml.safe_dump({**content, "patient": pattern}), encoding="utf-8")
        with pytest.raises(UserError, match=f"a.yaml: key 'patient' .*{words}"):
            load_dataset(tmp_path / "a.yaml")


def test_btcv_split_uses_the_file_numbers_of_btcv():
    cases = {f"{number:04d}" for number in (*range(1, 11), *range(21, 41))}
    split = read_split(PROJECT / "config" / "splits" / "btcv.csv")
    assert set(split) == cases
    # Published as image_0, image_9 (test), image_10 (train) and image_29 (test).
    assert [split[case] for case in ("0001", "0010", "0021", "0040")] == ["test", "test", "train", "test"]


def test_an_unknown_name_suggests_the_most_similar_dataset():
    with pytest.raises(UserError, match="did you mean 'la2018'"):
        load_dataset("la2081")


def write_variant(folder, **changes):
    content = {**yaml.safe_load((FOLDER / "phantom_ct.yaml").read_text(encoding="utf-8")), **changes}
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_a_dataset_can_be_given_by_path(tmp_path):
    assert load_dataset(write_variant(tmp_path, split=""))["name"] == "mine"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"organz": {}}, "unknown key 'organz', did you mean 'organs'"),
        ({"options": {"sequence": "t2spir"}}, "format 'btcv' has no option 'sequence'"),
        ({"access": {"fetch": {"url": "https://a/b.zip", "archive": "b.zip"}}}, "access.fetch"),
        ({"options": {"sequnce": "t2spir"}}, "unknown key 'sequnce' in 'options', did you mean 'sequence'"),
        ({"format": "btvc"}, "'format'"),
        ({"organs": {"spleen": [0]}}, "organs.spleen.0"),
        ({"intensity": {"window": [5, 5]}}, "'intensity.window'"),
        ({"intensity": {"window": [0, 1], "percentiles": [0, 1]}}, "'intensity'"),
        ({"access": {"phantom": {"modality": "ct", "cases": 3}}}, "key 'seed' is missing in 'access.phantom'"),
    ],
)
def test_mistakes_name_file_and_key(tmp_path, changes, words):
    path = write_variant(tmp_path, **changes)
    with pytest.raises(UserError) as error:
        load_dataset(path)
    assert str(path) in str(error.value)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,split\n1,train\n", "first line"),
        ("", "first line"),
        ("case,split\n", "lists no cases"),
        ("case,split\n1,train\n1,test\n", "line 3 repeats case '1'"),
        ("case,split\n1,valid\n", "line 2 is '1,valid'"),
        ("case,split\n1\n", "line 2"),
    ],
)
def test_mistakes_in_a_split_name_file_and_line(tmp_path, text, words):
    path = tmp_path / "split.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as error:
        read_split(path)
    assert str(path) in str(error.value)
    assert words in str(error.value)


def test_case_ids_stay_text(tmp_path):
    path = tmp_path / "split.csv"
    path.write_text("case,split\n0001,train\n\n10,test\n7,validation\n", encoding="utf-8")
    assert read_split(path) == {"0001": "train", "10": "test", "7": "validation"}
