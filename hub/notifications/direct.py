"""Send messages that do not go through the outbox: tests of channels, and messages about the hub itself."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from hub.model import Message, NotificationReceiver
from hub.notifications.base import SECRET, DeliveryFailed, OutgoingMessage
from hub.notifications.messages import MessageComposer
from hub.notifications.settings import NotificationChannel, NotificationConfig
from hub.notifications.worker import attempt, without_secrets
from hub.runtime.translations import notification_text

_WORKS = "The channel {channel} works. Alerts will be sent here."


class DirectSender:
    """Sends each message immediately, without retries."""

    def __init__(self, config: NotificationConfig, composer: MessageComposer, now: Callable[[], int]) -> None:
        self._config = config
        self._composer = composer
        self._now = now

    async def test(
        self, channel: NotificationChannel, address: str = "", language: str = "en"
    ) -> DeliveryFailed | None:
        """Send a test message over a channel, which need not be saved yet. Return the failure; None if it was sent."""
        message = Message(
            "test",
            notification_text(language, "testTitle", "Test message from Watchkeeper"),
            notification_text(language, "test", _WORKS, channel=channel.name),
            "info",
            self._now(),
            url=self._composer.home(),
        )
        return await self._hand_over(
            channel, OutgoingMessage(channel.id, _new_key(), "test", address, message, self._now())
        )

    async def send(self, receiver: NotificationReceiver, message: Message, group: str) -> DeliveryFailed | None:
        """Send a message at once, without storing it first. Return the failure; None if the message was sent.

        ``group`` is equal for all messages about the same alerts, so that a later message can replace an earlier one.
        """
        channel = self._config.settings.channel(receiver.channel)
        if channel is None:
            return DeliveryFailed("rejected", "The channel was removed.")
        outgoing = OutgoingMessage(channel.id, _new_key(), group, receiver.address, message, self._now())
        return await self._hand_over(channel, outgoing)

    async def _hand_over(self, channel: NotificationChannel, outgoing: OutgoingMessage) -> DeliveryFailed | None:
        failure = await attempt(lambda: channel.type.send(channel.values, outgoing))
        if failure is None:
            return None
        return DeliveryFailed(failure.reason, without_secrets(failure.text, secrets_of(channel)))


def secrets_of(channel: NotificationChannel) -> list[str]:
    """Return the secret values of a channel."""
    return [
        str(channel.values[each.name])
        for each in channel.type.fields
        if each.type in SECRET and each.name in channel.values
    ]


def _new_key() -> str:
    return f"n-{secrets.token_hex(16)}"
