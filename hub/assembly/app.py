"""Run a hub: start its tasks, and stop them in order.

Shutdown ends event streams and WebSockets, and stops receiving messages. Messages that were received are committed and
acknowledged. Then the hub disconnects from the broker without ending the session, and closes the store last.
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
from hub.errors import HubError, StoreError
from hub.runtime.clock import now_ms
from hub.runtime.installation import save
from hub.runtime.sd_notify import notify, run_watchdog, watchdog_s
from hub.runtime.settings import Settings
from hub.services.event_log import EventLog
from hub.services.housekeeping import run_clock, run_retention

log = logging.getLogger(__name__)

READY_S = 15.0
"""Maximum time in seconds that startup waits for the broker. After it, the hub is ready without a connection."""
DRAIN_S = 6.0
"""Maximum time in seconds that shutdown waits for the last commit. Some supervisors kill a process after 10 s."""


async def serve(
    settings: Settings,
    *,
    lasting_broker: bool = True,
    on_ready: Callable[[], Awaitable[None]],
    hangup: Hangup | None = None,
    reread: Callable[[], Settings] | None = None,
) -> None:
    """Run a hub until SIGINT or SIGTERM. SIGHUP reloads the settings.

    Args:
        settings: The settings.
        lasting_broker: True if the broker keeps sessions when it restarts. If such a broker has no session of the hub
            at start, a gap in the messages is reported.
        on_ready: Called when the hub accepts messages and requests.
        hangup: Handler of SIGHUP; None creates one.
        reread: Returns the settings for a reload; None: a reload uses ``settings`` again.

    Raises:
        HubError: The hub cannot start, or one of its tasks has failed.
    """
    hangup = hangup or Hangup()
    async with open_hub(settings, lasting_broker=lasting_broker) as hub:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        reloader = Reloader(hub, settings, reread or (lambda: settings))
        _tune_garbage_collector()
        try:
            with hangup.handled(reloader.ask, stop.set):
                await _run(hub, reloader, stop, on_ready, lasting_broker)
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
    if hub.health.replaced:
        raise StoreError("Another hub has taken over the database.", "Start this one again: it waits as a stand-by.")
    if hub.health.failed:
        task = hub.health.failed[0]
        raise HubError(f"The hub stopped because its {task} task failed.", "See the log above for the reason.")


def _tune_garbage_collector() -> None:
    """Exclude the objects that exist now from garbage collection, and run the garbage collection less often.

    With many devices, garbage collection took 8% of the time of processing messages, and found no cycles. The objects
    are excluded without a collection first, which would take 10% of the startup time and free 1% of the objects.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    gc.enable()  # the command line disables it during the imports


async def _run(
    hub: Hub,
    reloader: Reloader,
    stop: asyncio.Event,
    on_ready: Callable[[], Awaitable[None]],
    lasting_broker: bool,
) -> None:
    """Run all tasks of the hub until ``stop`` is set. If a task fails, record it in the hub's health and set ``stop``.

    Args:
        hub: The hub.
        reloader: Reloads the settings on SIGHUP.
        stop: Ends the hub when it is set.
        on_ready: Called when the hub accepts messages and requests.
        lasting_broker: True if the broker keeps sessions when it restarts, so that a missing session means lost
            messages.
    """
    core, connection, web = hub.core, hub.connection, hub.web

    async def watched(name: str, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:
            log.exception("The hub's %s task failed. The hub stops. Report this.", name)
            hub.health.failed.append(name)
        finally:
            if not core.shutdown.is_set():
                stop.set()

    async with asyncio.TaskGroup() as group:

        def start(name: str, work: Awaitable[None]) -> asyncio.Task[None]:
            return group.create_task(watched(name, work), name=name)

        pipeline = start("pipeline", core.pipeline.run())
        link = start("MQTT client", connection.link.run())
        publish_queue = start("publish queue", connection.publish_queue.run())
        retained = start("retained topics", connection.retained.run())
        explorer = start("topic explorer", connection.explorer.run())
        drop_monitor = start("drop monitor", connection.drop_monitor.run(connection.watching))
        sender = start("command sender", connection.sender.run())
        clock = start("clock", run_clock(core.ingest_queue, connection.link, now_ms))
        retention = start("retention", run_retention(core.store, hub.info.retention, core.registry, hub.health.clock))
        lease = start("lease", _until_replaced(hub))
        sharing = [start("shared files", hub.shared.run())] if hub.shared else []
        start("event log", EventLog(core.bus, core.registry, now_ms).run())
        diagnosis = start("diagnosis", hub.ai.diagnosis.run())
        notifications = start("notifications", core.notifications.run())
        reactions = start("reactions", core.reactions.run())
        broadcaster = start("broadcaster", web.broadcaster.run())
        reloading = start("reload", reloader.run())
        watchdog = [start("watchdog", run_watchdog(every_s)) for every_s in watchdog_s()]
        server = start("web server", web.server.serve(sockets=[web.listener]))
        startup = group.create_task(_wait_until_ready(hub, on_ready, lasting_broker), name="startup")
        await stop.wait()

        notify("STOPPING=1")
        startup.cancel()
        core.shutdown.set()  # ends event streams and WebSockets; otherwise the web server would wait for them
        publishing = (publish_queue, retained, explorer, drop_monitor, sender)
        for task in (*watchdog, *sharing, lease, clock, *publishing, retention, diagnosis, reloading):
            task.cancel()
        connection.link.pause()
        core.ingest_queue.close()
        done, _ = await asyncio.wait({pipeline}, timeout=0 if hub.health.replaced else DRAIN_S)
        if not done and not hub.health.replaced:
            log.error(
                "The last messages could not be stored within %g s. The broker redelivers those of QoS 1; "
                "QoS 0 messages are lost.",
                DRAIN_S,
            )
        pipeline.cancel()
        core.bus.close()
        web.server.should_exit = True
        link.cancel()
        await asyncio.wait({link, server}, timeout=3)
        for task in (link, server, broadcaster, notifications, reactions):
            task.cancel()


async def _until_replaced(hub: Hub) -> None:
    """Wait until another hub takes over the database. Then log that this hub stops, and return."""
    await hub.core.store.replaced()
    hub.health.replaced = True
    log.error(
        "Another hub has taken over the database. This hub stops. The broker delivers its last messages to the other."
    )


async def _wait_until_ready(hub: Hub, on_ready: Callable[[], Awaitable[None]], lasting_broker: bool) -> None:
    """Wait for the web server and, at most :data:`READY_S` seconds, for the broker. Then call ``on_ready``.

    If ``lasting_broker`` is true, record in ``install.json`` that the hub has a session at the broker.
    """
    link = hub.connection.link
    deadline = time.monotonic() + READY_S
    while not hub.web.server.started or (not link.state.subscribed and time.monotonic() < deadline):
        await asyncio.sleep(0.02)
    if not link.state.subscribed:
        reason = (link.state.error or "no answer yet").rstrip(".")
        log.warning("Cannot reach the MQTT broker %s (%s). Retrying.", link.state.address, reason)
    await on_ready()
    while not link.state.subscribed:
        await asyncio.sleep(0.5)
    if lasting_broker and not hub.install.had_session:
        hub.install.had_session = True
        save(hub.info.data, hub.install)
