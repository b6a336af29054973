"""Adapters by the ``format`` a dataset's YAML names."""

from weakseg3d.datasets import btcv, chaos_ct, chaos_mr, la2018

ADAPTERS = {"btcv": btcv, "chaos_mr": chaos_mr, "chaos_ct": chaos_ct, "la2018": la2018}
"""One module per file format; see `weakseg3d.datasets` for what it offers."""
