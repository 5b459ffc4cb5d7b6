"""Dataclasses that group the components of a hub. Only the package :mod:`hub.assembly` uses these groups."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass

from hub.ai.model_settings import ModelRegistry
from hub.ai.providers import ProviderChain
from hub.analysis import FileAnalyzer
from hub.api import Authenticator, HubInfo
from hub.api.live.broadcaster import Broadcaster
from hub.assembly.shared_files import SharedFiles
from hub.assistant import AssistantService, ConversationMemory
from hub.calculated import Calculation
from hub.diagnosis import DiagnosisService
from hub.dialects import DialectConfig
from hub.ingest.pipeline import Pipeline
from hub.ingest.queue import IngestQueue
from hub.model import CalculatedMetric, Mapping, Rule
from hub.model.reaction import Reaction
from hub.mqtt.broker_drops import BrokerDropMonitor
from hub.mqtt.client import MqttClientSettings, MqttClientState
from hub.mqtt.version_negotiation import NegotiatingClient
from hub.notifications.service import Notifications
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.runtime.installation import Installation
from hub.runtime.metrics import Metrics
from hub.server import Server, ServerCertificate
from hub.services.audit_log import AuditLog
from hub.services.command_sender import CommandSender
from hub.services.config_files import ConfigFile
from hub.services.credentials import Credentials
from hub.services.desired_state import DesiredState
from hub.services.hub_health import HubHealth
from hub.services.message_tap import MessageTap
from hub.services.publish_queue import PublishQueue
from hub.services.reactions import Reactions
from hub.services.retained_topics import RetainedTopics
from hub.services.topic_explorer import TopicExplorer
from hub.services.visible import VisibleAlerts, VisibleDevices
from hub.services.visible_history import VisibleHistory
from hub.store.sql_store import SqlStore
from hub.tools import Tools


@dataclass(frozen=True, kw_only=True)
class Visible:
    """The devices, alerts and history, restricted to what the present request may see (:mod:`hub.accounts.scope`)."""

    devices: VisibleDevices
    alerts: VisibleAlerts
    history: VisibleHistory


@dataclass(frozen=True, kw_only=True)
class Core:
    """State, history and pipeline of a hub.

    Attributes:
        registry: The devices and their latest values.
        engine: The rules and the open alerts.
        calculation: The calculated metrics.
        store: The history.
        bus: Publishes events after they are committed.
        ingest_queue: The queue through which every change of state enters the pipeline.
        pipeline: Handles the inputs in the queue; its ``run()`` must run as a task.
        metrics: Figures for Prometheus.
        notifications: Notifies people of alerts; its ``run()`` must run as a task.
        reactions: Sends commands and calls webhooks automatically; its ``run()`` must run as a task.
        audit: The audit log.
        now: Returns the time in epoch milliseconds.
        shutdown: Set when the hub stops; ends every stream.
    """

    registry: DeviceRegistry
    engine: Engine
    calculation: Calculation
    store: SqlStore
    bus: Bus
    ingest_queue: IngestQueue
    pipeline: Pipeline
    metrics: Metrics
    notifications: Notifications
    reactions: Reactions
    audit: AuditLog
    now: Callable[[], int]
    shutdown: asyncio.Event

    @property
    def visible(self) -> Visible:
        """Return registry, engine and store, restricted to what the present request may see."""
        devices = VisibleDevices(self.registry)
        return Visible(
            devices=devices,
            alerts=VisibleAlerts(self.engine, devices),
            history=VisibleHistory(self.store, devices),
        )


@dataclass(frozen=True, kw_only=True)
class BrokerConnection:
    """The clients that connect to the broker. Each attribute except ``watching`` has a ``run()`` for a task.

    Attributes:
        link: Receives messages. It reconnects automatically.
        retained: Publishes alerts as retained messages.
        publish_queue: Publishes birth messages and the requests that dialects send to devices.
        sender: Publishes commands.
        explorer: Connects while a user looks through topics.
        drop_monitor: Counts the messages that the broker reports as dropped.
        watching: Connection settings of the drop monitor.
    """

    link: NegotiatingClient
    retained: RetainedTopics
    publish_queue: PublishQueue
    sender: CommandSender
    explorer: TopicExplorer
    drop_monitor: BrokerDropMonitor
    watching: MqttClientSettings


@dataclass(frozen=True, kw_only=True)
class BrokerServices:
    """Services that read from the broker and write to it.

    Attributes:
        state: Returns the state of the connection.
        dropped: Returns how many messages the broker has dropped.
        dialects: Settings of the dialects, and the mappings.
        messages: The last raw messages of devices.
        explorer: Lists the topics on the broker.
        desired_state: Sends desired states to devices.
        credentials: Manages the users of the broker.
    """

    state: Callable[[], MqttClientState]
    dropped: Callable[[], int]
    dialects: DialectConfig
    messages: MessageTap
    explorer: TopicExplorer
    desired_state: DesiredState
    credentials: Credentials


@dataclass(frozen=True, kw_only=True)
class AiServices:
    """The services that use language models.

    Attributes:
        providers: Calls the models, in the order of the settings.
        models: Settings of the models.
        tools: Read-only functions that models may call.
        assistant: Answers questions.
        memory: Conversations with the assistant.
        diagnosis: Explains alerts.
        analyzer: Describes files.
    """

    providers: ProviderChain
    models: ModelRegistry
    tools: Tools
    assistant: AssistantService
    memory: ConversationMemory
    diagnosis: DiagnosisService
    analyzer: FileAnalyzer


@dataclass(frozen=True, kw_only=True)
class ConfigFiles:
    """The settings files in the data folder that people can change while the hub runs."""

    rules: ConfigFile[Rule]
    calculated: ConfigFile[CalculatedMetric]
    reactions: ConfigFile[Reaction]
    mappings: ConfigFile[Mapping]


@dataclass(frozen=True, kw_only=True)
class WebServer:
    """The web server and its parts.

    Attributes:
        server: Serves the API; its ``serve()`` must run as a task.
        listener: The socket that the server listens on.
        auth: Checks the access token.
        broadcaster: Sends events to the streams; its ``run()`` must run as a task.
        certificate: The server's TLS certificate; None if the server uses plain HTTP.
    """

    server: Server
    listener: socket.socket
    auth: Authenticator
    broadcaster: Broadcaster
    certificate: ServerCertificate | None = None


@dataclass(frozen=True, kw_only=True)
class Hub:
    """An open hub: all its parts, connected to each other.

    Attributes:
        install: Identity of the installation, which is stored in the data folder.
        info: Version, install id, limits and other facts about this hub.
        core: State, history and pipeline.
        connection: The clients that connect to the broker.
        ai: The services that use language models.
        health: State of the clock, failed tasks, and errors in files.
        files: The files with rules, calculated metrics, reactions and mappings.
        shared: The files of the data folder that are in the database, too; None with SQLite.
        web: The web server.
    """

    install: Installation
    info: HubInfo
    core: Core
    connection: BrokerConnection
    ai: AiServices
    health: HubHealth
    files: ConfigFiles
    web: WebServer
    shared: SharedFiles | None = None
