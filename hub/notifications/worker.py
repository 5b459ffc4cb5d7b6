"""Send the deliveries of one channel, one at a time, with retries.

Each channel has its own worker, so that a channel that hangs or fails does not delay the others.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial

from msgspec.structs import replace

from hub.errors import Invalid, StoreError
from hub.model import DeliveryAttempt, DeliveryRecord
from hub.notifications.base import FINAL, DeliveryFailed
from hub.notifications.http_client import kept_connections
from hub.runtime.cancellation import is_cancelled, raise_if_cancelled
from hub.runtime.fault_log import FaultLog
from hub.store.notifications import NotificationStore

log = logging.getLogger(__name__)
faults = FaultLog(log)

SEND_S = 20.0
"""Maximum time in seconds of one attempt."""
LEASE_MS = 60_000
"""Time in ms for which a claimed delivery cannot be claimed again. It is longer than an attempt may take."""
FIRST_DELAY_S = 5.0
MAX_DELAY_S = 600.0
GIVE_UP_MS = 86_400_000
"""A failed delivery that is older than this (ms) is not retried any more."""
MAX_ATTEMPTS_KEPT = 20
IDLE_S = 30.0
"""Maximum time in seconds between two checks for deliveries."""
MAX_EXCERPT = 300

Send = Callable[[DeliveryRecord], Awaitable[None]]


class ChannelWorker:
    """Sends the deliveries of one channel.

    Args:
        channel: The channel's id.
        store: Stores the deliveries.
        send: Sends one delivery; raises DeliveryFailed.
        describe: Returns a delivery's masked destination, and the secrets that error texts must not contain.
        now: Returns the time in epoch ms.
    """

    def __init__(
        self,
        channel: str,
        store: NotificationStore,
        send: Send,
        describe: Callable[[DeliveryRecord], tuple[str, list[str]]],
        now: Callable[[], int],
    ) -> None:
        self.channel = channel
        self._store = store
        self._send = send
        self._describe = describe
        self._now = now
        self._wake = asyncio.Event()
        self._restart = asyncio.Event()
        self._failures = 0  # consecutive failed attempts that may succeed later

    def wake(self) -> None:
        """Let :meth:`run` check for deliveries now."""
        self._wake.set()

    def restart(self) -> None:
        """Try all waiting deliveries now, because the channel may work again: it was changed, or a test succeeded."""
        self._restart.set()
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                self._wake.clear()
                if self._restart.is_set():
                    self._restart.clear()
                    self._failures = 0
                    await self._store.make_due(self.channel, self._now())
                async with kept_connections():
                    pause = await self._next()
            except StoreError as error:
                faults.error("store", "The deliveries of notifications cannot be read or written (%s).", error)
                pause = FIRST_DELAY_S
            except Exception as error:
                faults.unexpected("A notification could not be handled. Report this.", cause=error)
                pause = FIRST_DELAY_S
            raise_if_cancelled()
            if pause > 0:
                try:
                    async with asyncio.timeout(pause):
                        # A failing channel pauses, even if new deliveries come in.
                        await (self._restart if self._failures else self._wake).wait()
                except TimeoutError:
                    pass

    async def _next(self) -> float:
        """Send the deliveries that are due. Return how many seconds to wait before looking for deliveries again."""
        now = self._now()
        record = await self._store.claim(self.channel, now, now + LEASE_MS)
        while record is not None:
            if self._now() >= record.lease_until:
                return 0.0  # the lease has expired, for example because the machine slept
            started = time.monotonic()
            failure = await attempt(partial(self._send, record))
            ended, pause = self._ended(record, failure, round((time.monotonic() - started) * 1_000))
            if pause > 0 or self._restart.is_set() or is_cancelled():
                await self._store.finish(ended)
                return pause
            now = self._now()
            record = await self._store.claim(self.channel, now, now + LEASE_MS, ended)
        due = await self._store.next_due(self.channel)
        return IDLE_S if due is None else min(max((due - self._now()) / 1_000, 0.05), IDLE_S)

    def _ended(
        self, record: DeliveryRecord, failure: DeliveryFailed | None, took_ms: int
    ) -> tuple[DeliveryRecord, float]:
        """Return the delivery after an attempt, and how many seconds to wait before the channel's next attempt.

        ``failure`` is None if the attempt succeeded.
        """
        now, reason = self._now(), None if failure is None else failure.reason
        target, secrets = self._describe(record)
        text = "" if failure is None else without_secrets(failure.text, secrets)
        attempt = DeliveryAttempt(now, took_ms, reason, text, target, maybe=failure is not None and failure.maybe)
        record = replace(record, attempts=(*record.attempts, attempt)[-MAX_ATTEMPTS_KEPT:])
        if failure is None:
            self._failures = 0
            return replace(record, state="delivered", due_at=now), 0.0
        faults.error(
            (self.channel, reason),
            "A notification over the channel %s was not delivered (%s, attempt %d): %s",
            *(self.channel, reason, record.attempt, text),
            level=logging.WARNING,
        )
        if failure.reason in FINAL or now - record.delivery.created_at > GIVE_UP_MS:
            self._failures = 0
            return replace(record, state="failed", due_at=now), 0.0
        self._failures += 1
        delay = failure.retry_after_s or min(FIRST_DELAY_S * 2.0 ** min(record.attempt - 1, 20), MAX_DELAY_S)
        pause = failure.retry_after_s or min(FIRST_DELAY_S * 2.0 ** min(self._failures - 1, 20), IDLE_S)
        return replace(record, state="waiting", due_at=now + round(delay * 1_000)), pause


async def attempt(send: Callable[[], Awaitable[None]]) -> DeliveryFailed | None:
    """Send a message within :data:`SEND_S`. Return why it failed; None if it was sent."""
    try:
        async with asyncio.timeout(SEND_S):
            await send()
        return None
    except DeliveryFailed as error:
        return error
    except Invalid as error:
        return DeliveryFailed("rejected", f"{error.message} {error.hint}".strip())
    except TimeoutError:
        return DeliveryFailed("timeout", f"Not finished within {SEND_S:g} s.", maybe=True)
    except OSError as error:
        return DeliveryFailed("unreachable", error.strerror or type(error).__name__)
    except Exception as error:
        faults.unexpected("A channel failed in an unexpected way. Report this.", cause=error)
        text = f"Internal error ({type(error).__name__}); the hub's log has details."
        return DeliveryFailed("rejected", text, maybe=True)


def without_secrets(text: str, secrets: list[str]) -> str:
    """Return the beginning of a text as one line, with these secrets masked."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= 4:
            text = text.replace(secret, "…")
    return " ".join(text.split())[:MAX_EXCERPT]
