"""Scans that somebody wants segmented: files and DICOM folders, one or thousands, in the order of their names."""

import os
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import SimpleITK as sitk

from weakseg3d.datasets.case_ids import check_case_ids
from weakseg3d.datasets.case_lists import listed_files
from weakseg3d.datasets.file_search import natural, walk
from weakseg3d.errors import UserError, printable
from weakseg3d.images.integrity.opening import open_volume
from weakseg3d.images.preprocessing import oriented_axes
from weakseg3d.images.volumes import read_image

IMAGE_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd")
SEGMENTATIONS = (".seg.nrrd",)
"""Suffixes of segmentations that 3D Slicer saves beside the scans."""


class Scan(NamedTuple):
    """A scan: the file or DICOM folder at ``path``; ``name`` is its place below the folder that was asked for."""

    name: str
    path: Path

    def state(self) -> list[int]:
        """Return the size in bytes and the date in ns of the scan's files, which change when their content does."""
        files = [self.path] if self.path.is_file() else [path for path in self.path.iterdir() if path.is_file()]
        states = [path.stat() for path in files]
        return [sum(state.st_size for state in states), max((state.st_mtime_ns for state in states), default=0)]


def find_scans(places: Iterable[str | os.PathLike[str]], out: str | os.PathLike[str]) -> list[Scan]:
    """Return the scans at ``places``: image files, DICOM folders, and all of both in and below other folders.

    A file counts by its suffix (NIfTI, NRRD, MetaImage); Slicer's ``.seg.nrrd`` and hidden files are passed over. A
    folder without such files whose first file is DICOM is a scan of its own. What lies in the folder ``out`` of the
    label maps is not a scan.

    Raises UserError for a place that does not exist, that contains no scan, or for two scans of one name.
    """
    scans: dict[str, Scan] = {}
    for place in map(Path, places):
        if not place.exists():
            raise UserError(f"{printable(place)}: no such file or folder; correct --images")
        found = list(_below(place)) if place.is_dir() else [Scan(_without_suffix(place.name), place)]
        found = [scan for scan in found if not scan.path.resolve().is_relative_to(Path(out).resolve())]
        if not found:
            raise UserError(
                f"{printable(place)}: contains no scan; name a folder of NIfTI, NRRD or MetaImage files or DICOM series"
            )
        for scan in found:
            if scan.name in scans:
                other = printable(scans[scan.name].path)
                raise UserError(f"{printable(scan.path)}: would be named as {other}; rename one of them")
            scans[scan.name] = scan
    return list(scans.values())


def listed_scans(path: str | os.PathLike[str]) -> list[Scan]:
    """Return the scans in a CSV with the columns ``case`` and ``image``, by the names of the cases.

    Raises UserError as `listed_files` does, and for a case whose name cannot be that of a file.
    """
    files = listed_files(Path(path), ("image",))
    check_case_ids(files, path)
    return [Scan(case, columns["image"]) for case, columns in files.items()]


def read_scan(scan: Scan) -> sitk.Image:
    """Return a scan as float32 with its own geometry.

    Raises UserError, which names the file, as `read_image` and
    `weakseg3d.datasets.formats.dicom.read_series_folder` do.
    """
    if scan.path.is_dir():
        from weakseg3d.datasets.formats.dicom import read_series_folder

        return read_series_folder(scan.path)
    return read_image(scan.path)


def scan_size(scan: Scan) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return the size in voxels and the spacing in mm of a scan, both (x, y, z) in the patient's directions.

    Of a file only the header is read. Raises UserError as `read_scan` does.
    """
    if scan.path.is_dir():
        geometry = read_scan(scan)
        size = geometry.GetSize()
    else:
        header, geometry = open_volume(scan.path)
        size = header.size
    axes = oriented_axes(geometry)
    return tuple(size[axis] for axis in axes), tuple(geometry.GetSpacing()[axis] for axis in axes)


def _below(root: Path) -> Iterator[Scan]:
    for folder, group in groupby(walk(root), key=lambda path: path.parent):
        files = list(group)
        images = [path for path in files if path.name.lower().endswith(IMAGE_SUFFIXES)]
        for path in images:
            if not path.name.lower().endswith(SEGMENTATIONS):
                yield Scan(_without_suffix(path.relative_to(root).as_posix()), path)
        if not images and _is_series(files):
            yield Scan((folder.relative_to(root) if folder != root else Path(root.resolve().name)).as_posix(), folder)


def _is_series(files: list[Path]) -> bool:
    from weakseg3d.datasets.formats.dicom import is_dicom

    named = [path for path in files if path.suffix.lower() == ".dcm"] or [p for p in files if p.name != "DICOMDIR"]
    return bool(named) and is_dicom(sorted(named, key=lambda path: natural(path.name))[0])


def _without_suffix(name: str) -> str:
    return next((name[: -len(suffix)] for suffix in IMAGE_SUFFIXES if name.lower().endswith(suffix)), name)
