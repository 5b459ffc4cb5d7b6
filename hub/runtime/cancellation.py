"""Detect that a task was cancelled, even if a library has suppressed the cancellation.

In Python 3.11, asyncio.wait_for suppresses a cancellation that comes together with the result. aiomqtt and aiosmtplib
use it. A loop that calls them would continue after it was cancelled, and the hub would not stop.
"""

from __future__ import annotations

import asyncio


def is_cancelled() -> bool:
    """Tell whether the running task was cancelled, even if a library suppressed the CancelledError."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def raise_if_cancelled() -> None:
    """Raise CancelledError if the running task was cancelled and a library suppressed it."""
    if is_cancelled():
        raise asyncio.CancelledError
