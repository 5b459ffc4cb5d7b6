"""Fake AI that answers at once, waits or fails, in place of the hub's own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from hub.ai.base import AiSettings
from hub.ai.budget import Budget
from hub.analysis import DeviceLink, Found
from hub.errors import AiUnavailable, UnknownModel
from hub.insight import Signature
from hub.insight.signature import built_in
from hub.model import Alert, Analysis, AnalysisKind, CauseMatch, Claim, Diagnosis, Evidence, WriteDiagnosis, Writer
from hub.runtime.progress import ProgressStreams

WRITER = Writer("builtin", "builtin", False)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Reply(msgspec.Struct):
    text: str
    provider: str = "builtin"
    model: str = "builtin"
    generative: bool = False
    tokens_used: int = 7
    extras: tuple[Any, ...] = ()


class Ai:
    """AI that serves only the model ``builtin``; ``hold`` makes it wait, ``fault`` is raised instead of an answer."""

    def __init__(self) -> None:
        self.hold: asyncio.Event | None = None
        self.fault: Exception | None = None
        self.submit: Any = None
        self.pending_ids: set[str] = set()
        self.runs = ProgressStreams()
        self.settings = AiSettings()
        self.budget = Budget(self.settings)

    async def answer(self, question: str, model: str | None = None) -> Reply:
        if self.fault:
            raise self.fault
        if self.hold:
            await self.hold.wait()
        if model not in (None, "builtin"):
            raise UnknownModel(f"No model {model!r} is configured.")
        return Reply(f"You asked: {question}")

    async def stream(self, question: str, model: str | None = None, done: Any = None) -> AsyncIterator[str]:
        if self.fault:
            raise self.fault
        for word in ("You ", "asked: ", question):
            yield word
            if self.hold:
                await self.hold.wait()
        if done:
            done(Reply(f"You asked: {question}"))

    async def diagnose_device(self, device_id: str) -> Diagnosis:
        diagnosis = diagnosis_of(device_id, None)
        await self.submit(WriteDiagnosis(diagnosis))
        return diagnosis

    async def diagnose_alert(self, alert: Alert) -> Diagnosis:
        diagnosis = diagnosis_of(alert.device, alert.id)
        await self.submit(WriteDiagnosis(diagnosis))
        return diagnosis

    async def repeat(self, diagnosis_id: str, model: str | None = None) -> Diagnosis:
        raise UnknownModel(f"No model {model!r} is configured.")

    def signatures(self) -> Sequence[Signature]:
        return built_in()

    def pending(self, alert_id: str) -> bool:
        return alert_id in self.pending_ids

    async def analyse(
        self, kind: AnalysisKind, filename: str | None, data: bytes, *, device: str | None = None, **options: Any
    ) -> Analysis:
        if self.fault:
            raise self.fault
        return Analysis(
            id="a-1",
            kind=kind,
            filename=filename or "picture",
            format="png",
            bytes=len(data),
            created_at=now_ms(),
            device=device,
            analysis=f"{len(data)} bytes",
            generated_by=WRITER,
            tokens_used=0,
            facts={"width": 1, "height": 1, "properties": {}},
        )

    async def ask(self, analysis_id: str, question: str) -> Found:
        raise AiUnavailable("no provider serves this.")

    async def link(self, analysis_id: str, change: DeviceLink) -> Analysis:
        raise AiUnavailable("no provider serves this.")

    def describe(self) -> Sequence[Writer]:
        return [WRITER]

    def vision(self) -> Sequence[Writer]:
        return [WRITER]


def diagnosis_of(device: str, alert: str | None) -> Diagnosis:
    evidence = Evidence("e1", "slope", device, "temperature", "It rises by 2 °C an hour.", 2.0, "°C/h", 1, 2, 0.9)
    causes = (
        CauseMatch("fouling", "Fouled cooler", "cooler", 0.3),
        CauseMatch("bearing_wear", "Worn bearing", "bearing", 0.8, supporting=("e1",)),
    )
    return Diagnosis(
        id=f"d-{time.time_ns()}",
        alert=alert,
        device=device,
        summary="The bearing wears.",
        cause="bearing_wear",
        component="bearing",
        confidence=0.8,
        evidence=(evidence,),
        against=(),
        claims=(Claim("It rises.", ("e1",), True),),
        actions=("Look at the bearing.",),
        confirm_by=(),
        causes=causes,
        generated_by=WRITER,
        tokens_used=0,
        created_at=now_ms(),
    )
