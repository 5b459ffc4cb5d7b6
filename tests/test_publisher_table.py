"""docs/publishers.md agrees with its table, and the table with the recorded messages."""

from __future__ import annotations

from pathlib import Path

import pytest

import publisher_table
from conformance import MAKE, message, vectors
from dialect_run import run_hub
from publisher_table import RECORDED, RUNNING, Publisher


def test_page_is_current() -> None:
    assert publisher_table.PAGE.read_text("utf-8") == publisher_table.page(), "run tests/publisher_table.py"
    assert len(RUNNING) >= 12
    assert len(RUNNING) + len(RECORDED) >= 20


@pytest.mark.parametrize("publisher", RECORDED, ids=lambda each: each.name)
async def test_recorded_messages_are_shown_as_the_page_says(tmp_path: Path, publisher: Publisher) -> None:
    messages = []
    for vector in vectors(publisher.dialect):
        if vector.get("source", "").startswith(publisher.vectors):
            heard = [message(each) for each in (*vector.get("given", ()), vector)]
            messages += [(each.topic, each.payload) for each in heard]
    registry = await run_hub(tmp_path, MAKE[publisher.dialect](), *messages)
    [device] = [each for each in registry.devices() if each.display_name == publisher.device]
    shown = {device.titles()[metric]: device.unit(metric) for metric in device.metrics}
    assert {title: shown.get(title, "missing") for title in publisher.readings} == publisher.readings
    assert device.presence == ("online" if publisher.online else "offline")
