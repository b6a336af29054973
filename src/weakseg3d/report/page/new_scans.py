"""The new scans in the page's viewer: what the models found on scans that nobody outlined."""

import numpy as np
import SimpleITK as sitk

from weakseg3d.images.volumes import read_image, read_label
from weakseg3d.report.figures.overlays import slice_to_show, turned
from weakseg3d.report.page.viewer import Scan, coarse, on_grid, runs


def new_scans(results, methods, cases_per_organ):
    """Return the new cases of ``results`` as `viewer_cases` returns test cases, without a reference and without Dice.

    One entry is one organ of one case; each method's mask has a ``note`` with its volume. Cases whose label maps are
    not there yet are left out.
    """
    entries = []
    for dataset in results.datasets:
        organs = list(dict.fromkeys(cell["organ"] for cell in results.cells_of(dataset=dataset)))
        for case in results.new_cases(dataset)[:cases_per_organ]:
            maps = _label_maps(results, dataset, methods, case)
            if not maps or not results.scan(dataset, case).is_file():
                continue
            scan = coarse(turned(read_image(results.scan(dataset, case))), results.datasets[dataset]["window"])
            for number, organ in enumerate(organs, start=1):
                labels = {"dataset": dataset, "organ": organ, "case": case, "new": True}
                entries.append(labels | _shown(scan, maps, number))
    return entries


def _label_maps(results, dataset, methods, case):
    """Return ``{method: label map}`` of the first seeds, of which some may be missing."""
    maps = {}
    for method in methods:
        cells = results.cells_of(dataset=dataset, method=method)
        if cells and results.new_scan(cells[0], case).is_file():
            maps[method] = read_label(results.new_scan(cells[0], case))
    return maps


def _shown(scan: Scan, maps, number):
    masks, coarse_masks = [], []
    for method, labels in maps.items():
        mask = labels == number
        coarse_masks.append(on_grid(mask, scan.grid))
        ml = np.count_nonzero(sitk.GetArrayViewFromImage(mask)) * np.prod(labels.GetSpacing()) / 1000
        masks.append(
            {"name": method, "runs": runs(coarse_masks[-1]), "dice": None, "status": "", "note": f"{ml:.0f} ml"}
        )
    spacing_x, spacing_y, _ = scan.grid.GetSpacing()
    return {
        "size": list(scan.grid.GetSize()),
        "aspect": spacing_y / spacing_x,
        "slice": slice_to_show(*coarse_masks),
        "image": scan.image,
        "masks": masks,
    }
