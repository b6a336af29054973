"""Masks of many shapes on grids of many geometries, for tests that search for a counterexample."""

import numpy as np
from conftest import make_volume, oblique_direction
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter


def random_mask(seed, share=0.2):
    """Return a mask of lumps, some on the border, on an oblique, anisotropic grid with permuted or flipped axes."""
    generator = np.random.default_rng(seed)
    noise = gaussian_filter(generator.normal(size=generator.integers(4, 16, 3)), 1.5)
    array = noise >= np.quantile(noise, 1 - share)
    order = generator.permutation(3)
    direction = oblique_direction(flipped=bool(generator.integers(2)))[:, order]
    spacing, origin = generator.uniform(0.5, 5, 3).tolist(), generator.uniform(-100, 100, 3).tolist()
    return make_volume(array.astype(np.uint8), spacing, origin, direction)


masks = st.builds(random_mask, st.integers(0, 2**32), st.sampled_from([0.02, 0.2, 0.6]))
