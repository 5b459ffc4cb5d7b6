"""The broker checks of ``hub doctor``: the connection, the subscriptions, the in-flight window.

The in-flight window is how many messages the broker sends before one of them is acknowledged.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence

import msgspec

from hub.assembly.broker_files import check_broker_files
from hub.assembly.from_settings import client_settings, dialects_of
from hub.assembly.load_settings import dialect_config
from hub.commandline.certificate_checks import check_broker_certificate
from hub.commandline.finding import Finding
from hub.dialects import filters_of
from hub.errors import BrokerError, HubError
from hub.model import RawMessage
from hub.mqtt.client import MqttClientSettings, Sink
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.runtime.installation import open_installation
from hub.runtime.settings import Settings

CONNECT_S = 5.0
SEARCH_S = 60.0
"""Time to find the filters at which the broker closes the connection, in seconds."""
WINDOW_PROBE = 200
WINDOW_S = 1.0
"""How long the check waits for messages when it measures the in-flight window, in seconds."""
SMALL_WINDOW = 100
"""A smaller in-flight window is reported, because it limits the message rate.

With Mosquitto's default of 20 unacknowledged messages, the hub receives at most 375 messages a second.
"""


async def check_broker(settings: Settings) -> AsyncIterator[Finding]:
    """Check the connection, the hub's subscriptions and the in-flight window."""
    where = settings.mqtt.broker
    try:
        await asyncio.to_thread(check_broker_files, settings.mqtt)
    except HubError as error:  # the hub does not start
        yield Finding("wrong", "broker's TLS files", error.message, error.hint)
        return
    # Its own client id: with the hub's, the broker would disconnect a running hub.
    install = open_installation(settings.store.data)
    doctor = msgspec.structs.replace(client_settings(settings, install), client_id=f"doctor-{install.id}")
    # A clean session: with a persistent one, the broker would queue all messages for the doctor.
    clean = msgspec.structs.replace(doctor, persistent=False)
    filters = _filters(settings)
    async with _connected(
        clean, [each for name in filters for each in filters[name]], lambda messages: len(messages)
    ) as link:
        state = link.state
    if not state.connected:
        advice = "Start the broker (see mosquitto.conf), or name it with --mqtt or mqtt.broker."
        yield Finding("wrong", "broker", f"{where}: {state.error or 'no answer'}", advice)
        return
    yield Finding("ok", "broker", f"{where} speaks {state.protocol}")
    for finding in await check_broker_certificate(settings):
        yield finding
    user = f"the user {doctor.username}" if doctor.username else "clients without a user name"
    for topic, reason in state.refused:
        advice = f"Allow {user} to read {topic} in the broker's ACL{_switch(filters, topic)}."
        yield Finding("note" if state.subscribed else "wrong", "subscription", f"{topic} is refused ({reason})", advice)
    yield await _window(doctor)


def _filters(settings: Settings) -> dict[str, Sequence[str]]:
    """Return the topic filters that the hub subscribes to at start, by the name of their dialect."""
    try:
        return filters_of(dialects_of(settings))
    except HubError:  # reported with the data folder
        return filters_of(dialect_config(settings))


def _switch(filters: Mapping[str, Sequence[str]], topic: str) -> str:
    """Return advice on how to stop subscribing to ``topic``, as the end of a sentence: ``, or delete its mapping …``.

    ``filters`` are the topic filters that each dialect subscribes to, by the dialect's name.
    """
    name = next(name for name in filters if topic in filters[name])
    if name == "mapping":
        return ", or delete its mapping on the Topics page"
    return f", or switch the dialect off: enabled = false in [dialects.{name}] of hub.toml"


async def _window(client: MqttClientSettings) -> Finding:
    """Measure the in-flight window of the broker, and return the finding.

    The check publishes to a test topic that it subscribes to, and counts the messages that arrive while it acknowledges
    none.
    """
    received: list[RawMessage] = []
    complete = asyncio.Event()
    probe = f"watchkeeper-doctor/{os.getpid()}"

    def take(messages: Sequence[RawMessage]) -> int:
        received.extend(messages)
        if len(received) >= WINDOW_PROBE:
            complete.set()
        return len(messages)

    what = "in-flight window"
    async with _connected(client, [probe], take) as link:
        try:
            for number in range(WINDOW_PROBE if link.state.subscribed else 0):
                await link.publish(probe, str(number).encode(), qos=1)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(complete.wait(), WINDOW_S)
        except BrokerError as error:
            return Finding("note", what, f"not measured: {error.message}")
        window = len(received)
        link.ack(received)
    if window >= WINDOW_PROBE:
        return Finding("ok", what, f"at least {WINDOW_PROBE}")
    if window == 0:
        return Finding("note", what, f"not measured: the broker does not allow the hub to read and write {probe}")
    if window < SMALL_WINDOW:
        advice = (
            "A small window limits the rate of QoS 1 messages. With Mosquitto, set max_inflight_messages to 10000; "
        )
        advice += "for other brokers, see docs/brokers.md."
        return Finding("note", what, f"{window} unacknowledged messages", advice)
    return Finding("ok", what, f"{window}")


@contextlib.asynccontextmanager
async def _connected(client: MqttClientSettings, topics: Sequence[str], take: Sink) -> AsyncIterator[NegotiatingClient]:
    """Yield a client that is connected to the broker and has subscribed to ``topics``. ``take`` receives its messages.

    The client may be without subscriptions: if the broker refuses them, or does not answer within :data:`CONNECT_S`
    seconds. If the broker closes accepted connections, the limit is :data:`SEARCH_S`.
    """
    link = NegotiatingClient(client, take, lambda since, now: None)
    link.subscribe(topics)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(link.run(), name="doctor's client")
        begun = time.monotonic()
        while not (link.state.subscribed or link.state.refused):
            if time.monotonic() - begun > (SEARCH_S if link.state.reconnects else CONNECT_S):
                break
            await asyncio.sleep(0.05)
        try:
            yield link
        finally:
            task.cancel()
