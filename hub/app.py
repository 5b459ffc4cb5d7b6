"""Assembly: opens the parts of a hub, wires them, owns every task, and ends them in order.

The order of the end: take no more messages in, drain the pipeline (commit, acknowledge), end streams and viewers,
disconnect from the broker without shortening the session, close the store last.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from hub import __version__
from hub.ai.providers import open_providers
from hub.analysis import Analyst
from hub.api import Broadcaster, HttpSettings, Services, create_api
from hub.assistant import Assistant
from hub.bus import Bus
from hub.config import Settings
from hub.diagnosis import Diagnostician
from hub.dialects import DIALECTS, greetings
from hub.errors import HubError
from hub.fleet import Fleet
from hub.housekeeping import run_clock, run_retention
from hub.inbox import Inbox
from hub.install import Install, open_install, save
from hub.metrics import Metrics
from hub.model import LostSession
from hub.mqtt.recent import Recent
from hub.mqtt.versions import MqttLink
from hub.outbox import Outbox
from hub.pipeline import Pipeline
from hub.rules import Engine
from hub.sender import Sender
from hub.store.lock import DirectoryLock
from hub.store.sqlite import SqliteStore
from hub.tools import Tools
from hub.usage import Meter
from hub.wiring import ai_settings, bind, fleet_limits, http_settings, link_settings, read_if_there, roots_of, rules_of

log = logging.getLogger(__name__)

READY_S = 15.0
"""How long a start waits for the broker before it says that it serves without one."""
DRAIN_S = 6.0
"""How long the end waits for the last commit: a supervisor kills after ten seconds."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Server(uvicorn.Server):
    """uvicorn beside the pipeline. Our loop owns the signals: uvicorn would raise SIGTERM again at its end and the
    process would die before anything drains (uvicorn 0.54, Server.capture_signals)."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(frozen=True, kw_only=True)
class Hub:
    """The parts of an open hub that have a task or an end of their own. ``failed`` names tasks that broke."""

    data: Path
    install: Install
    retention_days: int
    inbox: Inbox
    bus: Bus
    store: SqliteStore
    link: MqttLink
    outbox: Outbox
    sender: Sender
    pipeline: Pipeline
    diagnostician: Diagnostician
    broadcaster: Broadcaster
    server: Server
    listener: socket.socket
    shutdown: asyncio.Event
    failed: list[str]


@contextlib.asynccontextmanager
async def open_hub(settings: Settings, token: str | None) -> AsyncIterator[Hub]:
    """A hub with its state restored and nothing running yet. Raises HubError for what a person can put right."""
    data = settings.store.data
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(DirectoryLock.acquire(data))
        install = open_install(data)
        engine = Engine(rules_of(data))
        listener = stack.enter_context(bind(settings.http.listen))
        store = SqliteStore.open(data)
        stack.push_async_callback(store.close)
        if store.set_aside is not None:
            log.error("the history was damaged: it is kept as %s and a new one has begun", store.set_aside)
        providers = await open_providers(ai_settings(settings.ai))
        stack.push_async_callback(providers.close)

        inbox, bus, fleet = Inbox(), Bus(), Fleet(fleet_limits(settings))
        roots = roots_of(settings)
        dialects = [make(roots) for make in DIALECTS.values()]
        messages = Recent(inbox.offer, dialects, fleet)
        link = MqttLink(
            link_settings(settings, install),
            messages.take,
            lambda since, at: inbox.tell(LostSession(since or _last_heard(fleet), at)),
        )
        link.subscribe(topic for dialect in dialects for topic in dialect.filters)
        metrics, outbox = Metrics(), Outbox(link, greetings(roots))
        sender = Sender(fleet=fleet, link=link, tell=inbox.tell, now=now_ms)
        pipeline = Pipeline(
            inbox=inbox,
            dialects=dialects,
            fleet=fleet,
            engine=engine,
            store=store,
            bus=bus,
            now=now_ms,
            on_commit=metrics.observe_commit,
            on_effect=outbox.put,
            on_command=sender.put,
        )
        pipeline.link = link
        await pipeline.restore()

        tools = Tools(fleet=fleet, engine=engine, store=store, now=now_ms)
        diagnostician = Diagnostician(
            fleet=fleet,
            engine=engine,
            store=store,
            bus=bus,
            submit=inbox.submit,
            providers=providers,
            now=now_ms,
            signatures=read_if_there(data / "signatures.toml"),
        )
        failed: list[str] = []
        shutdown = asyncio.Event()
        services = Services(
            fleet=fleet,
            engine=engine,
            inbox=inbox,
            store=store,
            bus=bus,
            messages=messages,
            link=lambda: link.state,
            counters=pipeline.counters,
            metrics=metrics,
            assistant=Assistant(tools=tools, providers=providers),
            diagnostician=diagnostician,
            analyst=Analyst(providers=providers),
            providers=providers,
            usage=Meter(),
            failed=lambda: failed,
            now=now_ms,
            shutdown=shutdown,
            version=__version__,
            install_id=install.id,
            started_at=now_ms(),
            data=data,
            roots=roots,
            retention_days=settings.store.retention_days,
        )
        broadcaster = Broadcaster(services)
        yield Hub(
            data=data,
            install=install,
            retention_days=settings.store.retention_days,
            inbox=inbox,
            bus=bus,
            store=store,
            link=link,
            outbox=outbox,
            sender=sender,
            pipeline=pipeline,
            diagnostician=diagnostician,
            broadcaster=broadcaster,
            server=_server(services, broadcaster, http_settings(settings, listener, token)),
            listener=listener,
            shutdown=shutdown,
            failed=failed,
        )


def _last_heard(fleet: Fleet) -> int:
    """When the run before this one last heard of any device: where a gap found at the first connection begins."""
    return max((device.last_seen or 0 for device in fleet.devices()), default=0)


async def serve(
    settings: Settings,
    *,
    token: str | None = None,
    lasting_broker: bool = True,
    on_ready: Callable[[], Awaitable[None]],
) -> None:
    """Run a hub until SIGINT or SIGTERM. ``on_ready`` is called once it takes messages and requests.

    With a ``lasting_broker`` a session that is not known any more at the next start is reported as a gap.
    """
    async with open_hub(settings, token) as hub:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        try:
            await _run(hub, stop, on_ready, lasting_broker)
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
    if hub.failed:
        raise HubError(f"The hub stopped because its {hub.failed[0]} failed.", "The log above says why.")


async def _run(hub: Hub, stop: asyncio.Event, on_ready: Callable[[], Awaitable[None]], lasting_broker: bool) -> None:
    """Every task of the hub, in one group. One that breaks ends the hub in order, with the name of what broke."""

    async def watched(name: str, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:
            log.exception("the hub's %s broke", name)
            hub.failed.append(name)
        finally:
            if not hub.shutdown.is_set():
                stop.set()

    async with asyncio.TaskGroup() as group:

        def start(name: str, work: Awaitable[None]) -> asyncio.Task[None]:
            return group.create_task(watched(name, work), name=name)

        pipeline = start("pipeline", hub.pipeline.run())
        link = start("link", hub.link.run())
        outbox = start("outbox", hub.outbox.run())
        sender = start("commands", hub.sender.run())
        clock = start("clock", run_clock(hub.inbox, hub.link, now_ms))
        retention = start("retention", run_retention(hub.store, hub.retention_days, now_ms))
        diagnosis = start("diagnosis", hub.diagnostician.run())
        viewers = start("live frames", hub.broadcaster.run())
        server = start("web server", hub.server.serve(sockets=[hub.listener]))
        greeting = group.create_task(_greet(hub, on_ready, lasting_broker), name="greeting")
        await stop.wait()

        greeting.cancel()
        hub.shutdown.set()  # streams end now, so that the web server has nobody to wait for
        for task in (clock, outbox, sender, retention, diagnosis):
            task.cancel()
        hub.link.pause()
        hub.inbox.close()
        done, _ = await asyncio.wait({pipeline}, timeout=DRAIN_S)
        if not done:
            log.error("the last messages could not be stored in time; the broker still has them")
            pipeline.cancel()
        hub.bus.close()
        hub.server.should_exit = True
        link.cancel()
        await asyncio.wait({link, server}, timeout=3)
        for task in (link, server, viewers):
            task.cancel()


async def _greet(hub: Hub, on_ready: Callable[[], Awaitable[None]], lasting_broker: bool) -> None:
    """Wait for the web server and, for a while, for the broker; then remember that this session exists."""
    deadline = time.monotonic() + READY_S
    while not hub.server.started or (not hub.link.state.subscribed and time.monotonic() < deadline):
        await asyncio.sleep(0.02)
    if not hub.link.state.subscribed:
        log.warning("no broker at %s yet (%s); trying on", hub.link.state.address, hub.link.state.error)
    await on_ready()
    while not hub.link.state.subscribed:
        await asyncio.sleep(0.5)
    if lasting_broker and not hub.install.had_session:
        hub.install.had_session = True
        save(hub.data, hub.install)


def _server(services: Services, broadcaster: Broadcaster, http: HttpSettings) -> Server:
    config = uvicorn.Config(
        create_api(services, http, broadcaster),
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="websockets-sansio",
        ws_per_message_deflate=False,  # the default cost six times the CPU
        ws_max_size=1_048_576,
        timeout_graceful_shutdown=2,
        server_header=False,
        proxy_headers=False,
    )
    return Server(config)
