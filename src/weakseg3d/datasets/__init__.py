"""Datasets: their descriptions, the download of their raw files, and the conversion of raw files to cases.

An adapter is a module for one file format. It provides

``LAYOUT``
    one line that shows where the files are located below the raw folder,
``TOP_FOLDER``
    the first folder of that layout, or None if the files are identified by their names in any folder,
``find_cases(raw, options)``
    ``{case id: sources}`` for the cases below ``raw`` in natural order, empty if there are none,
``load_case(sources, options)``
    ``(image, label)`` as SimpleITK images on one grid, the label uint8.

The options that each adapter accepts are listed in `weakseg3d.datasets.description.FORMAT_OPTIONS`.
"""
