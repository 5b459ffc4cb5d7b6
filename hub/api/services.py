"""What the outside face is built from: the parts of a hub it speaks to, and how it is to listen.

Only what is needed, so that it can be put together in a test without a broker.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hub.ai.model_settings import ModelRegistry
from hub.analysis import DeviceLink, Found
from hub.assistant import ConversationMemory
from hub.dialects import Roots
from hub.ingest.queue import IngestQueue
from hub.model import Analysis, AnalysisKind, Diagnosis, Writer
from hub.mqtt.client import MqttClientState
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.runtime.clock import Clock
from hub.runtime.metrics import Metrics
from hub.runtime.process_usage import ProcessUsage
from hub.runtime.progress import ProgressStreams
from hub.runtime.settings import StoreSection as Kept
from hub.services.credentials import Credentials
from hub.services.desired_state import DesiredState
from hub.services.message_tap import MessageTap
from hub.services.topic_explorer import TopicExplorer
from hub.store.base import Store
from hub.worker import Progress


@dataclass(frozen=True, kw_only=True)
class HttpSettings:
    """How the face listens. ``host`` and ``port`` are where it is bound.

    Without a ``token`` everybody who reaches the port may do everything, so it must be bound to loopback.
    ``allowed_hosts`` are further names it may be called by; ``allowed_origins`` (``https://hub.example``) are further
    origins whose pages may use it. ``trusted_proxies`` are the networks whose X-Forwarded headers are honoured.
    ``max_connections`` and ``max_connections_per_client`` bound open connections; None follows the process's limit of
    open files. ``web_dir`` holds the built dashboard.
    ``image_bytes``, ``audio_bytes`` and ``document_bytes`` bound an uploaded file, ``body_bytes`` every other request,
    ``ai_requests`` the questions answered (and the files analysed) at the same time, ``question_chars`` a question to
    ``/ask``.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    max_connections: int | None = None
    max_connections_per_client: int | None = None
    web_dir: Path
    image_bytes: int = 10 * 1024 * 1024
    audio_bytes: int = 50 * 1024 * 1024
    document_bytes: int = 50 * 1024 * 1024
    body_bytes: int = 256 * 1024
    ai_requests: int = 4
    question_chars: int = 20_000


class Reply(Protocol):
    """An answer of the assistant and who wrote it."""

    @property
    def text(self) -> str: ...
    @property
    def provider(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def generative(self) -> bool: ...
    @property
    def tokens_used(self) -> int: ...


class Assistant(Protocol):
    """Raises AiError, or AiUnavailable when the named model cannot serve."""

    async def answer(self, question: str, model: str | None = None) -> Reply: ...
    def stream(self, question: str, model: str | None = None) -> AsyncIterator[str]: ...


class Diagnostician(Protocol):
    @property
    def runs(self) -> ProgressStreams: ...
    async def diagnose_device(self, device_id: str) -> Diagnosis: ...
    def pending(self, alert_id: str) -> bool: ...
    async def repeat(self, diagnosis_id: str, model: str | None = None) -> Diagnosis: ...


class Analyst(Protocol):
    """Raises WrongType, TooLarge, NotFound, TooBusy and WorkFailed."""

    async def analyse(
        self,
        kind: AnalysisKind,
        filename: str | None,
        data: bytes,
        *,
        device: str | None = None,
        models: Sequence[str] = (),
        progress: Progress = ...,
        analysis_id: str | None = None,
    ) -> Analysis: ...
    async def ask(self, analysis_id: str, question: str) -> Found: ...
    async def link(self, analysis_id: str, change: DeviceLink) -> Analysis: ...


class Providers(Protocol):
    """Who would answer, in order of use."""

    def describe(self) -> Sequence[Writer]: ...
    def vision(self) -> Sequence[Writer]: ...


class Counters(Protocol):
    """The pipeline's counters since the start."""

    @property
    def stored(self) -> int: ...
    @property
    def duplicates(self) -> int: ...
    @property
    def rejected(self) -> int: ...
    @property
    def batches(self) -> int: ...
    @property
    def store_stalled(self) -> bool: ...
    def lag(self, now: int) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Services:
    """The parts of a hub that the face speaks to.

    ``data`` is the directory of the history, which is kept for as long as ``kept`` says. ``roots`` are where the
    dialects begin.
    ``faults`` says what of which file of the data folder is left out because it cannot be used.
    ``failed`` names the tasks of the hub that no longer run. ``shutdown`` ends every stream and socket at once when it
    is set. ``now`` is epoch milliseconds.
    """

    registry: DeviceRegistry
    engine: Engine
    ingest_queue: IngestQueue
    store: Store
    bus: Bus
    messages: MessageTap
    explorer: TopicExplorer
    credentials: Credentials
    desired_state: DesiredState
    link: Callable[[], MqttClientState]
    dropped: Callable[[], int]
    counters: Counters
    metrics: Metrics
    assistant: Assistant
    memory: ConversationMemory
    diagnostician: Diagnostician
    analyst: Analyst
    providers: Providers
    models: ModelRegistry
    usage: Callable[[], ProcessUsage]
    failed: Callable[[], Sequence[str]]
    now: Callable[[], int]
    shutdown: asyncio.Event
    version: str
    install_id: str
    started_at: int
    data: Path
    roots: Roots
    kept: Kept = field(default_factory=Kept)
    clock: Clock | None = None
    faults: dict[str, list[str]] = field(default_factory=dict)
