"""Write the metrics of all cases as one table: the header of the first file, then the rows of every file."""

from pathlib import Path

with open(snakemake.output[0], "w", encoding="utf-8") as table:  # noqa: F821
    for number, path in enumerate(snakemake.params.files):  # noqa: F821
        header, rows = Path(path).read_text(encoding="utf-8").split("\n", 1)
        if number == 0:
            table.write(header + "\n")
        table.write(rows)
