"""Diagnose alerts: compute evidence, find known faults that fit, let a model or the analyst write, check the text.

In an incident, only the first alert of a device or the alert whose metric changed first is diagnosed (see
``AlertReader.explaining``); the other alerts serve as evidence. Alerts wait in a bounded queue for a worker task. If a
model fails or is too slow, the built-in analyst writes the diagnosis from the same evidence within seconds. A local
model may take minutes; its diagnosis then replaces the analyst's. Diagnoses are stored by the ingest pipeline, like all
other state.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from hub import text_format as fmt
from hub.ai.providers import ProviderChain
from hub.diagnosis.generator import DiagnosisGenerator, Subject
from hub.diagnosis.investigation import Investigation
from hub.diagnosis.local_models import LocalModelQueue, PendingRevision
from hub.diagnosis.manual_quotes import manual_quotes
from hub.diagnosis.result import diagnosis_of, evidence_and_causes
from hub.errors import Conflict, HubError, NotFound
from hub.events import AlertCleared, AlertRaised
from hub.insight import InvestigationInput, Signature
from hub.insight.signature import extended
from hub.model import Alert, CauseMatch, Device, Diagnosis, Evidence, Quote, WriteDiagnosis, Writer
from hub.registry.reader import DeviceReader
from hub.rules.reader import AlertReader
from hub.runtime.bus import Bus, Closed, Lagged
from hub.runtime.fault_log import FaultLog
from hub.runtime.progress import ProgressStream, ProgressStreams
from hub.store.reader import HistoryReader

log = logging.getLogger(__name__)
faults = FaultLog(log)

_FREE_WAIT_S = 1.0
"""Time (s) that an alert may wait in the queue before its waiting time is subtracted from the timeout of the models."""
RETRY_S = 10.0
"""Pause (s) before the store is asked again which open alerts have a diagnosis."""


class DiagnosisService:
    """Diagnoses alerts as they are raised, and devices on request.

    Attributes:
        dropped: Number of alerts that did not fit in the queue. They are queued again when the queue is empty, if they
            are still open.
        runs: The progress of each diagnosis that is being written.

    Args:
        submit: Passes a diagnosis to the pipeline and returns when it is stored.
        signatures: The user's own known faults, added to the built-in ones.
        workers: Number of alerts that are diagnosed at the same time.
        capacity: Number of alerts that may wait.
    """

    def __init__(
        self,
        *,
        registry: DeviceReader,
        engine: AlertReader,
        store: HistoryReader,
        bus: Bus,
        submit: Callable[[WriteDiagnosis], Awaitable[Any]],
        providers: ProviderChain,
        now: Callable[[], int],
        signatures: Sequence[Signature] = (),
        workers: int = 2,
        capacity: int = 256,
    ) -> None:
        self._registry, self._engine, self._store, self._bus = registry, engine, store, bus
        self._submit, self._now = submit, now
        self.runs = ProgressStreams()
        self._writer = DiagnosisGenerator(providers)
        self.use_signatures(signatures)
        self._investigation = Investigation(registry=registry, engine=engine, store=store)
        self._workers, self._capacity = workers, capacity
        self._waiting: deque[tuple[Alert, float]] = deque()
        self._claimed: set[str] = set()
        self._ready = asyncio.Event()
        self._local = LocalModelQueue(self._revise)
        self._behind = True
        self.dropped = 0

    def use_signatures(self, own: Sequence[Signature]) -> None:
        """Replace the signatures (known faults) that the user has defined. They are added to the built-in ones."""
        self._own_signatures = tuple(own)

    def signatures(self) -> Sequence[Signature]:
        """Return the signatures of all known faults: the built-in ones and those that the user has defined."""
        return extended(self._own_signatures)

    def pending(self, alert_id: str) -> bool:
        """Return True if a diagnosis of this alert is queued or being written."""
        return alert_id in self._claimed

    async def run(self) -> None:
        """Diagnose every alert that is raised, and open alerts without a diagnosis, until the bus is closed."""
        with self._bus.subscribe() as subscription:
            async with asyncio.TaskGroup() as group:
                workers = [group.create_task(self._work(), name=f"diagnosis-{i}") for i in range(self._workers)]
                workers.append(group.create_task(self._local.run(), name="diagnosis-local-model"))
                try:
                    while True:
                        for event in await subscription.get():
                            if isinstance(event, AlertRaised):
                                self._claim(event.alert)
                            elif isinstance(event, AlertCleared | Lagged):
                                self._behind = self._behind or isinstance(event, Lagged)
                                self._ready.set()
                except Closed:
                    for worker in workers:
                        worker.cancel()

    async def diagnose_device(self, device_id: str) -> Diagnosis:
        """Diagnose the device's most severe open alert or, without one, its current state, and store the diagnosis.

        Raises NotFound for an unknown device.
        """
        device = self._registry.require(device_id)
        with self.runs.open(f"device:{device.id}") as run:
            return await self._diagnose(run, device, self._investigation.most_severe(device.id))

    async def diagnose_alert(self, alert: Alert) -> Diagnosis:
        """Diagnose an open alert from the current readings, and store the diagnosis.

        This is for an alert that shows the diagnosis of another alert in its incident. Raises Conflict if the alert
        has cleared, and NotFound if its device is unknown.
        """
        if alert.id not in self._engine.open:
            raise Conflict(
                "The alert has cleared. Only open alerts can be diagnosed.",
                "POST /api/devices/{id}/diagnose diagnoses the current state of its device.",
            )
        device = self._registry.require(alert.device)
        with self.runs.open(alert.id) as run:
            return await self._diagnose(run, device, alert)

    async def examine(self, device: Device) -> tuple[list[Evidence], list[CauseMatch]]:
        """Return the evidence about a device's current state, and the known faults that fit it. Store nothing."""
        case = await self._investigation.case(device, self._investigation.most_severe(device.id), self._now())
        return await asyncio.to_thread(evidence_and_causes, case, self.signatures())

    def _claim(self, alert: Alert) -> None:
        if alert.id in self._claimed or alert.id not in self._engine.explaining(alert):
            return
        if len(self._waiting) >= self._capacity:
            self.dropped += 1
            self._behind = True
            return
        self._claimed.add(alert.id)
        self._waiting.append((alert, time.monotonic()))
        self._ready.set()

    async def _work(self) -> None:
        while True:
            while not self._waiting:
                if self._behind and await self._catch_up():
                    continue
                self._ready.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(RETRY_S if self._behind else None):
                        await self._ready.wait()
            alert, since = self._waiting.popleft()
            try:
                await self._explain(alert, since)
            except HubError as error:
                log.warning("Alert %s gets no diagnosis: %s", alert.id, error)
            except Exception as error:
                faults.unexpected("Alert %s has no diagnosis. Report this.", alert.id, cause=error)
            finally:
                self._claimed.discard(alert.id)

    async def _catch_up(self) -> bool:
        """Queue all open alerts that have no diagnosis, as is needed after a start and after the queue was full.

        Return False if the alerts could not be read from the store. The caller then has to try again.
        """
        self._behind = False
        open_alerts = [alert for alert in self._engine.open.values() if alert.id not in self._claimed]
        try:
            have = await self._store.diagnoses([alert.id for alert in open_alerts])
        except HubError as error:
            log.warning("Cannot read which open alerts have a diagnosis (%s). Retrying in %g s.", error, RETRY_S)
            self._behind = True
            return False
        for alert in open_alerts:
            if alert.id not in have:
                self._claim(alert)
        return True

    async def _explain(self, alert: Alert, since: float) -> None:
        device = self._registry.get(alert.device)
        if device is not None:
            with self.runs.open(alert.id) as run:
                waited_s = max(time.monotonic() - since - _FREE_WAIT_S, 0.0)
                await self._diagnose(run, device, alert, waited_s)

    async def _diagnose(
        self, run: ProgressStream, device: Device, alert: Alert | None, waited_s: float = 0.0
    ) -> Diagnosis:
        """Write and store a diagnosis, and queue it for a local model if there is one.

        The time that the alert waited in the queue (``waited_s``) is subtracted from the timeout of remote models.
        Otherwise, with a slow model, a hundred queued alerts would wait for minutes.
        """
        now = self._now()
        case = await self._investigation.case(device, alert, now)
        run.emit("tool", _looked_at(case), name="history")
        found, matches = await asyncio.to_thread(evidence_and_causes, case, self.signatures())
        run.emit("tool", _weighed(found, matches), name="evidence")
        quotes = await manual_quotes(self._store.library, device, alert, matches)
        if quotes:
            run.emit("tool", _read(quotes), name="search_documents")
        subject = Subject(device, alert, found, matches, quotes)
        written = await self._writer.write(run, subject, waited_s)
        diagnosis = diagnosis_of(subject, written, now)
        local = None if written.writer.generative else self._writer.local_writer()
        if local is not None:
            until = now + round(self._writer.local_timeout_s * 1000 * (len(self._local) + 1))
            diagnosis = msgspec.structs.replace(diagnosis, awaits=local, awaits_until=until)
        await self._submit(WriteDiagnosis(diagnosis))
        if local is not None and (dropped := self._local.add(PendingRevision(diagnosis, subject))):
            await self._keep(dropped.diagnosis)
        return diagnosis

    async def _revise(self, revision: PendingRevision) -> None:
        """Let a local model rewrite a stored diagnosis, and store the result.

        If the model fails, or if the alert has cleared in the meantime, the stored diagnosis stays as it is.
        """
        first, subject = revision.diagnosis, revision.subject
        if subject.alert is not None and subject.alert.id not in self._engine.open:
            await self._keep(first)
            return
        run_id = subject.alert.id if subject.alert else f"device:{subject.device.id}"
        with self.runs.open(run_id) as run:
            written = await self._writer.write_locally(run, subject)
        if written is None:
            await self._keep(first, instead_of=first.awaits)
            return
        revised = diagnosis_of(subject, written, first.created_at)
        await self._submit(WriteDiagnosis(msgspec.structs.replace(revised, id=first.id)))

    async def _keep(self, first: Diagnosis, instead_of: Writer | None = None) -> None:
        """Store the analyst's diagnosis as the final one, because no local model will replace it any more.

        ``instead_of`` is the model that failed to replace it; None if no model was asked.
        """
        kept = msgspec.structs.replace(first, awaits=None, awaits_until=0, instead_of=instead_of or first.instead_of)
        await self._submit(WriteDiagnosis(kept))

    async def repeat(self, diagnosis_id: str, model: str | None = None) -> Diagnosis:
        """Let a model write a diagnosis again from its stored evidence and prompt. The new diagnosis is not stored.

        ``model`` is the name of the model; if it is None, the model that wrote the stored diagnosis is asked.

        Raises:
            NotFound: there is no such diagnosis, or its device is unknown.
            UnknownModel: no provider has the model.
            Forbidden: the person's role may not use the model.
            AiError: the model does not answer, or its answer has no usable statement.
        """
        past = await self._store.diagnosis(diagnosis_id)
        device = self._registry.get(past.device) if past else None
        if past is None or device is None:
            raise NotFound(
                f"There is no diagnosis {diagnosis_id[:64]!r}.", "An alert contains the id of its diagnosis."
            )
        alert = await self._store.alert(past.alert) if past.alert else None
        subject = Subject(device, alert, past.evidence, past.causes, past.quotes)
        return diagnosis_of(subject, await self._writer.repeat(past, subject, model), self._now())


def _looked_at(case: InvestigationInput) -> str:
    first = min((track.at(0) for track in case.tracks.values() if len(track)), default=case.now)
    peers = f", and {len(case.peers)} peers" if case.peers else ""
    return f"Read {len(case.tracks)} metrics over {fmt.duration(case.now - first)}{peers}."


def _weighed(found: Sequence[Evidence], matches: Sequence[CauseMatch]) -> str:
    return f"Computed {len(found)} findings; {len(matches)} known causes fit at least in part."


def _read(quotes: Sequence[Quote]) -> str:
    return f"Found {fmt.join([f'page {quote.page} of {quote.filename}' for quote in quotes])}."
