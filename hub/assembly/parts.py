"""The parts of a hub that its API is built from, in three groups. Only the assembly knows the groups."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hub.ai.model_settings import ModelRegistry
from hub.ai.providers import ProviderChain
from hub.analysis import FileAnalyzer
from hub.assistant import AssistantService, ConversationMemory
from hub.diagnosis import DiagnosisService
from hub.dialects import DialectConfig
from hub.ingest.committer import IngestCounters
from hub.ingest.queue import IngestQueue
from hub.mqtt.client import MqttClientState
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.runtime.metrics import Metrics
from hub.services.credentials import Credentials
from hub.services.desired_state import DesiredState
from hub.services.message_tap import MessageTap
from hub.services.topic_explorer import TopicExplorer
from hub.store.sqlite import SqliteStore


@dataclass(frozen=True, kw_only=True)
class Core:
    """State, history and pipeline of a hub.

    Attributes:
        registry: The devices and their latest values.
        engine: The rules and the open alerts.
        store: The history.
        bus: Announces what has been committed.
        ingest_queue: Takes every change of state to the pipeline.
        counters: Counters of the pipeline.
        metrics: Figures for Prometheus.
        now: Returns the time in epoch milliseconds.
        shutdown: Set when the hub stops; ends every stream.
    """

    registry: DeviceRegistry
    engine: Engine
    store: SqliteStore
    bus: Bus
    ingest_queue: IngestQueue
    counters: IngestCounters
    metrics: Metrics
    now: Callable[[], int]
    shutdown: asyncio.Event


@dataclass(frozen=True, kw_only=True)
class BrokerServices:
    """What the hub reads from its broker and writes to it.

    Attributes:
        state: Returns the state of the connection.
        dropped: Returns how many messages the broker says that it dropped.
        dialects: Settings of the dialects, and the mappings.
        messages: The last raw messages of devices.
        explorer: Topics that a person looks through.
        desired_state: Sends desired states to devices.
        credentials: Users of the broker.
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
        providers: The models, in order of use.
        models: Settings of the models.
        assistant: Answers questions.
        memory: Conversations with the assistant.
        diagnosis: Explains alerts.
        analyzer: Describes files.
    """

    providers: ProviderChain
    models: ModelRegistry
    assistant: AssistantService
    memory: ConversationMemory
    diagnosis: DiagnosisService
    analyzer: FileAnalyzer
