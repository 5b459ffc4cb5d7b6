"""One deliberately broken version of the hub, and the test that has to notice it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
ASSERTION = "AssertionError"
TIMEOUT = "Timeout"
FINDING = "a finding"


class BrokenVersion(NamedTuple):
    """The smallest change that removes what a requirement or a fault of ``docs/security-tests.md`` demands."""

    number: str
    """``R7`` is requirement 7, ``F7`` is fault 7."""
    without: str
    """What the broken version lacks, as a few words for the report."""
    file: str
    old: str
    """Text that is exactly once in ``file``."""
    new: str
    test: str
    """What must fail: a test as pytest names it, below ``tests``, or a script of ``.ci`` that scans the code."""
    fails_with: str = ASSERTION
    """How it fails: by an assertion, ``TIMEOUT`` if what a test waits for never happens, a scan's ``FINDING``."""

    def change(self, root: Path) -> str:
        """Return the changed text of the file below ``root``; AssertionError if the old text is not there once."""
        text = (root / self.file).read_text("utf-8")
        count = text.count(self.old)
        assert count == 1, f"{self.number}: {count} times in {self.file}, must be once: {self.old}"
        return text.replace(self.old, self.new)
