"""The adapter for each ``format`` that a dataset's YAML may name."""

from weakseg3d.datasets.adapters import (
    acdc,
    brats2019,
    btcv,
    chaos_ct,
    chaos_mr,
    folder,
    images_labels,
    la2018,
    mscmrseg,
    vs,
)

ADAPTERS = {
    "acdc": acdc,
    "brats2019": brats2019,
    "btcv": btcv,
    "chaos_ct": chaos_ct,
    "chaos_mr": chaos_mr,
    "folder": folder,
    "images_labels": images_labels,
    "la2018": la2018,
    "mscmrseg": mscmrseg,
    "vs": vs,
}
"""One module per file format; `weakseg3d.datasets` describes what each module provides."""
