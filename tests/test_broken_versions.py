"""``make broken`` notices a protection that is missing, and counts nothing else as caught."""

from __future__ import annotations

import pytest

from broken_version import ASSERTION, ROOT, BrokenVersion
from broken_versions import PASSED, Copy, chosen

FILE = "hub/topics.py"
ESCAPED = "c if c.isprintable() else repr(c)[1:-1] for c"
TEST = "test_log_lines.py::test_control_characters_in_message_are_escaped"


pytestmark = pytest.mark.timeout(240)
"""Each of the first tests starts pytest in a copy of the project, which takes long on a busy machine."""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("copy"))


@pytest.mark.parametrize(
    ("old", "new", "outcomes"),
    [
        (ESCAPED, ESCAPED.replace("c.isprintable()", "(c.isprintable())"), {PASSED}),
        ("import hashlib\n", "import hub.nothing\n", {"pytest ended with 4", "not found"}),
        (ESCAPED, "c if c.isprintable() else unknown for c", {"NameError"}),
        (ESCAPED, "c for c", {ASSERTION}),
    ],
    ids=["nothing is broken", "the import fails", "another error", "nothing is escaped"],
)
def test_only_a_failed_assertion_counts_as_caught(copy: Copy, old: str, new: str, outcomes: set[str]) -> None:
    version = BrokenVersion("R0", "x", FILE, old, new, TEST)
    assert copy.run_changed(version) in outcomes, copy.output
    assert (copy.root / FILE).read_bytes() == (ROOT / FILE).read_bytes()


def test_change_that_is_not_in_the_file_once_is_refused() -> None:
    for old in ("this text is nowhere", "\ndef "):
        with pytest.raises(AssertionError, match="must be once"):
            BrokenVersion("R0", "x", FILE, old, "", TEST).change(ROOT)


def test_versions_are_chosen_by_number() -> None:
    assert {version.number for version in chosen(["r7", "F1"])} == {"R7", "F1"}
    with pytest.raises(SystemExit, match="Unknown: R99"):
        chosen(["R99"])
