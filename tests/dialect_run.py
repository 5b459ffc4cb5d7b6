"""Helpers for tests of dialects: decode messages, run a hub on messages, generate JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from conformance import Registry
from hub.dialects import Action, Dialect, Result
from hub.ingest.pipeline import Pipeline
from hub.ingest.queue import IngestQueue
from hub.model import RawMessage
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.store.sqlite import SqliteStore

NOW = 1_795_386_000_000
"""2026-11-22 22:20:00 UTC."""

json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)


class DialectRun:
    """Dialect with a registry, which decodes messages one by one."""

    def __init__(self, dialect: Dialect, prefix: str = "") -> None:
        self.dialect, self.registry, self._prefix = dialect, Registry(), prefix

    def say(self, topic: str, body: Any, *, retained: bool = False, received: int = NOW) -> Result:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        message = RawMessage(self._prefix + topic, payload, received, retained=retained)
        return self.registry.hear(self.dialect, message)

    def values(self, topic: str, body: Any, **how: Any) -> dict[str, Any]:
        (record,) = self.say(topic, body, **how).records
        return record.values


async def run_hub(
    folder: Path,
    dialect: Dialect,
    *messages: tuple[str, Any],
    effects: Callable[[Action], None] = lambda effect: None,
) -> DeviceRegistry:
    """Run a hub on the history in ``folder`` until ``messages`` (topic, body) are handled. Return its registry."""
    store, ingest_queue, registry = SqliteStore.open(folder), IngestQueue(), DeviceRegistry()
    pipeline = Pipeline(
        ingest_queue=ingest_queue,
        dialects=[dialect],
        registry=registry,
        engine=Engine([]),
        store=store,
        bus=Bus(),
        now=lambda: NOW,
        on_effect=effects,
    )
    await pipeline.restore()
    for topic, body in messages:
        ingest_queue.offer([RawMessage(topic, body if isinstance(body, bytes) else json.dumps(body).encode(), NOW)])
    ingest_queue.close()
    await asyncio.wait_for(pipeline.run(), 10)
    await store.close()
    return registry
