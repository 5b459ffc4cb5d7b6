"""One deliberately broken version of the hub, and the test that has to notice it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
ASSERTION = "AssertionError"
TIMEOUT = "Timeout"
FINDING = "a finding"


class BrokenVersion(NamedTuple):
    """A small change that removes the protection of one requirement or fault of ``docs/security-tests.md``."""

    number: str
    """``R7`` is requirement 7, ``F7`` is fault 7."""
    without: str
    """The missing protection, in a few words for the report."""
    file: str
    old: str
    """The text to replace. It occurs exactly once in ``file``."""
    new: str
    test: str
    """The test that must fail (as pytest names it, below ``tests``), or a script of ``.ci`` that scans the code."""
    fails_with: str = ASSERTION
    """How it fails: an assertion, a ``TIMEOUT`` while the test waits, or a ``FINDING`` of a scan."""

    def change(self, root: Path) -> str:
        """Return the changed text of the file below ``root``. Raises AssertionError unless ``old`` occurs once."""
        text = (root / self.file).read_text("utf-8")
        count = text.count(self.old)
        assert count == 1, f"{self.number}: {count} times in {self.file}, must be once: {self.old}"
        return text.replace(self.old, self.new)
