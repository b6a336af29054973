"""3D Slicer markups: files that are no JSON, JSON that is no markups, and points that are nowhere."""

import json

import numpy as np

from kinds.attempt import Attempt
from kinds.material import write_scan
from weakseg3d.annotations.markups import Annotation, Box, write_markups

ARGUMENTS = ["pseudolabel", "--annotation", "a.mrk.json", "--image", "image.nii.gz", "--out", "out.nii.gz"]
INSIDE = np.array([[8.0, 2.0, 28.0], [7.0, 1.0, 26.0]])
NAN, INF = float("nan"), float("inf")


def _point(content):
    return content["markups"][0]["controlPoints"][0]


CHANGES = {
    "no markups": lambda content: content.pop("markups"),
    "markups null": lambda content: content.update(markups=None),
    "markups a number": lambda content: content.update(markups=5),
    "markups a text": lambda content: content.update(markups="text"),
    "markups of numbers": lambda content: content.update(markups=[1, 2]),
    "no type": lambda content: content["markups"][0].pop("type"),
    "unknown type": lambda content: content["markups"][0].update(type="Teapot"),
    "type a list": lambda content: content["markups"][0].update(type=[]),
    "unknown system": lambda content: content["markups"][0].update(coordinateSystem="XYZ"),
    "system a list": lambda content: content["markups"][0].update(coordinateSystem=["LPS"]),
    "points null": lambda content: content["markups"][0].update(controlPoints=None),
    "points a mapping": lambda content: content["markups"][0].update(controlPoints={"a": 1}),
    "a point null": lambda content: content["markups"][0].update(controlPoints=[None]),
    "no position": lambda content: _point(content).pop("position"),
    "position of two": lambda content: _point(content).update(position=[1, 2]),
    "position of texts": lambda content: _point(content).update(position=["a", "b", "c"]),
    "position NaN": lambda content: _point(content).update(position=[NAN, 1, 2]),
    "position infinite": lambda content: _point(content).update(position=[INF, 1, 2]),
    "position 1e308": lambda content: _point(content).update(position=[1e308, 1, 2]),
    "position outside": lambda content: _point(content).update(position=[5000, 1, 2]),
    "position nested": lambda content: _point(content).update(position=[[1], [2], [3]]),
    "position of booleans": lambda content: _point(content).update(position=[True, False, True]),
    "unknown label": lambda content: _point(content).update(label="tumor\x1b[31m"),
    "label a list": lambda content: _point(content).update(label=["organ"]),
}

TEXTS = {
    "empty": b"",
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "a text": b'"organ"',
    "not closed": b'{"markups": [',
    "UTF-16": '{"markups": []}'.encode("utf-16"),
    "Latin-1": '{"markups": "Müller"}'.encode("latin-1"),
    "nesting": b"[" * 100_000,
    "long number": b'{"markups": ' + b"9" * 5000 + b"}",
    "a key twice": b'{"markups": [], "markups": [1]}',
    "NUL bytes": bytes(300),
}

BOXES = {
    "size 0": ("size", 0.0),
    "size negative": ("size", -3.0),
    "size NaN": ("size", NAN),
    "centre NaN": ("center", NAN),
}


def attempts():
    # Slicer writes points without a position, and an ROI that was dragged inside out has a negative size.
    for name, change in CHANGES.items():
        yield Attempt("markups", "changed content", name, _changed(change), name == "no position")
    for name, content in TEXTS.items():
        yield Attempt("markups", "not markups", name, _text(content))
    for share in (0.2, 0.6, 0.9):
        yield Attempt("markups", "cut", str(share), _cut(share))
    for name, (key, value) in BOXES.items():
        yield Attempt("markups", "box", name, _box(key, value), name == "size negative")


def _write(folder, content):
    write_scan(folder)
    (folder / "a.mrk.json").write_bytes(content)
    return [*ARGUMENTS, "gaussian"]


def _intact(folder):
    write_markups(Annotation([{"organ": INSIDE}]), folder / "a.mrk.json")
    return (folder / "a.mrk.json").read_text(encoding="utf-8")


def _changed(change):
    def write(folder):
        content = json.loads(_intact(folder))
        change(content)
        return _write(folder, json.dumps(content).encode())

    return write


def _text(content):
    return lambda folder: _write(folder, content)


def _cut(share):
    def write(folder):
        text = _intact(folder)
        return _write(folder, text[: int(len(text) * share)].encode())

    return write


def _box(key, value):
    def write(folder):
        box = {"center": INSIDE[0].copy(), "size": np.array([3.0, 3.0, 3.0])}
        box[key][1] = 2.5
        write_markups(Annotation([], [Box(**box)]), folder / "a.mrk.json")
        content = json.loads((folder / "a.mrk.json").read_text(encoding="utf-8"))
        content["markups"][0][key][1] = value
        return [*_write(folder, json.dumps(content).encode())[:-1], "box"]

    return write
