"""What the scripts that simulate tables have in common: their options, and a row for each kind of data and size."""

import argparse


def simulation_options(description, trials, sizes):
    """Return the options that a script was called with, by default ``trials`` and ``sizes``."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=trials)
    parser.add_argument("--sizes", type=int, nargs="+", default=sizes)
    return parser.parse_args()


def print_by_data_and_size(table, columns, cell):
    """Print a row for each ``data`` and ``n`` of ``table``; ``cell`` makes the texts below ``columns`` of its lines."""
    print("| data | n | " + " | ".join(columns) + " |")
    print("|---|---:|" + "---:|" * len(columns))
    for (name, n), part in table.groupby(["data", "n"], sort=False):
        print(f"| {name} | {n} | " + " | ".join(map(cell, part.itertuples())) + " |")
