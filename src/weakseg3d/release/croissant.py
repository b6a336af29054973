"""``croissant.json``: the splits and the clicks of a release as records that programs load without knowing its files.

Croissant 1.0 (https://docs.mlcommons.org/croissant/docs/croissant-spec.html), which is JSON-LD like RO-Crate.
"""

import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

from weakseg3d.experiment import paths
from weakseg3d.files import file_digest
from weakseg3d.release.about import About
from weakseg3d.report.results import Results
from weakseg3d.texts import read_json

NAME = "croissant.json"

TERMS = (
    "citeAs column equivalentProperty extract field fileObject fileProperty fileSet format includes isLiveDataset"
    " jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate separator source"
    " subField transform"
)
"""The terms that Croissant defines; readers warn if any is missing, used or not."""

CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in TERMS.split()},
}

KINDS = {
    "points": ("Fiducial", "One clicked point: in which case, whether organ or background, and where in mm (LPS)."),
    "boxes": ("ROI", "One box: in which case, its centre, size and axes in mm (LPS)."),
}
"""What annotations consist of: the type in Slicer's markups, and what a record is."""

VALUES = {
    "points": {
        "label": ("$.markups[*].controlPoints[*].label", "sc:Text"),
        "position": ("$.markups[*].controlPoints[*].position", "sc:Float"),
    },
    "boxes": {
        "center": ("$.markups[*].center", "sc:Float"),
        "size": ("$.markups[*].size", "sc:Float"),
        "orientation": ("$.markups[*].orientation", "sc:Float"),
    },
}
"""The values of a record: where they are in a file, and their type."""

MARKUPS = paths.in_results(paths.ANNOTATION).replace("{suffix}", "mrk.json")
"""The files of clicks and boxes."""

WILDCARD = re.compile(r"\{(\w+)\}")


def _place(part: str) -> str:
    """Return the regular expression of a ``part`` of the path of an annotation, such as its organ."""
    pieces = WILDCARD.split(MARKUPS)
    # Texts and names of wildcards take turns.
    wild = ["([^/]+)" if name == part else "[^/]+" for name in pieces[1::2]]
    return ".*" + "".join(f"{re.escape(text)}{name}" for text, name in zip(pieces[::2], [*wild, ""], strict=True))


PLACES = {part: _place(part) for part in WILDCARD.findall(MARKUPS)}
"""What the path of an annotation says, as regular expressions."""


def croissant(folder: Path, about: About, results: Results) -> str:
    """Return the description of the splits and annotations below ``folder`` as JSON."""
    folders = {kind: _folders_with(folder, type_) for kind, (type_, _) in KINDS.items()}
    found = [kind for kind in KINDS if folders[kind]]
    content = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": results.experiment,
        "alternateName": about.title,
        "description": about.describe(results.experiment),
        "license": about.licence_url,
        "creator": [{"@type": "sc:Person", "name": name} for name in about.authors],
        "datePublished": about.date,
        "citeAs": about.citation(),
        **({"url": about.doi_url} if about.doi else {}),
        "distribution": [*_split_files(folder, results), *(_file_set(kind, folders[kind]) for kind in found)],
        "recordSet": [_splits(results), *map(_annotations, found)],
    }
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _folders_with(folder: Path, type_: str) -> list[str]:
    """Return the folders of the annotations that have markups of a type of Slicer's."""
    files = sorted(folder.glob(WILDCARD.sub("*", MARKUPS)))
    found = [path for path in files if any(each.get("type") == type_ for each in read_json(path)["markups"])]
    return sorted({PurePosixPath(path.relative_to(folder).as_posix()).parent.as_posix() for path in found})


def _split_files(folder: Path, results: Results) -> list[dict[str, Any]]:
    names = [f"config/splits/{name}.csv" for name in results.datasets]
    return [
        {
            "@type": "cr:FileObject",
            "@id": name,
            "name": PurePosixPath(name).name,
            "contentUrl": name,
            "encodingFormat": "text/csv",
            "sha256": file_digest(folder / name),
        }
        for name in names
    ]


def _file_set(kind: str, folders: list[str]) -> dict[str, Any]:
    return {
        "@type": "cr:FileSet",
        "@id": f"files-of-{kind}",
        "name": f"files of {kind}",
        "includes": [f"{folder}/*.mrk.json" for folder in folders],
        "encodingFormat": "application/json",
    }


def _splits(results: Results) -> dict[str, Any]:
    """Return the records of the splits; they stand here, as readers of CSV may take the case 0001 for a number."""
    keys = ("dataset", "case", "part")
    data = [
        {"splits/dataset": name, "splits/case": case, "splits/part": part}
        for name, dataset in results.datasets.items()
        for part, cases in dataset["cases"].items()
        for case in cases
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "description": "One case: in which part of its dataset's split it is.",
        "key": [{"@id": "splits/dataset"}, {"@id": "splits/case"}],
        "field": [{"@type": "cr:Field", "@id": f"splits/{key}", "name": key, "dataType": "sc:Text"} for key in keys],
        "data": data,
    }


def _annotations(kind: str) -> dict[str, Any]:
    """Return how records of points or boxes are read from Slicer's files."""
    files = {"fileSet": {"@id": f"files-of-{kind}"}}
    fields: list[dict[str, Any]] = [
        {
            "@type": "cr:Field",
            "@id": f"{kind}/{name}",
            "name": name,
            "dataType": "sc:Text",
            "source": files | {"extract": {"fileProperty": "fullpath"}, "transform": {"regex": pattern}},
        }
        for name, pattern in PLACES.items()
    ]
    for name, (path, type_) in VALUES[kind].items():
        repeated = {"repeated": True} if type_ == "sc:Float" else {}
        source = files | {"extract": {"jsonPath": path}}
        field = {"@type": "cr:Field", "@id": f"{kind}/{name}", "name": name, "dataType": type_}
        fields.append(field | repeated | {"source": source})
    return {"@type": "cr:RecordSet", "@id": kind, "name": kind, "description": KINDS[kind][1], "field": fields}
