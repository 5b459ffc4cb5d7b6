"""Wait for the lease on a PostgreSQL database, and answer requests meanwhile. Only the hub with the lease may write.

The hub waits while another hub has the lease, and while the database server cannot be reached. Any other error, such as
a wrong password, ends the start if it occurs at the first attempt. Later, the hub logs it and tries again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from hub.api import HttpSettings
from hub.api.standby import StandbyApp
from hub.errors import StoreBusy, StoreError
from hub.runtime.sd_notify import notify, run_watchdog, watchdog_s
from hub.server import ServerCertificate, create_server

if TYPE_CHECKING:
    from hub.store.postgresql.lease import Candidate, Lease

log = logging.getLogger(__name__)

POLL_S = 1.0


async def wait_for_lease(
    candidate: Candidate,
    http: HttpSettings,
    listener: socket.socket,
    certificate: ServerCertificate | None,
    failure: StoreBusy | None = None,
) -> Lease:
    """Wait for the lease on the database, and return it. Meanwhile, answer probes on ``listener``.

    ``failure`` is why the hub gave up a lease that it had. It then waits a moment before it asks for it again. Raises
    StoreError if the database cannot be used at all, SystemExit on SIGINT and SIGTERM.
    """
    app = StandbyApp(http.command_token or "")
    lease: Lease | None = None
    if failure is not None:
        _tell_failure(app, failure)
    elif (lease := await _ask(candidate, app, first=True)) is not None:
        return lease
    async with _served(app, http, listener, certificate):
        with _stop_signals() as stop:
            while lease is None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), POLL_S)
                    await asyncio.to_thread(candidate.close)
                    raise SystemExit(0)
                lease = await _ask(candidate, app)
    log.warning("This hub has the lease of the database and starts to serve it.")
    return lease


async def _ask(candidate: Candidate, app: StandbyApp, *, first: bool = False) -> Lease | None:
    """Try to get the lease on the database. Return it, or None if the hub has to wait for it.

    The reason to wait is logged if it differs from the last one. If ``first``, an error that is not StoreBusy is
    raised, because waiting would not help.
    """
    try:
        found = await asyncio.to_thread(candidate.poll)
    except StoreError as error:
        if first and not isinstance(error, StoreBusy):
            raise
        _tell_failure(app, error)
        return None
    if not isinstance(found, str):
        return found
    text = "This hub is a stand-by: the hub at %s serves the database. If it stops, this one takes over."
    _tell(app, f"the hub at {found}, which serves the database", text, found)
    app.is_standby = True
    return None


def _tell_failure(app: StandbyApp, error: StoreError) -> None:
    _tell(app, f"store: {error}", "The hub cannot use its database: %s It tries again.", str(error))
    app.is_standby = False


def _tell(app: StandbyApp, waits_for: str, text: str, detail: str) -> None:
    if app.waits_for != waits_for:
        log.warning(text, detail)
        notify(f"READY=1\nSTATUS=Waits for {waits_for.splitlines()[0]}")
    app.waits_for = waits_for


@contextlib.asynccontextmanager
async def _served(
    app: StandbyApp, http: HttpSettings, listener: socket.socket, certificate: ServerCertificate | None
) -> AsyncIterator[None]:
    """Serve ``app`` until the end of the block. ``listener`` stays open for the hub's own web server."""
    server = create_server(app, http, certificate)
    serving = asyncio.create_task(server.serve(sockets=[listener.dup()]), name="stand-by")
    watchdogs = [asyncio.create_task(run_watchdog(every_s), name="watchdog") for every_s in watchdog_s()]
    try:
        yield
    finally:
        server.should_exit = True
        for each in watchdogs:
            each.cancel()
        await asyncio.wait([serving, *watchdogs])


@contextlib.contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """Yield an event that SIGINT and SIGTERM set."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
