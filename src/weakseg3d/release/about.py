"""What a release says of itself, and how much it holds."""

from dataclasses import dataclass


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
