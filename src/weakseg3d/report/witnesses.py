"""What MedPy, which computed Dice and HD95 of one test case of every cell as well, says of our values."""

from weakseg3d.errors import UserError
from weakseg3d.report.results import CELL
from weakseg3d.texts import read_json

METRICS = "Dice and HD95"


def agreement(results):
    """Return a sentence for the footer of tables, or None without a case, and a warning for every case that differs.

    ``results`` is a `Results`. Cases with an empty mask are not comparable, and do not count.
    """
    agreeing, differing, warnings = 0, 0, []
    for cell in results.cells:
        path = results.witness(cell)
        if not path.is_file():
            continue
        try:
            witness = read_json(path, finite=False)
            agrees, case, ours, theirs = (witness[key] for key in ("agrees", "case", "weakseg3d", "medpy"))
        except (UserError, KeyError, TypeError):
            warnings.append(f"{path}: not written by 'evaluate --witness'; remove it and run the workflow again")
            continue
        agreeing += agrees is True
        if agrees is False:
            differing += 1
            place = ", ".join(str(cell[key]) for key in CELL)
            warnings.append(f"MedPy's values of case {case} ({place}) differ: {theirs}, ours {ours}")
    compared = agreeing + differing
    if not compared:
        return None, warnings
    cases = "1 case" if compared == 1 else f"{compared} cases"
    return f"agrees with MedPy in {agreeing} of {cases}, one of each cell ({METRICS})", warnings
