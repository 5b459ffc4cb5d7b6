"""Open the core of a hub: state, history, pipeline, notifications and reactions."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from hub import __version__
from hub.assembly.build_notifications import build_notifications
from hub.assembly.build_reactions import build_reactions
from hub.assembly.parts import BrokerConnection, Core
from hub.calculated import Calculation
from hub.dialects import Dialect
from hub.ingest.pipeline import Pipeline
from hub.ingest.queue import IngestQueue
from hub.model.reaction import Reaction
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.runtime.clock import now_ms
from hub.runtime.metrics import Metrics
from hub.services.audit_log import AuditLog
from hub.services.reaction_publisher import ReactionBroker
from hub.store.sql_store import SqlStore

log = logging.getLogger(__name__)


async def open_core(
    engine: Engine,
    calculation: Calculation,
    definitions: list[Reaction],
    dialects: list[Dialect],
    disabled: list[Dialect],
    ingest_queue: IngestQueue,
    registry: DeviceRegistry,
    store: SqlStore,
    connection: BrokerConnection,
    data: Path,
    own_url: str,
    *,
    reactions_allowed: bool,
) -> Core:
    """Create the core of a hub (state, history and pipeline), and load the stored state into it."""
    bus, metrics = Bus(), Metrics(__version__)
    publish, retained = connection.publish_queue.put, connection.retained
    notifications = build_notifications(data, store, bus, engine, registry, own_url, publish, retained)
    audit = AuditLog(store.audit, now_ms)
    reactions = build_reactions(
        definitions,
        store=store,
        bus=bus,
        engine=engine,
        registry=registry,
        notifications=notifications,
        submit=ingest_queue.submit,
        audit=audit,
        broker=ReactionBroker(
            connection.link.publish,
            lambda topic: next((each.name for each in dialects if each.owns(topic)), None),
        ),
        allowed=reactions_allowed,
    )
    await reactions.restore()
    pipeline = Pipeline(
        ingest_queue=ingest_queue,
        dialects=dialects,
        registry=registry,
        engine=engine,
        store=store,
        bus=bus,
        now=now_ms,
        link=connection.link,
        on_commit=metrics.observe_commit,
        on_effect=connection.publish_queue.put,
        on_command=connection.sender.put,
        notices=notifications.notices,
        calculation=calculation,
        reaction_steps=reactions.steps,
    )
    await pipeline.restore(disabled)
    if registry.capacity.left_out:
        log.warning(
            "%d stored devices do not fit into memory and were not loaded, in addition to %d that were. They stay on "
            "disk. Give the hub more memory, or raise limits.total_metrics (now %d), and restart it.",
            len(registry.capacity.left_out), len(registry), registry.limits.total_metrics,
        )  # fmt: skip
    return Core(
        registry=registry,
        engine=engine,
        calculation=calculation,
        store=store,
        bus=bus,
        ingest_queue=ingest_queue,
        pipeline=pipeline,
        metrics=metrics,
        notifications=notifications,
        reactions=reactions,
        audit=audit,
        now=now_ms,
        shutdown=asyncio.Event(),
    )
