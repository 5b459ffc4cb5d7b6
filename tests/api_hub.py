"""Hub for tests of the API: everything is real except the broker, served by uvicorn on a free port.

Messages enter where the MQTT client would put them. The AI is :class:`fake_ai.Ai`, which a test can delay or break;
``real_ai`` uses the hub's own with the built-in analyst.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import websockets

import route_cache
from assistant_tools import build_tools
from fake_ai import Ai, diagnosis_of, now_ms
from hub.accounts.requester import current_requester
from hub.ai.base import AiSettings
from hub.ai.model_settings import ModelRegistry, open_model_settings
from hub.ai.providers import ProviderChain
from hub.analysis import FileAnalyzer
from hub.api import HttpSettings, HubInfo
from hub.api.live.broadcaster import Broadcaster
from hub.assembly.build_api import build_api
from hub.assembly.build_notifications import build_notifications
from hub.assembly.build_reactions import build_reactions
from hub.assembly.parts import AiServices, BrokerServices, ConfigFiles, Core
from hub.assistant import AssistantService, ConversationMemory
from hub.calculated import Calculation
from hub.calculated import parse as parse_calculated
from hub.diagnosis import DiagnosisService
from hub.dialects import DialectConfig, make_dialects, reserved
from hub.ingest.committer import IngestCounters
from hub.ingest.pipeline import Pipeline
from hub.ingest.queue import IngestQueue
from hub.model import RawMessage, Tick
from hub.mqtt.client import MqttClientSettings, MqttClientState
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.reactions import parse as parse_reactions
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, parse
from hub.runtime.bus import Bus
from hub.runtime.clock import Clock
from hub.runtime.metrics import Metrics
from hub.runtime.settings import StoreSection
from hub.server import ServerCertificate, create_server
from hub.services.areas import stored_areas
from hub.services.audit_log import AuditLog
from hub.services.config_files import calculated_file, mappings_file, reactions_file, rules_file
from hub.services.credentials import Credentials
from hub.services.desired_state import DesiredState
from hub.services.hub_health import HubHealth
from hub.services.message_tap import MessageTap
from hub.services.reaction_publisher import ReactionBroker
from hub.services.topic_explorer import TopicExplorer
from hub.store.sql_store import SqlStore
from hub.store.sqlite import SqliteStore
from hub.worker import Worker

route_cache.share()

RULES = """
[[rule]]
id = "hot"
name = "Too hot"
metric = "temperature"
above = 80
clear = 78
severity = "critical"
"""


@dataclass
class Stores:
    """Where the hubs of this process store their history. ``pytest --store=postgresql`` changes it (conftest.py)."""

    open: Callable[[Path], SqlStore] = SqliteStore.open


stores = Stores()


async def idle() -> None:
    """Run in place of the diagnosis service."""


@dataclass(kw_only=True)
class Services:
    """Parts of a running hub that tests access directly."""

    data: Path
    registry: DeviceRegistry
    engine: Engine
    store: SqlStore
    bus: Bus
    ingest_queue: IngestQueue
    counters: IngestCounters
    metrics: Metrics
    messages: MessageTap
    providers: ProviderChain
    models: ModelRegistry
    now: Callable[[], int]
    shutdown: asyncio.Event


@dataclass
class ApiHub:
    """Running hub with HTTP, WebSocket and MQTT input."""

    services: Services
    broadcaster: Broadcaster
    pipeline: Pipeline
    ai: Ai
    link: dict[str, MqttClientState]
    port: int
    http: httpx.AsyncClient
    app: Any
    secure: bool
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http{'s' if self.secure else ''}://127.0.0.1:{self.port}"

    def publish(self, topic: str, payload: Any, *, at: int | None = None) -> None:
        """Inject a message as if the broker had sent it at ``at`` (epoch ms, default now)."""
        data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.services.messages.take([RawMessage(topic, data, now_ms() if at is None else at, qos=1)])

    async def telemetry(self, device: str, **values: Any) -> None:
        """Publish telemetry and wait until it is committed."""
        self.publish(f"devices/{device}/telemetry", values)
        await self.settled()

    async def settled(self) -> None:
        """Wait until the pipeline has handled everything that was queued before."""
        await self.services.ingest_queue.submit(Tick(now_ms(), 0))
        await asyncio.sleep(0)

    def socket(self, path: str, **options: Any) -> Any:
        """Connect a WebSocket to the hub, by default with the hub's own origin."""
        options.setdefault("origin", self.url)
        options.setdefault("proxy", None)
        return websockets.connect(f"ws{self.url.removeprefix('http')}{path}", compression=None, **options)


