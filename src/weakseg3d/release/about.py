"""What a release says of itself, and how much it holds."""

import datetime
import re
from dataclasses import dataclass

from weakseg3d.errors import UserError, quoted


@dataclass(frozen=True)
class About:
    """The config's ``release``."""

    title: str

    authors: list[str]

    licence: str
    """The licence of the archive's content, by its SPDX identifier."""

    date: str
    """The day of publication, as YYYY-MM-DD."""

    doi: str | None = None
    """The DOI of the release, if it has been reserved."""

    voxels: bool = False
    """Whether masks, and pictures that show scans, are in the archive."""

    people: bool = False
    """Whether annotations that people made are in the archive."""

    @property
    def licence_url(self) -> str:
        """The address of the licence's text."""
        return f"https://spdx.org/licenses/{self.licence}"

    @property
    def doi_url(self) -> str | None:
        """The address that the DOI leads to."""
        return f"https://doi.org/{self.doi}" if self.doi else None

    def describe(self, experiment: str) -> str:
        """Return a sentence on what the release is."""
        return (
            f"Results of the experiment '{experiment}' of weakseg3d, a benchmark of 3-D medical image segmentation"
            " from a few clicks per scan."
        )

    def citation(self) -> str:
        """Return how the release is cited."""
        return ". ".join([", ".join(self.authors), self.title, self.date[:4], *filter(None, [self.doi_url])])


def check_day(text: str, source: str) -> None:
    """Raise a UserError, which begins with ``source``, if ``text`` is not a day as YYYY-MM-DD."""
    try:
        valid = re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) and datetime.date.fromisoformat(text)
    except ValueError:
        valid = None
    if not valid:
        raise UserError(f"{source} {quoted(text)}: not a day of the form YYYY-MM-DD; correct it")
