"""Case ids: names from somebody else's files, tables and archives, checked before any of them becomes a path."""

import os
import re
from collections.abc import Iterable

from weakseg3d.errors import UserError, quoted

CASE_ID = re.compile(r"\w(?:[\w .()+=-]{0,98}[\w)+=-])?")
"""Letters of any script, digits, and what is safe in file names, shell words and CSV files on every system.

No id starts with a dot (hidden, or ``..``), a dash (an option) or a space, and none ends with a dot or a space.
"""


def check_case_ids(cases: Iterable[str], source: str | os.PathLike[str]) -> None:
    """Raise a UserError, which names ``source``, unless every one of ``cases`` is usable as a file name (`CASE_ID`)."""
    for case in cases:
        if not CASE_ID.fullmatch(case):
            raise UserError(
                f"{source}: {quoted(case)} is not usable as a case id; rename it so that it starts with a letter or a"
                " digit and has at most 100 letters, digits or characters of ' .()+=_-'"
            )
