"""Assembly: opens the parts of a hub and wires them together. Nothing runs yet; ``app`` runs it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from hub import __version__
from hub.ai.models import Models, open_models
from hub.analysis import Analyst
from hub.api import Authenticator, Broadcaster, Services, create_api
from hub.archive import adopt
from hub.assistant import Assistant, Memory
from hub.bus import Bus
from hub.clock import Clock
from hub.config import Settings
from hub.config import Store as Kept
from hub.diagnosis import Diagnostician
from hub.dialects import DIALECTS, greetings
from hub.fleet import Fleet
from hub.housekeeping import most_disagree
from hub.inbox import Inbox
from hub.install import Install, close_to_others, keep_dropped, open_install
from hub.metrics import Metrics
from hub.model import LostSession
from hub.mqtt.drops import Drops
from hub.mqtt.explorer import Explorer, for_looking
from hub.mqtt.link import LinkSettings
from hub.mqtt.recent import Recent
from hub.mqtt.versions import MqttLink
from hub.outbox import Outbox
from hub.pipeline import Pipeline
from hub.rules import Engine
from hub.sender import Sender
from hub.server import Server, create_server
from hub.store.lock import DirectoryLock
from hub.store.sqlite import SqliteStore
from hub.tools import Tools
from hub.twins import Twins
from hub.usage import Meter
from hub.wiring import (
    Faults,
    access_token,
    ai_settings,
    bind,
    credentials_of,
    fleet_limits,
    http_settings,
    link_settings,
    usable_roots,
    usable_rules,
    usable_signatures,
)
from hub.worker import Worker

log = logging.getLogger(__name__)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@dataclass(frozen=True, kw_only=True)
class Hub:
    """The parts of an open hub that have a task or an end of their own. ``failed`` names tasks that broke."""

    data: Path
    install: Install
    kept: Kept
    fleet: Fleet
    clock: Clock
    inbox: Inbox
    bus: Bus
    store: SqliteStore
    link: MqttLink
    explorer: Explorer
    drops: Drops
    watching: LinkSettings
    outbox: Outbox
    sender: Sender
    pipeline: Pipeline
    diagnostician: Diagnostician
    broadcaster: Broadcaster
    models: Models
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
        close_to_others(data)
        if (aside := adopt(data)) is not None:
            log.warning("a backup has been restored; what was there before is in %s", aside)
        install = open_install(data, keep_damaged_aside=True)
        faults: Faults = {}
        rules = usable_rules(data, faults)
        listener = stack.enter_context(bind(settings.http.listen))
        token = access_token(settings, listener, install)
        store = SqliteStore.open(data)
        stack.push_async_callback(store.close)
        if store.set_aside is not None:
            log.error("the history was damaged: it is kept as %s and a new one has begun", store.set_aside)
        models = await open_models(ai_settings(settings.ai), data)
        providers = models.providers
        stack.push_async_callback(providers.close)
        worker = Worker(memory_mb=settings.analysis.memory_mb)
        stack.push_async_callback(worker.close)

        inbox, bus, fleet = Inbox(), Bus(), Fleet(fleet_limits(settings))
        engine = Engine(rules, fleet.tolerated)
        roots = usable_roots(settings, faults)
        dialects = [make(roots) for make in DIALECTS.values()]
        messages = Recent(inbox.offer, dialects, fleet)
        wanted = link_settings(settings, install)
        explorer = Explorer(lambda: for_looking(link.settings, link.state), now_ms)
        link = MqttLink(
            wanted,
            messages.take,
            lambda since, at: inbox.tell(LostSession(since or _last_heard(fleet), at)),
        )
        drops = Drops(
            install.dropped,
            on_drop=lambda since, at, count: inbox.tell(LostSession(since or _last_heard(fleet), at, count)),
            keep=lambda count: keep_dropped(data, install, count),
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
        if fleet.capacity.left_out:
            log.warning(
                "%d stored devices do not fit into memory and are left out; %d are here. What is stored of them stays. "
                "Give the hub more memory, or raise limits.total_metrics (now %d), and start it again.",
                len(fleet.capacity.left_out), len(fleet), fleet.limits.total_metrics,
            )  # fmt: skip
        clock = Clock(data, now_ms, newest=_last_heard(fleet), disagrees=lambda: most_disagree(fleet.described()))

        diagnostician = Diagnostician(
            fleet=fleet,
            engine=engine,
            store=store,
            bus=bus,
            submit=inbox.submit,
            providers=providers,
            now=now_ms,
            signatures=usable_signatures(data, faults),
        )
        tools = Tools(fleet=fleet, engine=engine, store=store, now=now_ms, examine=diagnostician.examine)
        assistant = Assistant(tools=tools, providers=providers)
        failed: list[str] = []
        shutdown = asyncio.Event()
        services = Services(
            fleet=fleet,
            engine=engine,
            inbox=inbox,
            store=store,
            bus=bus,
            messages=messages,
            explorer=explorer,
            credentials=credentials_of(settings, demo=not lasting_broker),
            twins=Twins(fleet=fleet, link=link, root=roots.native, submit=inbox.submit, now=now_ms),
            link=lambda: link.state,
            dropped=lambda: drops.total,
            counters=pipeline.counters,
            metrics=metrics,
            assistant=assistant,
            memory=Memory(assistant, store.conversations, now_ms),
            diagnostician=diagnostician,
            analyst=Analyst(
                providers=providers,
                worker=worker,
                library=store.library,
                fleet=fleet,
                now=now_ms,
                speech_model=settings.analysis.speech_model,
            ),
            providers=providers,
            models=models,
            usage=Meter(),
            failed=lambda: failed,
            now=now_ms,
            shutdown=shutdown,
            version=__version__,
            install_id=install.id,
            started_at=now_ms(),
            data=data,
            roots=roots,
            kept=settings.store,
            clock=clock,
            faults=faults,
        )
        broadcaster = Broadcaster(services)
        http = http_settings(settings, listener, token)
        api = create_api(services, http, broadcaster)
        yield Hub(
            data=data,
            install=install,
            kept=settings.store,
            fleet=fleet,
            clock=clock,
            inbox=inbox,
            bus=bus,
            store=store,
            link=link,
            explorer=explorer,
            drops=drops,
            watching=for_looking(wanted, link.state, "drops"),
            outbox=outbox,
            sender=sender,
            pipeline=pipeline,
            diagnostician=diagnostician,
            broadcaster=broadcaster,
            models=models,
            auth=api.auth,
            server=create_server(api, http),
            listener=listener,
            shutdown=shutdown,
            failed=failed,
            faults=faults,
        )


def _last_heard(fleet: Fleet) -> int:
    """When the run before this one last heard of any device: where a gap found at the first connection begins."""
    return max((device.last_seen or 0 for device in fleet.devices()), default=0)
