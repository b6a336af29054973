"""Labels and masks: values, types and grids that a label map cannot have."""

import numpy as np
import SimpleITK as sitk
from conftest import make_volume

from kinds.attempt import Attempt
from kinds.material import SHAPE, SPACING, organ, write_organ, write_scan

VERBS = {
    "split": ["split", "--label", "bad.nrrd", "--ids", "1", "--out", "out.nii.gz"],
    "annotate": ["annotate", "--mask", "bad.nrrd", "--out", "out.mrk.json", "points"],
    "evaluate": ["evaluate", "--prediction", "bad.nrrd", "--reference", "mask.nii.gz", "--csv", "out.csv"],
    "control": ["control", "--kind", "truth", "--source", "bad.nrrd", "--out", "out.nii.gz"],
}

EMPTY_PASSES = {"evaluate", "control"}
"""Verbs for which an empty mask is a mask like any other."""


def _ramp(low, high):
    return np.linspace(low, high, np.prod(SHAPE)).reshape(SHAPE).astype(np.float32)


def _with(value, dtype=np.float32):
    mask = sitk.GetArrayFromImage(organ()).astype(dtype)
    mask[0, 0, 0] = value
    return mask


ARRAYS = {
    "probabilities": _ramp(0.1, 0.9),
    "NaN": _with(np.nan),
    "infinity": _with(np.inf),
    "negative": _with(-1, np.int16),
    "a half": _with(0.5),
    "70000": _with(70000, np.int32),
    "1e30": _with(1e30),
    "64 bits": _with(2**62, np.int64),
}


def attempts():
    for verb, arguments in VERBS.items():
        for name, array in ARRAYS.items():
            write = _array(array, arguments)
            # The ids of other organs do not matter to a split.
            yield Attempt("label", "values", f"{verb} {name}", write, verb == "split" and name == "70000")
        yield Attempt("label", "empty mask", verb, _array(np.zeros(SHAPE, np.uint8), arguments), verb in EMPTY_PASSES)
        yield Attempt("label", "four dimensions", verb, _array(np.zeros((2, *SHAPE), np.uint8), arguments))
        yield Attempt("label", "two dimensions", verb, _array(np.ones(SHAPE[1:], np.uint8), arguments))
        yield Attempt("label", "complex numbers", verb, _array(np.ones(SHAPE, np.complex64), arguments, "bad.mha"))
    for name, spacing, origin in (
        ("other spacing", (2.0, 1.5, 2.0), (3.0, -7.0, 20.0)),
        ("other origin", SPACING, (4.0, -7.0, 20.0)),
        ("other shape", SPACING, None),
    ):
        yield Attempt("label", "other grid", name, _other_grid(spacing, origin))
    for ids in ("x", "-1", "1,,2", "", "999999999999999999999", "1.5", "1;2", "nan"):
        yield Attempt("label", "ids", ids or "(empty)", _ids(ids))


def _array(array, arguments, name="bad.nrrd"):
    def write(folder):
        write_organ(folder)
        image = sitk.GetImageFromArray(array) if array.ndim != 3 else make_volume(array, SPACING, (3.0, -7.0, 20.0))
        sitk.WriteImage(image, str(folder / name))
        return [name if word == "bad.nrrd" else word for word in arguments]

    return write


def _other_grid(spacing, origin):
    def write(folder):
        write_organ(folder)
        array = np.ones(SHAPE if origin else (5, 5, 5), np.uint8)
        sitk.WriteImage(make_volume(array, spacing, origin or (0.0, 0.0, 0.0)), str(folder / "bad.nrrd"))
        write_scan(folder)
        return VERBS["evaluate"]

    return write


def _ids(ids):
    def write(folder):
        write_organ(folder)
        return ["split", "--label", "mask.nii.gz", f"--ids={ids}", "--out", "out.nii.gz"]

    return write
