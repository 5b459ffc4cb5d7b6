"""Every test that docs/security-tests.md names exists."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
DOCUMENT = (TESTS.parent / "docs/security-tests.md").read_text()


def test_every_test_named_in_the_document_exists() -> None:
    sources = {path.name: path.read_text() for path in TESTS.rglob("test_*.py")}
    defined = set(re.findall(r"def (test_\w+)\(", "\n".join(sources.values())))
    named = re.findall(r"`(?:tests/)?(test_\w+(?:\.py)?)`", DOCUMENT)
    assert len(named) > 150
    assert not [name for name in named if name not in sources and name not in defined]


def test_document_has_a_test_of_each_requirement_and_fault() -> None:
    requirements, faults = (
        re.findall(rf"^\| {heading} \|.*?\n\n", DOCUMENT, re.M | re.S) for heading in ("requirement", "fault")
    )
    for table, count in ((requirements[0], 24), (faults[0], 26)):
        rows = re.findall(r"^\| (\d+)\. .* \| (.+) \|$", table, re.M)
        assert [int(number) for number, _ in rows] == list(range(1, count + 1))
