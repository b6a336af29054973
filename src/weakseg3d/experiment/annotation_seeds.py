"""The seed of a simulated annotation, which ends its name in paths: ``points_number-100_seed-0``."""

import re

SEED = re.compile(r"_seed-(\d+)\Z")


def with_seed(name: str, seed: int | str) -> str:
    """Return the path part of the annotation ``name``, simulated with ``seed``."""
    return f"{name}_seed-{seed}"


def without_seed(part: str) -> str:
    """Return a path part without its seed; one that has none, such as ``dense`` or people's, as it is."""
    return SEED.sub("", part)


def seed_of(part: str) -> int | None:
    """Return the seed of a path part, or None for an annotation that is not simulated."""
    found = SEED.search(part)
    return int(found[1]) if found else None
