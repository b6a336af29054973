"""A sample of the campaign of broken inputs, from all of its groups; `make hostile` runs the whole."""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from campaign import OTHER, run_attempt  # noqa: E402
from kinds import all_attempts  # noqa: E402

SIZE = 60


def _sample():
    """Return `SIZE` attempts, drawn in turn from the groups; slow servers are left to the whole campaign."""
    rng = random.Random(25)
    groups = {}
    for attempt in all_attempts():
        groups.setdefault(attempt.group, []).append(attempt)
    # Each retried download waits for half a minute.
    quick = ("404", "403", "another file", "http://[::/a.zip", "a file that does not exist")
    groups["http"] = [attempt for attempt in groups["http"] if attempt.name in quick]
    for attempts in groups.values():
        rng.shuffle(attempts)
    sample = []
    while len(sample) < SIZE:
        for attempts in groups.values():
            if attempts:
                sample.append(attempts.pop())
    return sample[:SIZE]


@pytest.mark.parametrize("attempt", _sample(), ids=lambda attempt: f"{attempt.group}-{attempt.kind}-{attempt.name}")
def test_a_broken_input_ends_in_one_sentence(attempt):
    ending = run_attempt(attempt)
    assert ending.outcome != OTHER, f"{ending.reason}\n{ending.command}"
