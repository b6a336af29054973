"""model.pt: recipes and weights that no training wrote, damaged files, and pickles that would run code."""

import copy
import os
import pickle

import SimpleITK as sitk
from conftest import make_volume

from kinds.attempt import Attempt
from kinds.material import RECIPE, cut, flip, organ, write_scan
from weakseg3d.experiment.recipes import checked_recipe

NAN, INF = float("nan"), float("inf")
ARGUMENTS = ["predict", "--model", "model.pt", "--image", "image.nii.gz", "--out", "prediction.nii.gz"]


def _set(*keys, value):
    def change(model):
        owner = model["recipe"]
        for key in keys[:-1]:
            owner = owner[key]
        owner[keys[-1]] = value

    return change


CHANGES = {
    "no recipe": lambda model: model.pop("recipe"),
    "no weights": lambda model: model.pop("weights"),
    "recipe a text": lambda model: model.update(recipe="x"),
    "recipe empty": lambda model: model.update(recipe={}),
    "weights empty": lambda model: model.update(weights={}),
    "weights a list": lambda model: model.update(weights=[1, 2]),
    "weights NaN": lambda model: next(iter(model["weights"].values())).fill_(NAN),
    "weights infinite": lambda model: next(iter(model["weights"].values())).fill_(INF),
    "a weight missing": lambda model: model["weights"].popitem(),
    "patch 0": _set("training", "patch_size", value=[0, 0, 0]),
    "patch negative": _set("training", "patch_size", value=[-16, 16, 16]),
    "patch a text": _set("training", "patch_size", value="large"),
    "patch 10^9": _set("training", "patch_size", value=[10**9] * 3),
    "threshold NaN": _set("prediction", "threshold", value=NAN),
    "overlap 1": _set("prediction", "overlap", value=1.0),
    "overlap negative": _set("prediction", "overlap", value=-1.0),
    "10^12 passes": _set("prediction", "passes", value=10**12),
    "no passes": _set("prediction", "passes", value=0),
    "spacing NaN": _set("spacing", value=NAN),
    "spacing other": _set("spacing", value=7.0),
    "window infinite": _set("intensity", value={"window": [0, INF]}),
    "network unknown": _set("network", value={"teapot": {}}),
    "channels huge": _set("network", value={"unet": {"channels": [10**6, 10**6, 10**6]}}),
    "threads 10^9": _set("threads", value=10**9),
    "seed negative": _set("seed", value=-1),
    "normalisation unknown": _set("normalisation", value="teapot"),
}


class _Command:
    """Would make a file called pwned if it were unpickled."""

    def __reduce__(self):
        return os.system, ("touch pwned",)


CONTENTS = {
    "empty": b"",
    "text": b"hello\n",
    "zeros": bytes(1000),
    "a pickle that runs a command": pickle.dumps({"recipe": _Command(), "weights": {}}),
}


def attempts():
    for name, change in CHANGES.items():
        yield Attempt("model", "content", name, _changed(change))
    for name, content in CONTENTS.items():
        yield Attempt("model", "not a model", name, _content(content))
    for share in (0.1, 0.5, 0.9):
        yield Attempt("model", "cut", str(share), _damaged(lambda path, s=share: cut(path, s)))
    for seed in range(3):
        yield Attempt("model", "flipped bytes", f"seed {seed}", _damaged(lambda path, s=seed: flip(path, s, 20)), True)


def _write_image(folder):

    array = sitk.GetArrayFromImage(organ()).astype("float32")
    sitk.WriteImage(make_volume(array, (2.0, 2.0, 2.0)), str(folder / "image.nii.gz"))


def _model():
    """Return the content of an intact model.pt."""
    from weakseg3d.networks import build_network

    recipe = checked_recipe(copy.deepcopy(RECIPE), "recipe")
    network = build_network(recipe["network"], recipe["training"]["patch_size"])
    return {"recipe": copy.deepcopy(recipe), "weights": network.state_dict()}


def _changed(change):
    def write(folder):
        import torch

        _write_image(folder)
        model = _model()
        change(model)
        torch.save(model, folder / "model.pt")
        return ARGUMENTS

    return write


def _content(content):
    def write(folder):
        write_scan(folder)
        (folder / "model.pt").write_bytes(content)
        return ARGUMENTS

    return write


def _damaged(damage):
    def write(folder):
        arguments = _changed(lambda model: None)(folder)
        damage(folder / "model.pt")
        return arguments

    return write
