"""The geodesic label and that of scribbles against their formulas taken literally: memory, CPU time and equal bytes.

The image has 156 x 372 x 372 voxels of 1 mm, with an organ the size of a liver in noise. Literally, the edges of the
geodesic label are a sparse graph for SciPy's Dijkstra, and the distances of the other two of its distance transforms.
"""

import hashlib
import itertools
import tempfile
from pathlib import Path

import numpy as np
from measure import measure, print_row, sized
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from scipy.special import expit

from weakseg3d.images.labels import IGNORE
from weakseg3d.pseudo_labels.geodesic_distance import distance_from
from weakseg3d.pseudo_labels.scribbles_gaussian import scribbles_label

SCALE = sized(1, tiny=12)
SHAPE = (156 // SCALE, 372 // SCALE, 372 // SCALE)
RADII = np.array([65, 88, 100]) / SCALE
SIGMA = 10.0
EVERY = 5
"""Interval in slices between those with curves."""


def organ():
    """Return the mask (z, y, x) of an ellipsoid in the middle of the image."""
    z, y, x = np.ogrid[tuple(slice(n) for n in SHAPE)]
    middle = np.array(SHAPE) // 2
    return sum(((a - m) / r) ** 2 for a, m, r in zip((z, y, x), middle, RADII, strict=True)) < 1


def box():
    """Return the intensities (z, y, x) in the organ's box, and a click in its middle."""
    mask = organ()
    mask = mask[ndimage.find_objects(mask.astype(np.uint8))[0]]
    noise = np.random.default_rng(0).normal(0, 15, mask.shape)
    click = np.zeros(mask.shape, bool)
    click[tuple(n // 2 for n in mask.shape)] = True
    return np.where(mask, 110 + noise, 40 + noise).astype(np.float32), click


def curves():
    """Return curves (z, y, x), 1 along the organ's border on some slices and 0 around it, elsewhere unknown."""
    labels = np.full(SHAPE, IGNORE, np.uint8)
    mask = organ()
    for z in range(0, SHAPE[0], EVERY):
        wide, wider = (ndimage.binary_dilation(mask[z], iterations=n) for n in (4, 5))
        labels[z][wider & ~wide] = 0
        labels[z][mask[z] & ~ndimage.binary_erosion(mask[z])] = 1
    return labels


def write_inputs(folder):
    """Write the inputs of both labels."""
    np.savez(folder / "geodesic.npz", *box())
    np.savez(folder / "scribbles.npz", curves())


def inputs(path):
    """Return the arrays in a file."""
    with np.load(path) as arrays:
        return list(arrays.values())


def literal_geodesic(path):
    """Return the distance (z, y, x) from a click by a graph of all edges."""
    image, click = inputs(path)
    number = np.arange(image.size, dtype=np.int32).reshape(image.shape)
    heads, tails, costs = [], [], []
    for step in itertools.product((-1, 0, 1), repeat=3):
        if not any(step):
            continue
        here = tuple(slice(max(0, -d), min(0, -d) or None) for d in step)
        there = tuple(slice(max(0, d), min(0, d) or None) for d in step)
        contrast = np.abs(image[there].astype(float) - image[here]).ravel()
        costs.append(np.sqrt(float(np.dot(step, step))) / (0.5 + 0.5 / (contrast + 1e-5)))
        tails.append(number[here].ravel())
        heads.append(number[there].ravel())
    edges = np.concatenate(costs), (np.concatenate(tails), np.concatenate(heads))
    graph = coo_array(edges, shape=(image.size, image.size)).tocsr()
    return dijkstra(graph, indices=np.flatnonzero(click), min_only=True).reshape(image.shape)


def our_geodesic(path):
    """Return the distance (z, y, x) from a click."""
    return distance_from(*inputs(path), (1.0, 1.0, 1.0))


def literal_scribbles(path):
    """Return the soft label (z, y, x) by distances in the whole volume."""
    (labels,) = inputs(path)
    to_outside, to_inside = (ndimage.distance_transform_edt(labels != value) ** 2 for value in (0, 1))
    soft = expit((to_outside - to_inside) / (2 * SIGMA**2)).astype(np.float32)
    soft[labels == 0], soft[labels == 1] = 0, 1
    return soft


def our_scribbles(path):
    """Return the soft label (z, y, x)."""
    return scribbles_label(*inputs(path), (1.0, 1.0, 1.0), SIGMA)


def digest(array):
    """Return a hash of an array."""
    return hashlib.sha256(array.tobytes()).hexdigest()


def compare(name, literal, ours, path):
    """Print memory and CPU time of two functions whose results must have the same bytes."""
    slow = measure(literal, path, repeats=1, then=digest)
    fast = measure(ours, path, then=digest)
    assert slow.result == fast.result, name
    print_row(f"{name}, memory", "MB", slow.peak / 1e6, fast.peak / 1e6)
    print_row(f"{name}, CPU time", "s", slow.cpu_seconds, fast.cpu_seconds)


def main():
    """Print the figures."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        measure(write_inputs, folder, repeats=1)  # In a process of its own, so that this one stays small.
        compare("geodesic", literal_geodesic, our_geodesic, folder / "geodesic.npz")
        compare("scribbles", literal_scribbles, our_scribbles, folder / "scribbles.npz")


if __name__ == "__main__":
    main()
