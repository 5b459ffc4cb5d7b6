"""Notify people when the hub itself fails, and send heartbeats to an external monitor (a dead man's switch).

These messages bypass the outbox, because the store itself may have failed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from hub.model import Message, NotificationReceiver
from hub.notifications.base import DeliveryFailed
from hub.notifications.http_client import post
from hub.notifications.receivers import AccountDirectory
from hub.notifications.settings import NotificationConfig
from hub.notifications.worker import attempt
from hub.runtime.fault_log import FaultLog
from hub.runtime.translations import notification_text

log = logging.getLogger(__name__)
faults = FaultLog(log)

CHECK_S = 10.0
LASTING_MS = 60_000
"""A fault that ends within this time (ms) is not reported."""
HEARTBEAT_MS = 60_000
Send = Callable[[NotificationReceiver, Message, str], Awaitable[DeliveryFailed | None]]


class HubWatch:
    """Watches the hub, reports its faults to people, and sends the heartbeats.

    Attributes:
        failing: Returns one sentence for each part of the hub that fails.
    """

    def __init__(
        self, config: NotificationConfig, directory: AccountDirectory, send: Send, now: Callable[[], int]
    ) -> None:
        self.failing: Callable[[], list[str]] = list
        self._config = config
        self._directory = directory
        self._send = send
        self._now = now
        self._since: int | None = None  # when the current fault began
        self._fault = ""  # the text about the current fault; empty until it is reported
        self._fault_at = 0
        self._told: set[NotificationReceiver] = set()  # the receivers that got the text
        self._beat_at = 0  # when the next heartbeat is due

    async def run(self) -> None:
        """Call :meth:`check` every CHECK_S seconds, until cancelled."""
        while True:
            try:
                await self.check()
            except Exception as error:
                faults.unexpected("The hub could not be checked for notifications. Report this.", cause=error)
            await asyncio.sleep(CHECK_S)

    async def check(self) -> None:
        """Send the messages that are due.

        If a part of the hub has failed for :data:`LASTING_MS`, all receivers are notified once. When it works again,
        those that were notified learn that the fault is over. While nothing fails, heartbeats go to the external
        monitor.
        """
        now, failing = self._now(), self.failing()
        if failing:
            self._since = self._since or now
            if not self._fault and now - self._since >= LASTING_MS:
                self._fault, self._fault_at = "\n".join(failing), now
            if self._fault:
                await self._tell(self._failed, self._receivers() - self._told)
        else:
            if self._fault and self._told:
                await self._tell(self._over, self._told)
            self._since, self._fault, self._told = None, "", set()
            await self._beat(now)

    def _failed(self, language: str) -> Message:
        title = notification_text(language, "hubFails", "Watchkeeper has a problem")
        return Message("hub", title, self._fault, "critical", self._fault_at)

    def _over(self, language: str) -> Message:
        title = notification_text(language, "hubWorks", "Watchkeeper works normally again")
        text = notification_text(language, "inOrder", "Broker, store and clock work again.")
        return Message("resolved", title, text, "critical", self._now())

    def _receivers(self) -> set[NotificationReceiver]:
        """Return all shared channels, and each administrator's own channels."""
        settings = self._config.settings
        found = {NotificationReceiver(each.id) for each in settings.channels if each.shared and each.enabled}
        for account in self._directory.people().values():
            wishes = settings.people.get(account.id)
            if account.role == "administrator" and wishes is not None:
                found |= {NotificationReceiver(each.channel, account.id, each.address) for each in wishes.addresses}
        return {each for each in found if settings.channel(each.channel) is not None}

    async def _tell(self, write: Callable[[str], Message], receivers: set[NotificationReceiver]) -> None:
        """Send a message to each receiver. ``write`` returns the message in the language with the given code."""
        key = f"hub@{self._since}"

        async def tell(receiver: NotificationReceiver) -> None:
            channel, person = receiver.channel, receiver.person
            own = self._config.settings.locale(channel) if person is None else self._directory.locale(person)
            message = write(own.language)
            failure = await self._send(receiver, message, key)
            if failure is None:
                self._told = self._told | {receiver}
            else:
                text = "The message about the hub's own fault was not delivered over %s (%s)."
                faults.error((receiver.channel, failure.reason), text, receiver.channel, failure.text)

        async with asyncio.TaskGroup() as group:
            for receiver in receivers:
                group.create_task(tell(receiver), name=f"message about the hub over {receiver.channel}")

    async def _beat(self, now: int) -> None:
        url = self._config.settings.heartbeat_url
        if not url or now < self._beat_at:
            return
        self._beat_at = now + HEARTBEAT_MS
        failure = await attempt(lambda: post(url, b"", {}, method="GET"))
        if failure is not None:
            faults.error("heartbeat", "The heartbeat was not accepted (%s).", failure.reason)
