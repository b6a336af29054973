"""The patient of a case, for datasets with several cases of one patient."""

import re
from collections.abc import Mapping

from weakseg3d.errors import UserError, quoted


def patient_of(case: str, pattern: str) -> str:
    """Return the patient of ``case``: the group of the regular expression ``pattern``, or the case itself without one.

    Raises UserError for a case that the pattern does not match.
    """
    match = re.fullmatch(pattern, case) if pattern else None
    if pattern and match is None:
        raise UserError(f"case {quoted(case)} does not match {quoted(pattern)}, the dataset's 'patient'; correct it")
    return match[1] if match else case


def divided_patient(split: Mapping[str, str], pattern: str) -> str | None:
    """Return a patient whose cases are in different parts of ``split`` (``{case: part}``), or None if there is none.

    ``pattern`` as in `patient_of`, which raises the same UserError.
    """
    parts: dict[str, str] = {}
    for case, part in split.items():
        patient = patient_of(case, pattern)
        if parts.setdefault(patient, part) != part:
            return patient
    return None
