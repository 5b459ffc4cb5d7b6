"""Send messages with Apprise to Telegram, Matrix, Signal, Slack or one of a hundred other services, given by a URL.

Each channel runs Apprise in a separate process, because Apprise blocks, and a service that hangs must not delay
other channels.
"""

from __future__ import annotations

from hub.errors import HubError, Invalid
from hub.notifications.base import ChannelField, DeliveryFailed, OutgoingMessage, Values
from hub.worker import Worker

MEMORY_MB = 512
CPU_S = 4
"""CPU time for one message, in seconds. The elapsed time may be five times as long."""


class AppriseServices:
    """Sends each message to the service of an Apprise URL."""

    kind = "apprise"
    title = "Apprise (Telegram, Matrix, Slack, …)"
    fields: tuple[ChannelField, ...] = (
        ChannelField(
            "url", "Apprise URL", "secret", required=True, help="For example tgram://bot-token/chat-id. See docs."
        ),
    )
    address: ChannelField | None = None
    pictures = True

    def __init__(self) -> None:
        self._workers: dict[str, Worker] = {}  # by channel

    def check(self, values: Values) -> None:
        """Raise Invalid unless the setting is a URL. Forbidden services and addresses are refused on sending."""
        scheme, separator, rest = str(values["url"]).partition("://")
        if not separator or not rest or not scheme.replace("+", "").isalnum():
            raise Invalid("url is not an Apprise URL.", "Allowed: scheme://…, see github.com/caronc/apprise/wiki.")

    def check_address(self, address: str) -> None:
        """Do nothing: this kind of channel has no personal addresses."""

    def target(self, values: Values, address: str) -> str:
        """Return the scheme of the URL, because all other parts of the URL may be secret."""
        return f"{str(values['url']).partition('://')[0]}://…"

    async def send(self, values: Values, outgoing: OutgoingMessage) -> None:
        """Send the message. Raises DeliveryFailed."""
        message = outgoing.message
        text = f"{message.text}\n\n{message.url}" if message.url else message.text
        if outgoing.channel not in self._workers:
            self._workers[outgoing.channel] = Worker(memory_mb=MEMORY_MB, queue=2, cpu_s=CPU_S, nice=0)
        look = (
            "success" if message.kind == "resolved" else {"critical": "failure"}.get(message.severity, message.severity)
        )
        url, worker = str(values["url"]), self._workers[outgoing.channel]
        try:
            result = await worker.run(
                "apprise", outgoing.picture or b"", url=url, title=message.title, text=text, notify_type=look
            )
        except HubError as error:
            raise DeliveryFailed("timeout", error.message, maybe=True) from None
        if not result["ok"]:
            raise DeliveryFailed("unreachable" if result["valid"] else "rejected", result["text"])

    async def close(self) -> None:
        """End the processes in which Apprise runs, one for each channel."""
        for worker in self._workers.values():
            await worker.close()
        self._workers.clear()
