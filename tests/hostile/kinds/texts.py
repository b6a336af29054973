"""YAML and CSV: encodings, syntax, types and sizes that a reader does not expect."""

import yaml

from kinds.attempt import Attempt
from kinds.material import DATASET, RECIPE, write_dataset, write_organ, write_scan

NAN, INF = float("nan"), float("inf")
DATASET_TEXT = yaml.safe_dump(DATASET, sort_keys=False)


def _aliases():
    levels = ["a0: &l0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{k + 1}: &l{k + 1} [{', '.join([f'*l{k}'] * 9)}]" for k in range(9)]
    return "\n".join(levels).encode() + b"\n"


YAML_TEXTS = {
    "empty": b"",
    "null": b"null\n",
    "a list": b"- a\n- b\n",
    "a number": b"5\n",
    "UTF-16": DATASET_TEXT.encode("utf-16"),
    "UTF-32": DATASET_TEXT.encode("utf-32"),
    "Latin-1": b"# M\xfcller\n" + DATASET_TEXT.encode(),
    "a tab": b"a:\n\tb: 1\n",
    "an indent": b"a: 1\n  b: 2\n",
    "a key twice": DATASET_TEXT.encode() + b"modality: MR\n",
    "aliases that grow": _aliases(),
    "an alias to itself": b"description: &a [*a]\n",
    "nesting": b"[" * 100_000,
    "a Python object": b"a: !!python/object/apply:os.system ['touch pwned']\n",
    "no such date": b"description: 2024-99-99\n",
    "long number": b"description: " + b"9" * 5000 + b"\n",
    "control characters": b"description: \x01\x02\n",
    "NUL bytes": bytes(500),
    "two documents": DATASET_TEXT.encode() + b"---\n" + DATASET_TEXT.encode(),
    "keys no text": DATASET_TEXT.encode() + b"5: 6\nnull: 7\n",
    "list as a key": b"? [a, b]\n: c\n",
    "merge of a number": b"<<: 5\n",
}

DATASET_CHANGES = {
    "window infinite": {"intensity": {"window": [0, INF]}},
    "window NaN": {"intensity": {"window": [NAN, 1]}},
    "window reversed": {"intensity": {"window": [100, 0]}},
    "window of texts": {"intensity": {"window": ["a", "b"]}},
    "organ id 10^30": {"organs": {"spleen": [10**30]}},
    "organ id negative": {"organs": {"spleen": [-1]}},
    "no organs": {"organs": {}},
    "organ with a line end": {"organs": {"spleen\n": [1]}},
    "unknown format": {"format": "teapot"},
    "format a list": {"format": ["folder"]},
    "no access": {"access": None},
    "unknown key": {"sprlit": "x"},
    "image absolute": {"options": {"image": "/etc/{case}", "label": "{case}.nii"}},
    "image upwards": {"options": {"image": "../../{case}.nii", "label": "{case}.nii"}},
    "label_values of texts": {"options": {"image": "{case}.nii", "label": "{case}.nii", "label_values": {"a": 1}}},
}


def _recipe(**changes):
    return RECIPE | changes


RECIPES = {
    "spacing NaN": _recipe(spacing=NAN),
    "spacing 0": _recipe(spacing=0),
    "spacing a text": _recipe(spacing="two"),
    "unknown network": _recipe(network={"teapot": {}}),
    "two networks": _recipe(network={"unet": {}, "unetr": {}}),
    "channels negative": _recipe(network={"unet": {"channels": [-2, 4, 8]}}),
    "unknown loss": _recipe(loss={"hope": {}}),
    "patch 0": _recipe(training=RECIPE["training"] | {"patch_size": [0, 0, 0]}),
    "patch of two": _recipe(training=RECIPE["training"] | {"patch_size": [16, 16]}),
    "steps negative": _recipe(training=RECIPE["training"] | {"steps": -1}),
    "learning rate infinite": _recipe(training=RECIPE["training"] | {"optimizer": {"adamw": {"learning_rate": INF}}}),
    "patch huge": _recipe(training=RECIPE["training"] | {"patch_size": [10**9] * 3}),
}

