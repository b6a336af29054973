"""Programs of somebody else's that train and predict, by the contract of docs/external.md.

They are run in an environment of their own, on copies, and everything they write is checked like any foreign file. All
but `checking` needs nothing beyond what Snakemake itself runs in.
"""
