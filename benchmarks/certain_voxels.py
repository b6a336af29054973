"""How true the voxels are that `gaussian-certain` calls organ and background, for 7 to 200 clicks at farthest points.

Without arguments, on phantoms of seed 3; with a folder that holds "Training Set", on the atria whose names begin with
one of ``--prefixes``. For each organ and number of clicks: the share of the voxels called organ that are organ, the
share of the organ that is called so, the share of the organ that is called background, and the share of the background
around the organ (within 40 mm) that is called so.
"""

import numpy as np
import SimpleITK as sitk
from measure import sized
from sigma import masks_of_command_line

from weakseg3d.annotations.points import points
from weakseg3d.pseudo_labels.gaussian_certain import gaussian_certain
from weakseg3d.pseudo_labels.targets import targets_on

NUMBERS = sized([7, 20, 50, 100, 200], tiny=[7])


def shares(mask, number):
    """Return the four shares of a mask with a number of clicks."""
    organ = sitk.GetArrayFromImage(mask) > 0
    label = gaussian_certain(targets_on(points(mask, number, seed=0), mask), mask)
    return organ[label == 1].mean(), (label[organ] == 1).mean(), (label[organ] == 0).mean(), (label[~organ] == 0).mean()


def main():
    """Print one line per organ and number of clicks."""
    organs = masks_of_command_line(__doc__)
    titles = ("organ, of those called so", "organ called so", "organ called background", "background called so")
    print(f"| organ | clicks | {' | '.join(titles)} |")
    print("|---|---:|---:|---:|---:|---:|")
    for organ, masks in organs.items():
        for number in NUMBERS:
            means = np.mean([shares(mask, number) for mask in masks], axis=0)
            print(f"| {organ} | {number} | {' | '.join(f'{mean:.2f}' for mean in means)} |")


if __name__ == "__main__":
    main()
