"""Folders of raw data: case ids that are paths, pairs that do not fit, outputs in which someone's files lie."""

import json
import os

import SimpleITK as sitk

from kinds.attempt import Attempt
from kinds.material import import_arguments, organ, scan, write_dataset, write_organ, write_scan

IDS = ("..", ".", "", "a\nb", "a\x1b[31mb", "-x", " ", "a b", "thesis", "é" * 90, "$(touch pwned)", "%s%n", ".part-x")
MAY_PASS = {"a b", "é" * 90, "$(touch pwned)", "%s%n"}
"""Ids that are odd, but name nothing except a file."""


def attempts():
    for case in IDS:
        yield Attempt("folder", "case id in a file name", repr(case)[:30], _named(case), case in MAY_PASS)
    for label in ("../seg.nii.gz", "/etc/passwd", "...nii.gz", "a/../../b.nii.gz", "", 5, None, ["x"]):
        yield Attempt("folder", "dataset.json", f"label {label!r}"[:40], _dataset_json(label))
    for name, content in {
        "a list": [],
        "no training": {"labels": {}},
        "training a text": {"training": "x", "labels": {}},
        "training of numbers": {"training": [1], "labels": {}},
        "training empty": {"training": [], "labels": {}},
        "dataset of ids": {"dataset": {"../x": {"images": ["a.nii.gz"], "label": "b.nii.gz"}}},
    }.items():
        yield Attempt("folder", "dataset.json", name, _json(content))
    for out in (".", "thesis", "notes.txt", "raw", "thesis/thesis.tex/x", ""):
        yield Attempt("folder", "output", out or "(empty)", _output(out))
    for name, change in PAIRS.items():
        yield Attempt("folder", "pair", name, _pair(change))
    for table in ("../..,a.nii.gz,b.nii.gz", "a,/etc/passwd,b.nii.gz", "a,b", "a,,", ",a.nii.gz,a.nii.gz"):
        yield Attempt("folder", "table", table, _table(table))


def _raw(folder):
    (folder / "raw").mkdir()
    return folder / "raw"


def _named(case):
    def write(folder):
        raw = _raw(folder)
        for prefix, image in (("img_", scan()), ("seg_", organ())):
            sitk.WriteImage(image, str(raw / "x.nii.gz"))
            os.rename(raw / "x.nii.gz", raw / f"{prefix}{case}.nii.gz")
        options = {"image": "img_{case}.nii.gz", "label": "seg_{case}.nii.gz"}
        write_dataset(folder, options=options)
        return import_arguments(out="." if case == "thesis" else "cases")

    return write


def _dataset_json(label):
    return _json({"training": [{"image": "a.nii.gz", "label": label}], "labels": {"0": "background", "1": "organ"}})


def _json(content):
    def write(folder):
        write_scan(_raw(folder), "a.nii.gz")
        (folder / "raw/dataset.json").write_text(json.dumps(content), encoding="utf-8")
        write_dataset(folder, options={})
        return import_arguments()

    return write


def _output(out):
    def write(folder):
        raw = _raw(folder)
        case = "thesis" if out == "." else "a"
        write_scan(raw, f"{case}.nii.gz")
        write_organ(raw, f"{case}_seg.nii.gz")
        # The case's folder exists already where the output is someone's own folder.
        if out in ("thesis", "raw"):
            (folder / out / "a").mkdir()
            (folder / out / "a/own.txt").write_text("mine", encoding="utf-8")
        write_dataset(folder)
        return import_arguments(out)

    return write


def _remove_label(raw):
    (raw / "a_seg.nii.gz").unlink()


def _label_on_another_grid(raw):
    image = organ()
    image.SetSpacing((9.0, 9.0, 9.0))
    sitk.WriteImage(image, str(raw / "a_seg.nii.gz"))


def _label_too_large(raw):
    sitk.WriteImage(sitk.Cast(organ(), sitk.sitkInt32) * 70000, str(raw / "a_seg.nii.gz"))


def _soft_label(raw):
    sitk.WriteImage(sitk.Cast(organ(), sitk.sitkFloat32) * 0.5, str(raw / "a_seg.nii.gz"))


def _folder_as_label(raw):
    _remove_label(raw)
    (raw / "a_seg.nii.gz").mkdir()


def _image_empty(raw):
    (raw / "a.nii.gz").write_bytes(b"")


def _nothing(raw):
    _remove_label(raw)
    (raw / "a.nii.gz").unlink()


def _broken_link(raw):
    _remove_label(raw)
    (raw / "a_seg.nii.gz").symlink_to("nowhere")


PAIRS = {
    "no label": _remove_label,
    "label on another grid": _label_on_another_grid,
    "label 70000": _label_too_large,
    "soft label": _soft_label,
    "folder as label": _folder_as_label,
    "empty image": _image_empty,
    "nothing": _nothing,
    "broken link": _broken_link,
}


def _pair(change):
    def write(folder):
        raw = _raw(folder)
        write_scan(raw, "a.nii.gz")
        write_organ(raw, "a_seg.nii.gz")
        change(raw)
        write_dataset(folder)
        return import_arguments()

    return write


def _table(row):
    def write(folder):
        raw = _raw(folder)
        write_scan(raw, "a.nii.gz")
        write_organ(raw, "b.nii.gz")
        (raw / "table.csv").write_text(f"case,image,label\n{row}\n", encoding="utf-8")
        write_dataset(folder, options={"table": "table.csv"})
        return import_arguments()

    return write
