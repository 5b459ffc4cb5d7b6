"""Assembly: opens the parts of a hub and wires them together. Nothing runs yet; ``app`` runs it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from hub import __version__
from hub.ai.model_settings import ModelRegistry, open_model_settings
from hub.analysis import FileAnalyzer
from hub.api import Authenticator, HubInfo
from hub.api.live.broadcaster import Broadcaster
from hub.archive import adopt
from hub.assembly.build_api import build_api
from hub.assembly.from_settings import (
    Faults,
    access_token,
    ai_settings,
    bind,
    client_settings,
    credentials_of,
    http_settings,
    registry_limits,
    usable_dialects,
    usable_rules,
    usable_signatures,
)
from hub.assembly.parts import AiServices, BrokerServices, Core
from hub.assistant import AssistantService, ConversationMemory
from hub.diagnosis import DiagnosisService
from hub.dialects import birth_messages, make_dialects
from hub.ingest.pipeline import Pipeline
from hub.ingest.queue import IngestQueue
from hub.model import LostSession
from hub.mqtt.broker_drops import BrokerDropMonitor
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.runtime.clock import Clock, now_ms
from hub.runtime.installation import Installation, open_installation, restrict_access, save_broker_drops
from hub.runtime.metrics import Metrics
from hub.runtime.settings import Settings
from hub.runtime.settings import StoreSection as Kept
from hub.server import Server, create_server
from hub.services.command_sender import CommandSender
from hub.services.desired_state import DesiredState
from hub.services.housekeeping import most_disagree
from hub.services.hub_health import HubHealth
from hub.services.message_tap import MessageTap
from hub.services.publish_queue import PublishQueue
from hub.services.topic_explorer import TopicExplorer, for_looking
from hub.store.lock import DirectoryLock
from hub.store.sqlite import SqliteStore
from hub.tools import Tools
from hub.worker import Worker

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Hub:
    """The parts of an open hub that have a task or an end of their own. ``failed`` names tasks that broke."""

    data: Path
    install: Installation
    kept: Kept
    registry: DeviceRegistry
    clock: Clock
    ingest_queue: IngestQueue
    bus: Bus
    store: SqliteStore
    link: NegotiatingClient
    explorer: TopicExplorer
    drop_monitor: BrokerDropMonitor
    watching: MqttClientSettings
    publish_queue: PublishQueue
    sender: CommandSender
    pipeline: Pipeline
    diagnosis: DiagnosisService
    broadcaster: Broadcaster
    models: ModelRegistry
    auth: Authenticator
    server: Server
    listener: socket.socket
    shutdown: asyncio.Event
    failed: list[str]
    faults: Faults


@contextlib.asynccontextmanager
async def open_hub(settings: Settings, *, lasting_broker: bool = True) -> AsyncIterator[Hub]:
    """A hub with its state restored and nothing running yet. Raises HubError for what a person can put right."""
    data = settings.store.data
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(DirectoryLock.acquire(data))
        restrict_access(data)
        if (aside := adopt(data)) is not None:
            log.warning("a backup has been restored; what was there before is in %s", aside)
        install = open_installation(data, keep_damaged_aside=True)
        faults: Faults = {}
        rules = usable_rules(data, faults)
        listener = stack.enter_context(bind(settings.http.listen))
        token = access_token(settings, listener, install)
        store = SqliteStore.open(data)
        stack.push_async_callback(store.close)
        if store.set_aside is not None:
            log.error("the history was damaged: it is kept as %s and a new one has begun", store.set_aside)
        models = await open_model_settings(ai_settings(settings.ai), data)
        providers = models.providers
        stack.push_async_callback(providers.close)
        worker = Worker(memory_mb=settings.analysis.memory_mb)
        stack.push_async_callback(worker.close)

        ingest_queue, bus, registry = IngestQueue(), Bus(), DeviceRegistry(registry_limits(settings))
        engine = Engine(rules, registry.tolerated_silence)
        dialect_config = usable_dialects(settings, faults)
        dialects = make_dialects(dialect_config)
        messages = MessageTap(ingest_queue.offer, dialects, registry)
        wanted = client_settings(settings, install)
        explorer = TopicExplorer(lambda: for_looking(link.settings, link.state), now_ms)
        link = NegotiatingClient(
            wanted,
            messages.take,
            lambda since, at: ingest_queue.put(LostSession(since or _last_heard(registry), at)),
        )
        drop_monitor = BrokerDropMonitor(
            install.dropped,
            on_drop=lambda since, at, count: ingest_queue.put(LostSession(since or _last_heard(registry), at, count)),
            keep=lambda count: save_broker_drops(data, install, count),
        )
        link.subscribe(topic for dialect in dialects for topic in dialect.filters)
        metrics, publish_queue = Metrics(), PublishQueue(link, birth_messages(dialect_config))
        sender = CommandSender(registry=registry, link=link, tell=ingest_queue.put, now=now_ms)
        pipeline = Pipeline(
            ingest_queue=ingest_queue,
            dialects=dialects,
            registry=registry,
            engine=engine,
            store=store,
            bus=bus,
            now=now_ms,
            link=link,
            on_commit=metrics.observe_commit,
            on_effect=publish_queue.put,
            on_command=sender.put,
        )
        await pipeline.restore()
        if registry.capacity.left_out:
            log.warning(
                "%d stored devices do not fit into memory and are left out; %d are here. What is stored of them stays. "
                "Give the hub more memory, or raise limits.total_metrics (now %d), and start it again.",
                len(registry.capacity.left_out), len(registry), registry.limits.total_metrics,
            )  # fmt: skip
        clock = Clock(
            data,
            now_ms,
            newest=_last_heard(registry),
            disagrees=lambda: most_disagree(registry.devices()),
        )

        diagnosis = DiagnosisService(
            registry=registry,
            engine=engine,
            store=store,
            bus=bus,
            submit=ingest_queue.submit,
            providers=providers,
            now=now_ms,
            signatures=usable_signatures(data, faults),
        )
        tools = Tools(registry=registry, engine=engine, store=store, now=now_ms, examine=diagnosis.examine)
        assistant = AssistantService(tools=tools, providers=providers)
        failed: list[str] = []
        core = Core(
            registry=registry,
            engine=engine,
            store=store,
            bus=bus,
            ingest_queue=ingest_queue,
            counters=pipeline.counters,
            metrics=metrics,
            now=now_ms,
            shutdown=asyncio.Event(),
        )
        broker = BrokerServices(
            state=lambda: link.state,
            dropped=lambda: drop_monitor.total,
            dialects=dialect_config,
            messages=messages,
            explorer=explorer,
            desired_state=DesiredState(
                registry=registry, link=link, root=dialect_config.root, submit=ingest_queue.submit, now=now_ms
            ),
            credentials=credentials_of(settings, demo=not lasting_broker),
        )
        ai = AiServices(
            providers=providers,
            models=models,
            assistant=assistant,
            memory=ConversationMemory(assistant, store.conversations, now_ms),
            diagnosis=diagnosis,
            analyzer=FileAnalyzer(
                providers=providers,
                worker=worker,
                library=store.library,
                registry=registry,
                now=now_ms,
                speech_model=settings.analysis.speech_model,
            ),
        )
        health = HubHealth(
            registry=registry,
            counters=pipeline.counters,
            broker=broker.state,
            clock=clock,
            failed=failed,
            faults=faults,
            now=now_ms,
        )
        info = HubInfo(
            version=__version__, install_id=install.id, started_at=now_ms(), data=data, retention=settings.store
        )
        http = http_settings(settings, listener, token)
        api, broadcaster = build_api(core, broker, ai, info=info, health=health, http=http)
        yield Hub(
            data=data,
            install=install,
            kept=settings.store,
            registry=registry,
            clock=clock,
            ingest_queue=ingest_queue,
            bus=bus,
            store=store,
            link=link,
            explorer=explorer,
            drop_monitor=drop_monitor,
            watching=for_looking(wanted, link.state, "drops"),
            publish_queue=publish_queue,
            sender=sender,
            pipeline=pipeline,
            diagnosis=diagnosis,
            broadcaster=broadcaster,
            models=models,
            auth=api.auth,
            server=create_server(api, http),
            listener=listener,
            shutdown=core.shutdown,
            failed=failed,
            faults=faults,
        )


def _last_heard(registry: DeviceRegistry) -> int:
    """When the run before this one last heard of any device: where a gap found at the first connection begins."""
    return max((device.last_seen or 0 for device in registry.with_latest_values()), default=0)