CASES = b"case,image,target\n1,image.nii.gz,mask.nii.gz\n"
CSV_TEXTS = {
    "empty": b"",
    "header only": b"case,image,target\n",
    "other header": b"a,b,c\n1,2,3\n",
    "column missing": b"case,image\n1,image.nii.gz\n",
    "too many fields": CASES + b"2,a,b,c,d\n",
    "too few fields": CASES + b"2\n",
    "the same case twice": CASES + CASES.splitlines()[1],
    "UTF-16": CASES.decode().encode("utf-16"),
    "Latin-1": CASES + b"M\xfcller,a,b\n",
    "NUL bytes": CASES + bytes(10),
    "long field": CASES + b"x" * 200_000 + b",a,b\n",
    "open quote": CASES + b'"2,a,b\n',
    "no such file": CASES.replace(b"mask", b"none"),
    "a folder": CASES.replace(b"mask.nii.gz", b"thesis"),
    "semicolons": CASES.replace(b",", b";"),
    "empty cells": CASES + b",,\n",
    "control characters": CASES + b"\x1b[31m,a,b\n",
    "case is a path": CASES.replace(b"\n1,", b"\n../1,"),
}

METRICS_HEADER = "dataset,modality,organ,annotation,method,seed,case,metric,value,unit,status\n"


def _metrics(**cells):
    names = METRICS_HEADER.strip().split(",")
    row = dict(zip(names, ["d", "CT", "spleen", "dense", "m", "0", "c", "dice", "0.5", "1", "ok"], strict=True)) | cells
    return (METRICS_HEADER + ",".join(row.values()) + "\n").encode()


METRICS = {
    "header only": METRICS_HEADER.encode(),
    "value a text": _metrics(value="good"),
    "value infinite": _metrics(value="inf"),
    "value empty": _metrics(value=""),
    "value 1e999": _metrics(value="1e999"),
    "unknown metric": _metrics(metric="beauty"),
    "unknown status": _metrics(status="fine"),
    "wrong unit": _metrics(unit="parsec"),
    "the same row twice": _metrics() + _metrics().splitlines()[1],
    "two in one cell": _metrics() + _metrics(value="0.7").splitlines()[1],
    "two headers": _metrics() + METRICS_HEADER.encode(),
    "seed a text": _metrics(seed="x"),
    "UTF-16": _metrics().decode().encode("utf-16"),
    "Latin-1": _metrics(method="caf\xe9").decode().encode("latin-1"),
    "dice 7": _metrics(value="7"),
}
TOLERABLE_METRICS = {"seed a text", "value empty", "value infinite"}
"""A missing value is a gap in the tables, and a missed surface is infinitely far away."""


def attempts():
    for name, content in YAML_TEXTS.items():
        yield Attempt("yaml", "text", name, _dataset_text(content))
    for name, changes in DATASET_CHANGES.items():
        yield Attempt("yaml", "dataset", name, _dataset(changes))
    for name, recipe in RECIPES.items():
        yield Attempt("yaml", "recipe", name, _train(yaml.safe_dump(recipe).encode(), CASES))
    for name in ("UTF-16", "aliases that grow", "nesting", "a list"):
        yield Attempt("yaml", "recipe text", name, _train(YAML_TEXTS[name], CASES))
    for name, content in CSV_TEXTS.items():
        yield Attempt("csv", "training cases", name, _train(yaml.safe_dump(RECIPE).encode(), content))
    for name, content in METRICS.items():
        yield Attempt("csv", "metrics", name, _report(content), name in TOLERABLE_METRICS)


def _dataset_text(content):
    def write(folder):
        (folder / "d.yaml").write_bytes(content)
        (folder / "raw").mkdir()
        return ["import", "./d.yaml", "--raw", "raw", "--out", "cases"]

    return write


def _dataset(changes):
    def write(folder):
        (folder / "raw").mkdir()
        write_scan(folder / "raw", "a.nii.gz")
        write_organ(folder / "raw", "a_seg.nii.gz")
        return ["import", f"./{write_dataset(folder, **changes)}", "--raw", "raw", "--out", "cases"]

    return write


def _train(recipe, cases):
    def write(folder):
        write_scan(folder)
        write_organ(folder)
        (folder / "recipe.yaml").write_bytes(recipe)
        (folder / "cases.csv").write_bytes(cases)
        return ["train", "--recipe", "recipe.yaml", "--cases", "cases.csv", "--out", "model"]

    return write


def _report(content):
    def write(folder):
        (folder / "metrics.csv").write_bytes(content)
        return ["report", "--metrics", "metrics.csv", "--out", "report"]

    return write
