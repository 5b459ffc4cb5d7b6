"""Notify systemd (or another service manager) that the hub is ready, alive or stopping, if there is one.

The protocol is that of ``sd_notify(3)``: datagrams to the socket in ``NOTIFY_SOCKET``.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress


def notify(state: str) -> None:
    """Send a state such as ``READY=1``. Ignore errors, such as a service manager that does not listen."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if path[:1] not in ("/", "@"):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.connect("\0" + path[1:] if path.startswith("@") else path)
        channel.sendall(state.encode())


def watchdog_s() -> list[float]:
    """Return a list with the interval of ``WATCHDOG=1`` in seconds; empty if the service manager has no watchdog."""
    interval, process = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not interval.isdigit() or (process and process != str(os.getpid())):
        return []
    return [int(interval) / 2_000_000]  # half of the time after which the service manager restarts the hub


async def run_watchdog(every_s: float) -> None:
    """Send ``WATCHDOG=1`` every ``every_s`` seconds until cancelled.

    If the event loop hangs, nothing is sent, and the service manager restarts the hub.
    """
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(every_s)
