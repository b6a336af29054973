"""Datasets: what their YAML says, how their raw files become cases, and where the files come from.

An adapter is a module for one file format. It offers

``LAYOUT``
    one line that shows where the files lie below the raw folder,
``TOP_FOLDER``
    the first folder of that layout, or None where the files are known by their names in any folder,
``find_cases(raw, options)``
    ``{case id: sources}`` for the cases below ``raw``, in a natural order, empty when there are none,
``load_case(sources, options)``
    ``(image, label)`` as SimpleITK images on one grid, the label uint8.

The options an adapter understands stand in `weakseg3d.datasets.description.FORMAT_OPTIONS`.
"""
