"""Replay an alert file: evaluate its rules on its readings again, and diagnose its alert with the built-in analyst.

A replay does not affect a running hub, because it has a database of its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from hub.backtest import Firing
from hub.diagnosis.alert_file import AlertFile, rules_of
from hub.diagnosis.generator import Subject
from hub.diagnosis.investigation import Investigation
from hub.diagnosis.reply import built_in_diagnosis
from hub.diagnosis.result import diagnosis_of, evidence_and_causes
from hub.diagnosis.rule_replay import replay_alert
from hub.errors import Invalid
from hub.insight.signature import extended
from hub.model import Alert, Device, Diagnosis, FleetLimits, Latest, Reading, Rule
from hub.registry.expected_interval import device_stale_after
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.store.base import Delta
from hub.store.sqlite import SqliteStore

CHUNK = 20_000
MAX_SHOWN = 10
"""Maximum number of findings that are listed as missing in the replay, and of those listed as missing in the file."""
DIAGNOSED_AFTER_MS = 2_000
"""If the file has no diagnosis, the alert is diagnosed as if this time (ms) had passed since it was raised."""


class ReplayedAlert(msgspec.Struct, frozen=True):
    """The result of replaying an alert file.

    Attributes:
        alerts: each alert of the file, with the matching alert of the replay, or None if the replay raised no such
            alert.
        diagnosis: the diagnosis that the replay computed.
        differs: a sentence for each difference between the diagnosis of the replay and that of the file; empty if
            there is none.
        reasons: a sentence that says why the replay did not raise an alert, by the id of the alert in the file.
    """

    alerts: list[tuple[Alert, Firing | None]]
    diagnosis: Diagnosis
    differs: list[str]
    reasons: dict[str, str]

    @property
    def same(self) -> bool:
        """Return True if the replay raised every alert of the file and came to the same diagnosis."""
        return not self.differs and all(firing is not None for _, firing in self.alerts)


async def replay_file(contents: AlertFile, folder: Path) -> ReplayedAlert:
    """Replay an alert file. ``folder``, which must be empty, is used for the database of the replay.

    Raises Invalid if the file has no readings of the alert's device.
    """
    device = next((each for each in contents.devices if each.id == contents.alert.device), None)
    if device is None or device.id not in contents.readings:
        raise Invalid("The file has no readings of the alert's device.", "Download it again.")
    rules = rules_of(contents)
    alerts, reasons = list[tuple[Alert, Firing | None]](), dict[str, str]()
    for alert in contents.alerts:
        firing, reason = await asyncio.to_thread(replay_alert, alert, device, rules, contents)
        alerts.append((alert, firing))
        if reason is not None:
            reasons[alert.id] = reason
    diagnosis = await _diagnosed(contents, device, rules, folder)
    differences = _differences(_of_same_device(contents.diagnosis, device), diagnosis)
    return ReplayedAlert(alerts, diagnosis, list(differences), reasons)


def _of_same_device(diagnosis: Diagnosis | None, device: Device) -> Diagnosis | None:
    """Return ``diagnosis`` if it is about ``device``, else None.

    A diagnosis of another device cannot be replayed, because the file has too few readings of that device.
    """
    return diagnosis if diagnosis is not None and diagnosis.device == device.id else None


async def _diagnosed(contents: AlertFile, device: Device, rules: Sequence[Rule], folder: Path) -> Diagnosis:
    """Return the built-in analyst's diagnosis of the file's alert.

    It is computed for the time at which the original diagnosis was made, from the readings up to then.
    """
    original = _of_same_device(contents.diagnosis, device)
    # The file's diagnosis may have been written for an earlier alert of the incident.
    diagnosed = original.alert if original else None
    alert = next((each for each in contents.alerts if each.id == diagnosed), contents.alert)
    at = original.created_at if original else alert.raised_at + DIAGNOSED_AFTER_MS
    store = SqliteStore.open(folder)
    try:
        readings = _readings(contents, at)
        while chunk := list(islice(readings, CHUNK)):
            await store.add(chunk)
        past = [each.alert for each in contents.past]
        known = [each.diagnosis for each in contents.past if each.diagnosis]
        await store.commit(1, Delta(0, alerts=past, diagnoses=known))
        registry = DeviceRegistry()
        states = {each.id: msgspec.msgpack.encode(_as_of(each, contents, at)) for each in contents.devices}
        registry.restore(states, at)
        case = await Investigation(registry=registry, engine=_FiledAlerts(contents, rules, at), store=store).case(
            registry.require(device.id), alert, at
        )
    finally:
        await store.close()
    found, matches = await asyncio.to_thread(evidence_and_causes, case, extended(()))
    subject = Subject(registry.require(device.id), alert, found, matches)
    written = built_in_diagnosis(subject.narrative(), subject.device, found, matches)
    return diagnosis_of(subject, written, at)


class _FiledAlerts(Engine):
    """A rule engine with the alerts of a file that were open at the time ``at`` (epoch ms)."""

    def __init__(self, contents: AlertFile, rules: Sequence[Rule], at: int) -> None:
        super().__init__(rules)
        filed = (*contents.alerts, *contents.others)
        self._filed = [
            each for each in filed if each.raised_at <= at and (each.cleared_at is None or each.cleared_at > at)
        ]

    def together(self, alert: Alert) -> list[Alert]:
        """Return the other alerts of the file that were open at the time of the replayed diagnosis."""
        return [each for each in self._filed if each.id != alert.id]


def _readings(contents: AlertFile, until: int) -> Iterator[Reading]:
    for device, metrics in contents.readings.items():
        for metric, points in metrics.items():
            yield from (Reading(device, metric, ts, value, quality) for ts, value, quality in points if ts <= until)


def _as_of(device: Device, contents: AlertFile, at: int) -> Device:
    """Return a copy of ``device`` in the state that it had at the time ``at`` (epoch ms).

    The copy has the latest values at that time. Its presence is online if the latest reading was recent enough, else
    stale.
    """
    metrics = {
        metric: Latest(value, ts, quality)
        for metric, points in contents.readings.get(device.id, {}).items()
        for ts, value, quality in [point for point in points if point[0] <= at][-1:]
    }
    seen = max((latest.ts for latest in metrics.values()), default=None)
    there = seen is not None and at - seen <= device_stale_after(device, FleetLimits())
    return msgspec.structs.replace(
        device,
        metrics=metrics,
        last_seen=seen,
        last_reading=seen,
        last_ts=seen or 0,
        presence="online" if there else "stale",
    )


def _differences(original: Diagnosis | None, replayed: Diagnosis) -> Iterator[str]:
    """Yield a sentence for each difference in the cause or the evidence of two diagnoses. Texts are not compared."""
    if original is None:
        return
    analyst = next((each for each in original.opinions if not each.writer.generative), None)
    cause = analyst.cause if analyst is not None else original.cause
    if replayed.cause != cause:
        yield f"The cause is {replayed.cause or 'not known'}; in the file it is {cause or 'not known'}."
    filed, found = (
        Counter((each.kind, each.metric) for each in diagnosis.evidence) for diagnosis in (original, replayed)
    )
    for findings, place in ((filed - found, "the file"), (found - filed, "the replay")):
        for kind, metric in islice(findings.elements(), MAX_SHOWN):
            yield f"Only {place} has a finding of the kind {kind}{f' about {metric}' if metric else ''}."
