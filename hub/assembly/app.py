"""The life of a hub: runs its parts, owns every task, and ends them in order.

The order of the end: take no more messages in, drain the pipeline (commit, acknowledge), end streams and viewers,
disconnect from the broker without shortening the session, close the store last.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import time
from collections.abc import Awaitable, Callable

from hub.assembly.hangup import Hangup
from hub.assembly.open_hub import open_hub
from hub.assembly.parts import Hub
from hub.assembly.reload import Reloader
from hub.errors import HubError
from hub.runtime.clock import now_ms
from hub.runtime.installation import save
from hub.runtime.settings import Settings
from hub.services.housekeeping import run_clock, run_retention

log = logging.getLogger(__name__)

READY_S = 15.0
"""How long a start waits for the broker before it says that it serves without one."""
DRAIN_S = 6.0
"""How long the end waits for the last commit: a supervisor kills after ten seconds."""


async def serve(
    settings: Settings,
    *,
    lasting_broker: bool = True,
    on_ready: Callable[[], Awaitable[None]],
    hangup: Hangup | None = None,
    reread: Callable[[], Settings] | None = None,
) -> None:
    """Run a hub until SIGINT or SIGTERM. ``on_ready`` is called once it takes messages and requests. At SIGHUP it
    reloads, with the settings that ``reread`` reads.

    With a ``lasting_broker`` a session that is not known any more at the next start is reported as a gap.
    """
    hangup = hangup or Hangup()
    async with open_hub(settings, lasting_broker=lasting_broker) as hub:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        reloader = Reloader(hub, settings, reread or (lambda: settings))
        _spare_the_collector()
        try:
            with hangup.handled(reloader.ask, stop.set):
                await _run(hub, reloader, stop, on_ready, lasting_broker)
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
    if hub.health.failed:
        raise HubError(f"The hub stopped because its {hub.health.failed[0]} failed.", "The log above says why.")


def _spare_the_collector() -> None:
    """What is there by now stays, and what comes are values that hold no others: to look through all of a large fleet
    for cycles again and again cost a twelfth of a message."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _run(
    hub: Hub,
    reloader: Reloader,
    stop: asyncio.Event,
    on_ready: Callable[[], Awaitable[None]],
    lasting_broker: bool,
) -> None:
    """Every task of the hub, in one group. One that breaks ends the hub in order, with the name of what broke."""

    core, connection, web = hub.core, hub.connection, hub.web

    async def watched(name: str, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:
            log.exception("the hub's %s broke", name)
            hub.health.failed.append(name)
        finally:
            if not core.shutdown.is_set():
                stop.set()

    async with asyncio.TaskGroup() as group:

        def start(name: str, work: Awaitable[None]) -> asyncio.Task[None]:
            return group.create_task(watched(name, work), name=name)

        pipeline = start("pipeline", core.pipeline.run())
        link = start("link", connection.link.run())
        publish_queue = start("outbox", connection.publish_queue.run())
        explorer = start("explorer", connection.explorer.run())
        drop_monitor = start("dropped messages", connection.drop_monitor.run(connection.watching))
        sender = start("commands", connection.sender.run())
        clock = start("clock", run_clock(core.ingest_queue, connection.link, now_ms))
        retention = start("retention", run_retention(core.store, hub.info.retention, core.registry, hub.health.clock))
        diagnosis = start("diagnosis", hub.ai.diagnosis.run())
        viewers = start("live frames", web.broadcaster.run())
        reloading = start("reload", reloader.run())
        server = start("web server", web.server.serve(sockets=[web.listener]))
        greeting = group.create_task(_greet(hub, on_ready, lasting_broker), name="greeting")
        await stop.wait()

        greeting.cancel()
        core.shutdown.set()  # streams end now, so that the web server has nobody to wait for
        for task in (clock, publish_queue, explorer, drop_monitor, sender, retention, diagnosis, reloading):
            task.cancel()
        connection.link.pause()
        core.ingest_queue.close()
        done, _ = await asyncio.wait({pipeline}, timeout=DRAIN_S)
        if not done:
            log.error("the last messages could not be stored in time; the broker still has them")
            pipeline.cancel()
        core.bus.close()
        web.server.should_exit = True
        link.cancel()
        await asyncio.wait({link, server}, timeout=3)
        for task in (link, server, viewers):
            task.cancel()


async def _greet(hub: Hub, on_ready: Callable[[], Awaitable[None]], lasting_broker: bool) -> None:
    """Wait for the web server and, for a while, for the broker; then remember that this session exists."""
    link = hub.connection.link
    deadline = time.monotonic() + READY_S
    while not hub.web.server.started or (not link.state.subscribed and time.monotonic() < deadline):
        await asyncio.sleep(0.02)
    if not link.state.subscribed:
        reason = (link.state.error or "no answer yet").rstrip(".")
        log.warning("Serving without the broker at %s (%s). Trying on.", link.state.address, reason)
    await on_ready()
    while not link.state.subscribed:
        await asyncio.sleep(0.5)
    if lasting_broker and not hub.install.had_session:
        hub.install.had_session = True
        save(hub.info.data, hub.install)
