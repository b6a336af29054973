"""CSVs that a verb wrote with the labels of the workflow: which dataset, organ, method and so on its rows are of."""

import pandas as pd

from weakseg3d.errors import UserError
from weakseg3d.texts import read_csv


def read_labelled(path, columns, verb):
    """Return the rows of a CSV of ``verb`` as text, each under the number of its line in the file.

    Raises UserError for a missing file, and for one that lacks any of the ``columns``.
    """
    content = read_csv(path)
    table = pd.DataFrame(content.rows, index=content.lines, columns=content.columns, dtype=str)
    missing = [column for column in columns if column not in table]
    if missing:
        raise UserError(f"{path}: has no column '{missing[0]}'; write it with '{verb}' and its labels")
    return table
