"""The comparison at the end of the soak benchmark: what counts as growth."""

from __future__ import annotations

import pytest

from benchmarks.soak import Sample, compare

STEADY = Sample(memory=200.0, files=60, threads=12, tasks=100, alerts=3, stored=1_000)


def grown(**fourth: float) -> list[str]:
    """Return the figures that grew in a run of 40 minutes whose last quarter has these figures."""
    return compare([STEADY] * 30 + [STEADY._replace(**fourth)] * 10)


@pytest.mark.parametrize(
    ("fourth", "found"),
    [
        ({}, []),
        ({"memory": 240.0, "files": 66, "tasks": 110, "threads": 90}, []),
        ({"memory": 241.0}, ["memory"]),
        ({"files": 67}, ["files"]),
        ({"tasks": 111}, ["tasks"]),
        ({"memory": 400.0, "files": 90, "tasks": 200}, ["memory", "files", "tasks"]),
        ({"memory": 100.0, "files": 20, "tasks": 50, "alerts": 90, "stored": 9_000}, []),
    ],
)
def test_growth_beyond_its_limit_is_reported(fourth: dict[str, float], found: list[str]) -> None:
    assert grown(**fourth) == found


def test_few_descriptors_or_tasks_more_are_no_growth() -> None:
    few = STEADY._replace(files=20, tasks=20)
    for more, found in ((24, []), (25, ["files", "tasks"])):
        assert compare([few] * 30 + [few._replace(files=more, tasks=more)] * 10) == found


def test_run_of_one_minute_can_be_compared() -> None:
    assert compare([STEADY]) == []
