"""Every test that docs/security-tests.md names exists, and every requirement and fault has a broken version."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from broken_version import ROOT, BrokenVersion
from broken_versions import BROKEN_VERSIONS

TESTS = Path(__file__).parent
DOCUMENT = (TESTS.parent / "docs/security-tests.md").read_text()
WITHOUT_BROKEN_VERSION = {"F11", "F25"}
"""Fault 11 needs a PostgreSQL, and memory that grows is seen in an hour of use only."""


def test_every_test_named_in_the_document_exists() -> None:
    sources = {path.name: path.read_text() for path in TESTS.rglob("test_*.py")}
    defined = set(re.findall(r"def (test_\w+)\(", "\n".join(sources.values())))
    named = re.findall(r"`(?:tests/)?(test_\w+(?:\.py)?)`", DOCUMENT)
    assert len(named) > 150
    assert not [name for name in named if name not in sources and name not in defined]


def numbers(heading: str) -> list[int]:
    """Return the numbers in the first column of the table with this heading."""
    table = re.findall(rf"^\| {heading} \|.*?\n\n", DOCUMENT, re.M | re.S)[0]
    return [int(number) for number, _ in re.findall(r"^\| (\d+)\. .* \| (.+) \|$", table, re.M)]


def test_document_has_a_test_of_each_requirement_and_fault() -> None:
    assert numbers("requirement") == list(range(1, 25))
    assert numbers("fault") == list(range(1, 27))


def test_each_requirement_and_fault_has_a_broken_version() -> None:
    named = {f"R{number}" for number in numbers("requirement")} | {f"F{number}" for number in numbers("fault")}
    assert {version.number for version in BROKEN_VERSIONS} == named - WITHOUT_BROKEN_VERSION


@pytest.mark.parametrize("version", BROKEN_VERSIONS, ids=lambda version: f"{version.number} without {version.without}")
def test_broken_version_fits_its_file_and_test(version: BrokenVersion) -> None:
    """``make broken`` takes minutes; a change that no longer fits would be noticed late."""
    changed = version.change(ROOT)
    assert changed != (ROOT / version.file).read_text("utf-8")
    if version.file.endswith(".py"):
        compile(changed, version.file, "exec")
    file, _, name = version.test.partition("::")
    if name:
        assert f"def {name.partition('[')[0]}(" in (TESTS / file).read_text("utf-8")
    else:
        assert (ROOT / file).is_file()
