"""Dice of the soft label itself, cut at 0.5, when its width follows the clicks and when it is fixed.

For each organ, placement and number of clicks: the fixed sigma that is best on average over the cases (found with the
masks), the published 10 mm, and ``sigma: spacing``. Without arguments, on phantoms of seed 3, which the rule was not
fitted on; with a folder that holds "Training Set", on the atria whose names begin with one of ``--prefixes``.
"""

import argparse
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from measure import sized

from weakseg3d.annotations.points import points
from weakseg3d.images.resampling import resample_label
from weakseg3d.images.volumes import read_mask
from weakseg3d.phantom.ct import LABEL_IDS as CT_IDS
from weakseg3d.phantom.ct import ct_case
from weakseg3d.phantom.mr import LABEL_IDS as MR_IDS
from weakseg3d.phantom.mr import mr_case
from weakseg3d.pseudo_labels.gaussian import gaussian, gaussian_label
from weakseg3d.pseudo_labels.targets import targets_on

NUMBERS = sized([7, 10, 20, 50, 100, 200], tiny=[7])
PLACEMENTS = {"farthest": {}, "random": {"sampling": "random"}, "jittered": {"jitter": 3.0}}
FIXED_MM = np.round(np.geomspace(2, 50, sized(28, tiny=2)), 1)
MARGIN_MM = 40.0


def cropped(label, spacing):
    """Return the mask on an isotropic grid, cut out with a margin around the organ."""
    mask = resample_label(label, spacing)
    voxels = np.argwhere(sitk.GetArrayViewFromImage(mask))[:, ::-1]
    margin = round(MARGIN_MM / spacing)
    low = np.maximum(voxels.min(axis=0) - margin, 0)
    high = np.minimum(voxels.max(axis=0) + margin + 1, mask.GetSize())
    return mask[tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))]


def phantoms(seed):
    """Return {organ: masks} of phantom scans."""
    cases = range(1, sized(5, tiny=2))
    labels = [(ct_case(seed, case)[1], mr_case(seed, case)["T1DUAL"]["label"]) for case in cases]
    organs = sized(["liver", "spleen", "right_kidney", "left_kidney"], tiny=["spleen"])
    masks = {}
    for organ in organs:
        spacing = 5.0 if organ == "liver" else sized(3.0, tiny=6.0)
        for name, ids, column in (("CT", CT_IDS, 0), ("MR", MR_IDS, 1)):
            masks[f"{name} {organ}"] = [cropped(pair[column] == ids[organ], spacing) for pair in labels]
    return masks


def atria(folder, prefixes):
    """Return {"left atrium": masks} of the cases whose names begin with one of the characters ``prefixes``."""
    files = sorted(Path(folder).glob("Training Set/*/laendo.nrrd"))
    return {"left atrium": [cropped(read_mask(file), 1.5) for file in files if file.parent.name[0] in prefixes]}


def masks_of_command_line(description):
    """Return {organ: masks} of the scans that the options of a script with this ``description`` ask for."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--la2018", metavar="FOLDER", help="measure on the left atria in this folder")
    parser.add_argument("--prefixes", default="78", help="first characters of the atria's names (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=3, help="seed of the phantoms (default: %(default)s)")
    args = parser.parse_args()
    return atria(args.la2018, args.prefixes) if args.la2018 else phantoms(args.seed)


def dice(label, array):
    """Return the overlap of a soft label, cut at 0.5, with a mask."""
    cut = label > 0.5
    return 2 * np.count_nonzero(cut & array) / (np.count_nonzero(cut) + np.count_nonzero(array))


def scores(mask, number, options, seed):
    """Return Dice for each fixed sigma, for 10 mm and for the width that follows the clicks."""
    array, shape, spacing = sitk.GetArrayFromImage(mask) > 0, mask.GetSize()[::-1], mask.GetSpacing()[::-1]
    targets = targets_on(points(mask, number, seed=seed, **options), mask)
    fixed = [gaussian_label(targets[0].organ, shape, spacing, sigma) for sigma in [*FIXED_MM, 10.0]]
    return [dice(label, array) for label in [*fixed, gaussian(targets, mask, "spacing")]]


def main():
    """Print one line per organ, placement and number of clicks, and a summary."""
    differences = {name: [] for name in PLACEMENTS}
    for organ, masks in masks_of_command_line(__doc__).items():
        for placement, options in PLACEMENTS.items():
            for number in NUMBERS:
                mean = np.mean([scores(mask, number, options, k) for k, mask in enumerate(masks)], axis=0)
                best = mean[:-2].argmax()
                differences[placement].append(mean[-1] - mean[best])
                print(
                    f"{organ:<16} {placement:<9} {number:>3} clicks: best fixed {mean[best]:.3f}"
                    f" ({FIXED_MM[best]:g} mm), 10 mm {mean[-2]:.3f}, spacing {mean[-1]:.3f}",
                    flush=True,
                )
    for placement, values in differences.items():
        below = sum(value < -0.03 for value in values)
        print(
            f"{placement:<9} spacing - best fixed: mean {np.mean(values):+.3f}, worst {min(values):+.3f},"
            f" more than 0.03 below in {below} of {len(values)}"
        )


if __name__ == "__main__":
    main()
