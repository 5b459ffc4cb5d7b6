"""Build the MQTT clients of a hub, and pass lost sessions and changes of the connection to the pipeline."""

from __future__ import annotations

from hub.assembly.from_settings import client_settings
from hub.assembly.parts import BrokerConnection
from hub.dialects import Publish
from hub.ingest.queue import IngestQueue
from hub.model import LinkChanged, LostSession
from hub.mqtt.broker_drops import BrokerDropMonitor
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.registry.registry import DeviceRegistry
from hub.runtime.clock import now_ms
from hub.runtime.installation import Installation, save_broker_drops
from hub.runtime.settings import Settings
from hub.services.command_sender import CommandSender
from hub.services.message_tap import MessageTap
from hub.services.publish_queue import PublishQueue
from hub.services.retained_topics import RetainedTopics
from hub.services.topic_explorer import TopicExplorer, secondary_settings


def connect(
    settings: Settings,
    install: Installation,
    ingest_queue: IngestQueue,
    registry: DeviceRegistry,
    messages: MessageTap,
    birth_messages: list[Publish],
) -> BrokerConnection:
    """Create the MQTT clients and the services that use them. A client connects when its ``run()`` is called.

    Args:
        settings: The settings of the hub.
        install: The id of this installation, and how many messages the broker had dropped before this start.
        ingest_queue: Receives lost sessions, changes of the connection, and the states of commands.
        registry: The devices, to which commands are sent.
        messages: Receives every message that the broker delivers.
        birth_messages: The messages to publish on each new connection.
    """
    client = client_settings(settings, install)

    def lost_session(since: int | None, now: int, dropped: int = 0) -> None:
        ingest_queue.put(LostSession(since or last_seen(registry), now, dropped))

    def link_changed(connected: bool, address: str, reason: str | None) -> None:
        ingest_queue.put(LinkChanged(connected, address, reason, now_ms()))

    link = NegotiatingClient(client, messages.take, lost_session, on_outage=link_changed)
    return BrokerConnection(
        link=link,
        retained=RetainedTopics(settings.store.data, secondary_settings(client, link.state, "alerts")),
        publish_queue=PublishQueue(link, birth_messages),
        sender=CommandSender(registry=registry, link=link, tell=ingest_queue.put, now=now_ms),
        explorer=TopicExplorer(lambda: secondary_settings(link.settings, link.state), now_ms),
        drop_monitor=BrokerDropMonitor(
            install.dropped,
            on_drop=lost_session,
            keep=lambda count: save_broker_drops(settings.store.data, install, count),
        ),
        watching=secondary_settings(client, link.state, "drops"),
    )


def last_seen(registry: DeviceRegistry) -> int:
    """Return the latest time at which any device was seen (epoch ms), or 0 if none was.

    If messages were lost while the hub was stopped, the reported gap begins at this time.
    """
    return max((device.last_seen or 0 for device in registry.with_latest_values()), default=0)
