"""Kinds of broken inputs, one module for each few groups; every module yields `Attempt`s from ``attempts()``."""

import importlib

MODULES = (
    "images",
    "labels",
    "markups",
    "options",
    "texts",
    "folders",
    "archives",
    "dicom",
    "models",
    "results",
    "http",
    "shell",
)


def all_attempts():
    """Return every `Attempt`; the order and the content are the same in every run."""
    return [attempt for name in MODULES for attempt in importlib.import_module(f"kinds.{name}").attempts()]
