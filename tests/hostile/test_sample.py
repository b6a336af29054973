"""A sample of the campaign of broken inputs, from all of its groups; `make hostile` runs the whole."""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from campaign import OTHER, run_all  # noqa: E402
from kinds import all_attempts  # noqa: E402

SIZE = 60

SLOW_GROUPS = ("model", "report", "results")
"""Groups of verbs that take seconds to start; the sample has two inputs of each."""


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
    for group in SLOW_GROUPS:
        del groups[group][2:]
    sample = []
    while len(sample) < SIZE:
        for attempts in groups.values():
            if attempts:
                sample.append(attempts.pop())
    return sample[:SIZE]


SAMPLE = _sample()


@pytest.fixture(scope="module")
def endings():
    """How all attempts of the sample ended; two run at a time."""
    return run_all(SAMPLE, progress=lambda ending: None)


@pytest.mark.parametrize("number", range(SIZE), ids=[f"{a.group}-{a.kind}-{a.name}" for a in SAMPLE])
def test_a_broken_input_ends_in_one_sentence(endings, number):
    ending = endings[number]
    assert ending.outcome != OTHER, f"{ending.reason}\n{ending.command}"
