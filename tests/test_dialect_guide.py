"""The example of docs/dialects/README.md is a complete dialect that keeps the rules of that page."""

from __future__ import annotations

import json
import re
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from conformance import disagreements
from dialect_run import DialectRun, json_values, run_hub
from hub.dialects import Dialect, DialectContext, DialectType
from hub.errors import Rejected

GUIDE = (Path(__file__).parents[1] / "docs" / "dialects" / "README.md").read_text("utf-8")


def _entry() -> DialectType[Any]:
    """Run the page's Python blocks. Return the entry that they define."""
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL):
        exec(textwrap.dedent(block), names)
    entry: DialectType[Any] = names["DIALECT"]
    return entry


ENTRY = _entry()


def acme() -> Dialect:
    return ENTRY.make(ENTRY.settings(), DialectContext(other_roots=(), earlier=list, mappings=()))


def test_example_decodes_message_of_page() -> None:
    (block,) = re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)
    assert disagreements(json.loads(block), acme()) == []


def test_example_marks_null_as_unknown_and_rejects_bad_value_alone() -> None:
    run = DialectRun(acme(), "acme/4711/")
    assert run.values("state", {"t": 21.5, "h": 40}) == {"t": 21.5, "h": 40}
    result = run.say("state", {"t": None, "h": {"a": 1}, "p": 3})
    assert [record.values for record in result.records] == [{"p": 3}]
    assert [each.metric for each in result.expirations] == ["t"]
    assert [each.reason for each in result.rejections] == ["bad_value"]
    with pytest.raises(Rejected, match="'h' must be a number"):
        run.say("state", {"h": {"a": 1}})


@given(json_values)
@settings(max_examples=50)
def test_example_raises_only_rejected(body: Any) -> None:
    with suppress(Rejected):
        DialectRun(acme(), "acme/4711/").say("state", body)


async def test_device_of_example_survives_restart(tmp_path: Path) -> None:
    await run_hub(tmp_path, acme(), ("acme/4711/state", {"t": 21.5}))
    registry = await run_hub(tmp_path, acme())
    assert registry.require("acme:4711").metrics["t"].value == 21.5