class Socket:
    """JSON WebSocket that waits for messages by type."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.seen: list[dict[str, Any]] = []

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def wait(self, *types: str, within: float = 5.0) -> dict[str, Any]:
        """Return the next message of one of ``types``; every message read is appended to ``seen``."""
        async with asyncio.timeout(within):
            while True:
                message = json.loads(await self.connection.recv())
                self.seen.append(message)
                if message["type"] in types:
                    return dict(message)


@contextlib.asynccontextmanager
async def running_hub(
    data: Path,
    *,
    rules: str = RULES,
    live_clients: int = 64,
    listeners: int = 128,
    real_ai: bool = False,
    credentials: Credentials | None = None,
    models: Sequence[Any] = (),
    ai: AiSettings | None = None,
    kept_models: bool = False,
    certificate: ServerCertificate | None = None,
    **http: Any,
) -> AsyncIterator[ApiHub]:
    """Start a hub on the folder ``data`` and stop it in the order in which the hub stops its parts.

    Args:
        data: the data folder; an existing one is opened.
        rules: text of rules.toml.
        live_clients: limit of dashboard sockets.
        listeners: limit of ``/events/devices`` streams.
        real_ai: use the hub's own AI instead of :class:`fake_ai.Ai`.
        credentials: credentials service, default one that manages no broker.
        models: providers that are asked before the built-in analyst; implies ``real_ai``.
        ai: settings of the hub's own AI.
        kept_models: read models.json from the data folder, as the hub does at start.
        certificate: serve HTTPS with it.
        http: fields of HttpSettings.
    """
    store = stores.open(data)
    ingest_queue, bus, registry, fake_ai = IngestQueue(), Bus(), DeviceRegistry(), Ai()
    engine = Engine(
        parse(rules),
        areas=stored_areas(data).around(),
        gateways=lambda gateway: registry.presence.gateways(gateway),
    )
    own_metrics = data / "calculated.toml"
    calculation = Calculation(parse_calculated(own_metrics.read_text()) if own_metrics.exists() else (), engine.matcher)
    fake_ai.submit = ingest_queue.submit
    dialects = make_dialects(DialectConfig())
    notifications = build_notifications(data, store, bus, engine, registry, "http://hub.test")
    own_reactions = data / "reactions.toml"
    audit = AuditLog(store.audit, now_ms)
    disconnected = NegotiatingClient(
        MqttClientSettings("127.0.0.1", 1883, "test"), ingest_queue.offer, lambda since, now: None
    )  # never connected

    def read_by(topic: str) -> str | None:
        return next((each.name for each in dialects if each.owns(topic)), None)

    reactions = build_reactions(
        parse_reactions(own_reactions.read_text()) if own_reactions.exists() else (),
        store=store,
        bus=bus,
        engine=engine,
        registry=registry,
        notifications=notifications,
        submit=ingest_queue.submit,
        audit=audit,
        broker=ReactionBroker(disconnected.publish, read_by),
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
        notices=notifications.notices,
        calculation=calculation,
        reaction_steps=reactions.steps,
    )
    await pipeline.restore()
    messages = MessageTap(ingest_queue.offer, dialects, registry)
    link = {"now": MqttClientState("127.0.0.1:1883", connected=True, subscribed=True)}
    model_settings = await open_model_settings(ai or AiSettings(mode="builtin"), data, current_requester)
    providers = ProviderChain(ordered=models, settings=ai or AiSettings(mode="builtin", diagnosis_timeout_s=15))
    if kept_models:
        providers = model_settings.providers
    core = Core(
        registry=registry,
        engine=engine,
        calculation=calculation,
        store=store,
        bus=bus,
        ingest_queue=ingest_queue,
        pipeline=pipeline,
        metrics=Metrics("0.0.0"),
        notifications=notifications,
        reactions=reactions,
        audit=audit,
        now=now_ms,
        shutdown=asyncio.Event(),
    )
    visible = core.visible
    tools = build_tools(visible.devices, visible.alerts, visible.history, now_ms)
    assistant = AssistantService(tools=tools, providers=providers)
    worker = Worker()  # starts its process with its first job
    broker = BrokerServices(
        state=lambda: link["now"],
        dropped=lambda: 3,
        dialects=DialectConfig(),
        messages=messages,
        explorer=TopicExplorer(lambda: MqttClientSettings("127.0.0.1", 1883, "test"), now_ms),
        desired_state=DesiredState(
            registry=visible.devices, link=disconnected, root="devices", submit=ingest_queue.submit, now=now_ms
        ),
        credentials=credentials or Credentials(None, broker="127.0.0.1:1883", root="devices", login=None),
    )
    language_models = AiServices(
        providers=fake_ai,
        models=model_settings,
        tools=tools,
        assistant=fake_ai,
        memory=ConversationMemory(assistant, store.conversations, now_ms),
        diagnosis=fake_ai,
        analyzer=fake_ai,
    )
    diagnosing = idle()
    if real_ai or models:
        diagnosis = DiagnosisService(
            registry=visible.devices,
            engine=visible.alerts,
            store=visible.history,
            bus=bus,
            submit=ingest_queue.submit,
            providers=providers,
            now=now_ms,
        )
        diagnosing.close()
        diagnosing = diagnosis.run()
        language_models = replace(
            language_models,
            assistant=assistant,
            diagnosis=diagnosis,
            analyzer=FileAnalyzer(
                providers=providers,
                worker=worker,
                library=visible.history.library,
                registry=visible.devices,
                now=now_ms,
            ),
            providers=providers,
            models=model_settings
            if kept_models
            else ModelRegistry(providers.settings, data / "models.json", providers),
        )
    info = HubInfo(
        version="0.0.0", install_id="test", started_at=now_ms(), data=data, retention=StoreSection(), limits={}
    )
    health = HubHealth(
        registry=registry,
        store=store,
        counters=pipeline.counters,
        broker=broker.state,
        clock=Clock(data, now_ms),
        failed=[],
        faults={},
        now=now_ms,
        data=data,
    )
    files = ConfigFiles(
        rules=rules_file(data, ingest_queue.submit, now_ms),
        calculated=calculated_file(data, ingest_queue.submit, now_ms),
        reactions=reactions_file(data, reactions.use),
        mappings=mappings_file(data, ingest_queue.submit, now_ms, reserved(DialectConfig())),
    )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        settings = replace(HttpSettings(port=port, web_dir=data / "web"), **http)
        info = HubInfo(
            version="0.0.0",
            install_id="test",
            started_at=now_ms(),
            data=data,
            retention=StoreSection(),
            limits=settings.limits(),
        )
        app, broadcaster = build_api(
            core,
            broker,
            language_models,
            files,
            info=info,
            health=health,
            http=settings,
            max_dashboards=live_clients,
            max_listeners=listeners,
        )
        server = create_server(app, settings, certificate)
        tasks = [
            asyncio.create_task(pipeline.run(), name="pipeline"),
            asyncio.create_task(diagnosing, name="diagnosis"),
            asyncio.create_task(broadcaster.run(), name="broadcaster"),
            asyncio.create_task(notifications.run(), name="notifications"),
            asyncio.create_task(reactions.run(), name="reactions"),
            asyncio.create_task(server.serve(sockets=[listener]), name="server"),
        ]
        while not server.started:
            await asyncio.sleep(0.005)
        url = f"http{'s' if certificate else ''}://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=url, timeout=60, verify=False) as client:
            services = Services(
                data=data,
                registry=registry,
                engine=engine,
                store=store,
                bus=bus,
                ingest_queue=ingest_queue,
                counters=pipeline.counters,
                metrics=core.metrics,
                messages=messages,
                providers=language_models.providers,
                models=language_models.models,
                now=now_ms,
                shutdown=core.shutdown,
            )
            try:
                secure = certificate is not None
                yield ApiHub(services, broadcaster, pipeline, fake_ai, link, port, client, app, secure, tasks)
            finally:
                core.shutdown.set()
                server.should_exit = True
                ingest_queue.close()
                await asyncio.wait_for(tasks[0], 30)
                bus.close()
                await asyncio.wait_for(asyncio.gather(*tasks[1:]), 30)
                await worker.close()
                await store.close()


@dataclass
class Event:
    """Server-Sent Event."""

    name: str
    data: dict[str, Any]
    id: str | None


async def events(lines: AsyncIterator[str]) -> AsyncIterator[Event]:
    """Parse a stream of Server-Sent Events as the HTML standard specifies."""
    name, data, event_id = "message", [], None
    async for line in lines:
        if not line:
            if data:
                yield Event(name, json.loads("\n".join(data)), event_id)
            name, data = "message", []
        elif not line.startswith(":"):
            key, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if key == "event":
                name = value
            elif key == "data":
                data.append(value)
            elif key == "id":
                event_id = value


async def first(stream: AsyncIterator[Event], *names: str, within: float = 5.0) -> Event:
    async with asyncio.timeout(within):
        async for event in stream:
            if event.name in names:
                return event
    raise AssertionError(f"the stream ended without {names}")


__all__ = ["Ai", "ApiHub", "Event", "Socket", "diagnosis_of", "events", "first", "now_ms", "running_hub"]
