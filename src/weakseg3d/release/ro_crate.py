"""``ro-crate-metadata.json``: what the files of a release are, who made them and how, for repositories and search.

RO-Crate 1.2 (https://w3id.org/ro/crate/1.2), which is JSON-LD with the terms of schema.org.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from weakseg3d.experiment import paths
from weakseg3d.files import file_digest
from weakseg3d.release.about import About
from weakseg3d.report.results import Results
from weakseg3d.report.settings import Settings

NAME = "ro-crate-metadata.json"

VERSION = "https://w3id.org/ro/crate/1.2"

FORMATS = {
    ".csv": "text/csv",
    ".gz": "application/gzip",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".tex": "application/x-tex",
    ".tsv": "text/tab-separated-values",
    ".yaml": "application/yaml",
}
"""Media types by suffix; other files are plain text."""

DESCRIPTIONS = {
    "report.html": "Tables and figures on one page",
    "digests.csv": "SHA-256 of the models and predictions, which are not here",
    "requirements.lock": "The packages that ran the experiment",
    paths.in_results(paths.ALL_METRICS): "Every metric of every test case, method and seed",
    paths.in_results(paths.PROVENANCE): "Which cases, models and config every value comes from",
    paths.in_results(paths.SETTINGS): "Inputs and options of the report, from which the tables follow",
}

SOFTWARE = "#weakseg3d"


def ro_crate(folder: Path, tables: Iterable[str], about: About, results: Results, settings: Settings) -> str:
    """Return the description of the files below ``folder``, of which ``tables`` were made of the others, as JSON."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    authors = [
        {"@id": f"#author-{number}", "@type": "Person", "name": name} for number, name in enumerate(about.authors, 1)
    ]
    licence = {"@id": about.licence_url, "@type": "CreativeWork", "name": about.licence}
    making = _making_the_tables(tables, settings)
    root: dict[str, Any] = {
        "@id": "./",
        "@type": "Dataset",
        "name": about.title,
        "description": about.describe(results.experiment),
        "datePublished": about.date,
        "license": _reference(licence),
        "author": [_reference(author) for author in authors],
        "hasPart": _files(names),
        "mentions": _reference(making),
    }
    if about.doi:
        root["identifier"] = about.doi_url
    descriptor = {"@id": NAME, "@type": "CreativeWork", "about": {"@id": "./"}, "conformsTo": {"@id": VERSION}}
    files = [_file(folder, name) for name in names]
    graph = [descriptor, root, *authors, licence, _software(settings), making, *files]
    return json.dumps({"@context": f"{VERSION}/context", "@graph": graph}, indent=1, ensure_ascii=False) + "\n"


def _making_the_tables(tables: Iterable[str], settings: Settings) -> dict[str, Any]:
    """Return the action by which the tables follow from the rest."""
    records = [paths.in_results(path) for path in (paths.PROVENANCE, paths.SETTINGS)]
    return {
        "@id": "#making-the-tables",
        "@type": "CreateAction",
        "name": "Making the tables",
        "instrument": {"@id": SOFTWARE},
        "object": _files([*settings.inputs(), *records]),
        "result": _files(sorted(tables)),
    }


def _software(settings: Settings) -> dict[str, Any]:
    versions = ", ".join(f"{name} {text}" for name, text in settings.software.items())
    return {"@id": SOFTWARE, "@type": "SoftwareApplication", "name": "weakseg3d", "softwareVersion": versions}


def _file(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    described = {"description": DESCRIPTIONS[name]} if name in DESCRIPTIONS else {}
    return {
        "@id": quote(name),
        "@type": "File",
        "name": name,
        **described,
        "encodingFormat": FORMATS.get(path.suffix, "text/plain"),
        "contentSize": str(path.stat().st_size),
        "sha256": file_digest(path),
    }


def _files(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"@id": quote(name)} for name in names]


def _reference(entity: dict[str, Any]) -> dict[str, str]:
    return {"@id": entity["@id"]}
