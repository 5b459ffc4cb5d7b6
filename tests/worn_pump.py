"""A pump whose bearing begins to fail, with its history and peers; and a scripted language model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np

from hub.ai.base import AiSettings, Completion, CompletionRequest, Piece
from hub.ai.providers import ProviderChain
from hub.diagnosis import DiagnosisService
from hub.errors import AiError
from hub.model import Alert, Diagnosis, Identity, Info, Limit, Record, Rule, WriteDiagnosis, Writer
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.rules.kinds import Threshold
from hub.runtime.bus import Bus
from hub.store.base import Delta
from hub.store.sqlite import SqliteStore

NOW = 1_795_384_800_000
RULE = Rule("vib", "Vibration high", Threshold(above=7.1), "critical", metric="vibration", for_ms=5000)
UNITS = {"vibration": "mm/s", "bearing_temperature": "°C", "current": "A", "flow": "m³/h"}


class Writes:
    """A model whose answer is computed from the request by a function, and streamed seven letters at a time. It records
    the requests. After ``breaks_at`` letters it raises an error."""

    name, models = "openai", ("scripted",)

    def __init__(
        self, write: Callable[[CompletionRequest], str], hang_s: float = 0.0, breaks_at: int | None = None
    ) -> None:
        self._write, self._hang, self._breaks_at = write, hang_s, breaks_at
        self.asked: list[CompletionRequest] = []

    def writer_for(self, request: CompletionRequest) -> Writer | None:
        return Writer(self.name, "scripted", generative=True)

    async def chat(self, request: CompletionRequest) -> Completion:
        self.asked.append(request)
        await asyncio.sleep(self._hang)
        return Completion(self._write(request), Writer(self.name, "scripted", generative=True), tokens=77)

    async def stream(self, request: CompletionRequest) -> AsyncIterator[Piece]:
        answer = await self.chat(request)
        for start in range(0, len(answer.text), 7):
            if self._breaks_at is not None and start >= self._breaks_at:
                raise AiError("The line was cut.", "Try again.")
            yield answer.text[start : start + 7]
        yield answer

    async def check(self) -> str | None:
        return None

    async def close(self) -> None: ...


class Site:
    """A pump with two hours of history whose bearing begins to fail 60 s before NOW, and four healthy peers."""

    def __init__(self, store: SqliteStore) -> None:
        self.store, self.registry, self.engine, self.bus = store, DeviceRegistry(), Engine([RULE]), Bus()
        self.cursor = 0
        self.written: list[Diagnosis] = []
        self.stored = asyncio.Event()

    async def fill(self, name: str = "Feed pump 3") -> None:
        rng = np.random.default_rng(4)
        times = [*range(-7200, -90, 20), *range(-90, 1)]
        records = []
        for i in range(5):
            info = Info(
                name=name if i == 0 else f"Pump {i}",
                model="CP-80",
                area="Hall 7",
                units=UNITS,
                limits={"bearing_temperature": Limit(max=85.0)},
            )
            self.registry.identify(Identity(f"pump-{i:02d}", f"pump-{i:02d}", "native", info), NOW - 7_200_000)
            for t in times:
                worn = max(t + 60, 0) if i == 0 else 0
                values = {
                    "vibration": 2 + 0.12 * worn + rng.normal(0, 0.1),
                    "current": 20 + 0.05 * max(worn - 8, 0) + rng.normal(0, 0.1),
                    "bearing_temperature": 50 + 0.4 * max(worn - 20, 0) + rng.normal(0, 0.2),
                    "flow": 60 + rng.normal(0, 0.5),
                }
                at = NOW + t * 1000
                records.append(Record(f"pump-{i:02d}", at, at, {k: float(v) for k, v in values.items()}))
        for record in records:
            self.registry.observe(record)
        await self.commit(records=records)

    async def commit(self, **what: Any) -> None:
        self.cursor += len(what.get("records", ()))
        await self.store.commit(1, Delta(cursor=self.cursor, **what))

    def alert(self, number: int = 1) -> Alert:
        made = Alert(
            f"a-{number}",
            "vib",
            "pump-00",
            "vibration",
            "critical",
            "raised",
            "vibration 9.2 mm/s, above 7.1 mm/s",
            9.2,
            7.1,
            "mm/s",
            NOW - 17_000,
            NOW - 12_000,
        )
        self.engine.open[made.id] = made
        return made

    async def submit(self, fact: WriteDiagnosis) -> None:
        await self.commit(diagnoses=[fact.diagnosis])
        self.written.append(fact.diagnosis)
        self.stored.set()

    def diagnostician(self, *models: Any, **more: Any) -> DiagnosisService:
        settings = AiSettings(diagnosis_timeout_s=more.pop("timeout_s", 6.0), fallback=more.pop("fallback", True))
        return DiagnosisService(
            registry=self.registry,
            engine=self.engine,
            store=self.store,
            bus=self.bus,
            submit=self.submit,
            providers=ProviderChain(ordered=models, settings=settings),
            now=lambda: NOW,
            **more,
        )
