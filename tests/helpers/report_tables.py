"""The tables that the verb ``report`` writes for some metrics."""

import csv

from weakseg3d.cli import main


def report_on(folder, rows, *options):
    """Run the verb on metrics, and return the folder of its tables, or the exit code if it is not 0."""
    rows.to_csv(folder / "metrics.csv", index=False)
    code = main(["report", "--metrics", str(folder / "metrics.csv"), "--out", str(folder / "out"), *options])
    return folder / "out" / "tables" if code == 0 else code


def records(path):
    """Return the rows of a CSV as dicts."""
    with open(path, encoding="utf-8") as stream:
        return list(csv.DictReader(stream))
