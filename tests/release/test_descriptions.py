"""The descriptions of a release for machines: what they say, and that the programs of their formats read them."""

import json
from urllib.parse import unquote

import numpy as np
import pytest

from weakseg3d.annotations.markups import Annotation, Box, write_markups
from weakseg3d.files import file_digest
from weakseg3d.release.about import About
from weakseg3d.release.croissant import croissant
from weakseg3d.release.ro_crate import ro_crate
from weakseg3d.report.results import Results
from weakseg3d.report.settings import Settings

ABOUT = About("Clicks & boxes", ["Jane Doe", "Jürgen Roe"], "CC-BY-4.0", "2026-11-27", doi="10.5281/zenodo.1")
SETTINGS = Settings(
    metrics="tables/metrics.csv",
    effort=[],
    agreement=[],
    tried=[],
    published=None,
    title="Small",
    footer={},
    software={"commit": "c0ffee", "python": "3.11.7"},
    selection={},
    paid={},
    show=["dice"],
    scans_to_come=300,
    means_without_missed=False,
    viewer_cases=4,
)
POINTS = {"organ": np.array([[1.0, 2, 3], [4, 5, 6]]), "background": np.array([[7.0, 8, 9]])}
BOX = Box(center=np.array([1.0, 2, 3]), size=np.array([4.0, 5, 6]), axes=np.eye(3))


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def folder(tmp_path):
    """A release in miniature; one of its files has a name that is no address as it is."""
    cases = {"train": ["0001"], "validation": [], "test": ["0002"]}
    toy = {"split": "s.csv", "split_sha256": "", "modality": "CT", "window": None, "cases": cases}
    record = {"experiment": "small", "evaluated_on": "original", "largest_component": False, "config": {}}
    write(tmp_path / "tables/provenance.json", json.dumps(record | {"datasets": {"toy": toy}, "cells": []}))
    write(tmp_path / "tables/metrics.csv", "dataset\n")
    write(tmp_path / "tables/settings.json", SETTINGS.text())
    write(tmp_path / "tables/main.csv", "dataset,dice\n")
    write(tmp_path / "benchmarks/predict/@test 1.tsv", "s\n1\n")
    write(tmp_path / "config/splits/toy.csv", "case,split\n0001,train\n0002,test\n")
    for part, annotation in (("points_number-3", Annotation([POINTS])), ("box", Annotation([], [BOX]))):
        place = tmp_path / f"5_annotations/toy/spleen/{part}/0001.mrk.json"
        place.parent.mkdir(parents=True)
        write_markups(annotation, place)
    return tmp_path


def crate_of(folder):
    return json.loads(ro_crate(folder, ["tables/main.csv"], ABOUT, Results(folder), SETTINGS))


def test_the_crate_names_every_file_with_its_digest(folder):
    entities = {entity["@id"]: entity for entity in crate_of(folder)["@graph"]}
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    parts = [unquote(part["@id"]) for part in entities["./"]["hasPart"]]
    assert parts == sorted(path.relative_to(folder).as_posix() for path in files)
    for part in entities["./"]["hasPart"]:
        entity, path = entities[part["@id"]], folder / unquote(part["@id"])
        assert (entity["sha256"], entity["contentSize"]) == (file_digest(path), str(path.stat().st_size))
    assert entities["tables/main.csv"]["encodingFormat"] == "text/csv"


def test_the_crate_says_who_made_it_and_how(folder):
    entities = {entity["@id"]: entity for entity in crate_of(folder)["@graph"]}
    root = entities["./"]
    assert [entities[author["@id"]]["name"] for author in root["author"]] == ABOUT.authors
    assert (root["name"], root["datePublished"], root["identifier"]) == (
        "Clicks & boxes",
        "2026-11-27",
        "https://doi.org/10.5281/zenodo.1",
    )
    assert root["license"]["@id"] == "https://spdx.org/licenses/CC-BY-4.0"
    making = entities[root["mentions"]["@id"]]
    inputs = ["tables/metrics.csv", "tables/provenance.json", "tables/settings.json"]
    assert [each["@id"] for each in making["object"]] == inputs
    assert [each["@id"] for each in making["result"]] == ["tables/main.csv"]
    assert entities[making["instrument"]["@id"]]["softwareVersion"] == "commit c0ffee, python 3.11.7"


def test_every_name_in_the_crate_is_one_of_its_entities(folder):
    graph = crate_of(folder)["@graph"]
    known = {entity["@id"] for entity in graph}

    def named(value):
        if isinstance(value, list):
            return {name for each in value for name in named(each)}
        return {value["@id"]} if isinstance(value, dict) else set()

    names = {name for entity in graph for value in entity.values() for name in named(value)}
    assert names - known == {"https://w3id.org/ro/crate/1.2"}


def test_the_crate_is_read_by_its_own_program(folder):
    rocrate = pytest.importorskip("rocrate.rocrate", reason="needs the extra 'release'")
    write(folder / "ro-crate-metadata.json", json.dumps(crate_of(folder)))
    crate = rocrate.ROCrate(folder)
    assert crate.name == "Clicks & boxes"
    assert crate.version == "1.2"
    assert [author["name"] for author in crate.root_dataset["author"]] == ABOUT.authors
    sizes = {entity.id: entity["contentSize"] for entity in crate.get_by_type("File")}
    assert sizes["benchmarks/predict/%40test%201.tsv"] == "4"


def test_splits_are_records_whose_cases_stay_text(folder):
    (splits,) = [each for each in described(folder)["recordSet"] if each["@id"] == "splits"]
    assert splits["data"] == [
        {"splits/dataset": "toy", "splits/case": "0001", "splits/part": "train"},
        {"splits/dataset": "toy", "splits/case": "0002", "splits/part": "test"},
    ]


def test_only_kinds_of_annotations_that_are_there_are_described(folder):
    (folder / "5_annotations/toy/spleen/box/0001.mrk.json").unlink()
    content = described(folder)
    assert [each["@id"] for each in content["recordSet"]] == ["splits", "points"]
    assert [each["@id"] for each in content["distribution"]] == ["config/splits/toy.csv", "files-of-points"]


def test_splits_and_annotations_are_loaded_by_the_formats_own_program(folder, caplog):
    mlcroissant = pytest.importorskip("mlcroissant", reason="needs the extra 'release'")
    write(folder / "croissant.json", croissant(folder, ABOUT, Results(folder)))
    dataset = mlcroissant.Dataset(folder / "croissant.json")
    assert not dataset.metadata.ctx.issues.errors
    assert "@context" not in caplog.text
    splits = list(dataset.records("splits"))
    assert splits[0] == {"splits/dataset": "toy", "splits/case": "0001", "splits/part": "train"}
    place = {"dataset": b"toy", "organ": b"spleen", "annotation": b"points_number-3", "case": b"0001"}
    points = [{key.removeprefix("points/"): value for key, value in each.items()} for each in dataset.records("points")]
    assert points == [
        place | {"label": b"organ", "position": [1, 2, 3]},
        place | {"label": b"organ", "position": [4, 5, 6]},
        place | {"label": b"background", "position": [7, 8, 9]},
    ]
    (box,) = dataset.records("boxes")
    assert (box["boxes/center"], box["boxes/size"]) == ([1, 2, 3], [4, 5, 6])
    assert (box["boxes/annotation"], box["boxes/orientation"]) == (b"box", np.eye(3).ravel().tolist())


def described(folder):
    return json.loads(croissant(folder, ABOUT, Results(folder)))
