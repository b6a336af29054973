"""Farthest point sampling against the published loop in torch: 200 clicks from 0.7 million candidates.

The candidates are a random half of the 1.4 million voxels of an ellipsoid. The published loop computes the distance
of all candidates to every new click, in 64-bit integers. The times are compared; the clicks must be the same.
"""

import numpy as np
import torch
from measure import measure, print_row, sized

from weakseg3d.annotations.farthest_points import farthest_point_sampling

RADII = np.array(sized([56, 70, 85], tiny=[5, 6, 8]))
NUMBER = sized(200, tiny=20)


def candidates():
    """Return voxel indices (n, 3) in (z, y, x)."""
    voxels = np.indices(2 * RADII + 1).reshape(3, -1).T
    organ = voxels[(((voxels - RADII) / RADII) ** 2).sum(axis=1) <= 1]
    drawn = np.random.default_rng(0).choice(len(organ), len(organ) // 2, replace=False)
    return organ[np.sort(drawn)]


def published(voxels):
    """Return the indices of the clicks, as a list."""
    xyz = torch.as_tensor(voxels)
    farthest = ((xyz - xyz.double().mean(dim=0)) ** 2).sum(dim=-1).argmax()
    nearest = torch.full((len(xyz),), torch.iinfo(torch.int64).max)
    clicks = []
    for _ in range(NUMBER):
        clicks.append(int(farthest))
        distance = ((xyz - xyz[farthest]) ** 2).sum(dim=-1)
        nearest = torch.minimum(nearest, distance)
        farthest = nearest.argmax()
    return clicks


def ours(voxels):
    """Return the indices of the clicks, as a list."""
    return farthest_point_sampling(voxels, NUMBER).tolist()


def main():
    """Print the figures."""
    voxels = candidates()
    published_run, our_run = measure(published, voxels), measure(ours, voxels)
    assert published_run.result == our_run.result
    print_row("sampling, time", "s", published_run.seconds, our_run.seconds)
    print(f"the same {NUMBER} clicks from {len(voxels)} candidates")


if __name__ == "__main__":
    main()
