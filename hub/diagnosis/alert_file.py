"""Export an alert as one file, from which another hub can reproduce the same alerts and diagnosis.

The file has the readings of the device and of the devices that it was compared with, the rules that watch the device,
the device's alerts in the same incident, the history of the exported alert, and its diagnosis. It has no credentials.
Of each device, the file has the description of its metrics, without their values, twin and commands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from hub import bounds
from hub.diagnosis.alert_file_bounds import check_numbers
from hub.diagnosis.investigation import WEEK_MS, peers_of
from hub.errors import Invalid, Rejected
from hub.model import Alert, AlertEntry, Condition, Device, Diagnosis, Quality, Rule, Scope, Value
from hub.registry.reader import DeviceReader
from hub.rules import KINDS
from hub.rules.kinds.joined import Joined
from hub.rules.reader import AlertReader
from hub.rules.source_readers import sources_of
from hub.services.alerts import Alerts
from hub.store.reader import HistoryReader

FORMAT, VERSION = "watchkeeper-alert", 1
MAX_READINGS = 300_000
"""Maximum number of readings of the device in a file. If there are more, the file begins later."""
SPANS_MS = (WEEK_MS, 2 * 86_400_000, 8 * 3_600_000, 2 * 3_600_000)
AFTER_MS = 3_600_000
"""The readings in a file end this long (ms) after the alert was raised or, if that is later, after it was diagnosed."""
PEER_MS = 3_600_000
MAX_HISTORY = 200
MAX_NEWEST = 1_000
"""How many of the newest alerts of all devices are searched for other alerts of the same incident."""
PAGE = 50_000

Readings = dict[str, dict[str, list[tuple[int, Value, Quality]]]]
"""Readings by device, then by metric. Each reading is (epoch ms, value, quality)."""


class FiledRule(msgspec.Struct, frozen=True):
    """A rule as it is stored in an alert file.

    The condition is stored apart from the rule, as a dict with its ``kind``. The rule has no scope: it watches the
    devices of the file.
    """

    kind: str
    rule: Rule
    condition: dict[str, Any]

    def read(self) -> Rule:
        """Return the rule with its condition. Raises Invalid for a kind of condition that this hub does not know."""
        try:
            condition = _read_condition(self.kind, self.condition)
        except msgspec.ValidationError as error:
            raise Invalid(
                f"The rule {self.rule.id!r} cannot be read ({error}).", "Use a hub of a newer version."
            ) from None
        return msgspec.structs.replace(self.rule, condition=condition)


def _read_condition(kind: str, fields: dict[str, Any]) -> Condition:
    """Return the condition of the given kind from its fields.

    A condition that joins others (``all``, ``any``, ``not``) is read recursively: each part names its own kind. Raises
    Invalid for an unknown kind, and msgspec.ValidationError for fields that do not fit the kind.
    """
    if (cls := KINDS.get(kind)) is None:
        raise Invalid(f"The file has a rule of the unknown kind {kind[:64]!r}.", f"Known: {', '.join(KINDS)}.")
    condition: Condition = msgspec.convert(fields, cls)
    if not isinstance(condition, Joined):
        return condition
    parts = [
        msgspec.structs.replace(part, condition=_read_condition(part.kind, each["condition"]))
        for part, each in zip(condition.conditions, fields["conditions"], strict=True)
    ]
    return msgspec.structs.replace(condition, conditions=tuple(parts))


class PastAlert(msgspec.Struct, frozen=True):
    """An earlier alert that the diagnosis takes into account, with the diagnosis that the earlier alert got."""

    alert: Alert
    diagnosis: Diagnosis | None


class AlertFile(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of an alert file. Times are in epoch ms.

    ``start`` and ``end`` limit the readings of the alert's device. ``alerts`` are the alerts of this device that belong
    to the same incident as ``alert``, including ``alert`` itself.
    """

    format: str = FORMAT
    version: int = VERSION
    hub: str
    created_at: int
    start: int
    end: int
    alert: Alert
    alerts: list[Alert]
    history: list[AlertEntry]
    diagnosis: Diagnosis | None
    devices: list[Device]
    rules: list[FiledRule]
    readings: Readings
    past: list[PastAlert]
    others: list[Alert] = []
    """Alerts of other devices in the same incident. A diagnosis can name them."""


def read_alert_file(data: bytes) -> AlertFile:
    """Return the contents of an alert file.

    Raises Invalid if ``data`` is not an alert file, has a newer version, is nested too deeply, or has a number that is
    out of bounds.
    """
    try:
        decoded = bounds.decode_shallow_json(data, "the file")
        found = msgspec.convert(decoded, AlertFile)
    except (msgspec.ValidationError, Rejected) as error:
        problem = error.message.rstrip(".") if isinstance(error, Rejected) else error
        raise Invalid(f"This is not an alert file ({problem}).", "Download one from the page of an alert.") from None
    if found.format != FORMAT or found.version > VERSION:
        raise Invalid(
            f"The file has version {found.version} of {found.format[:40]!r}.", f"This hub reads version {VERSION}."
        )
    check_numbers(decoded)
    return found


class AlertFiles:
    """Writes alert files. ``registry``, ``engine`` and ``store`` show only what the requesting person may see."""

    def __init__(
        self,
        *,
        registry: DeviceReader,
        engine: AlertReader,
        store: HistoryReader,
        alerts: Alerts,
        version: str,
        now: Callable[[], int],
    ) -> None:
        self._registry = registry
        self._engine = engine
        self._store = store
        self._alerts = alerts
        self._version = version
        self._now = now

    async def write(self, alert_id: str) -> bytes:
        """Return the alert file of an alert, as JSON. Raises NotFound if the alert or its device does not exist."""
        found = await self._alerts.get(alert_id)
        alert, diagnosis = found.alert, found.diagnosis
        device = self._registry.require(alert.device)
        end = min(self._now(), max(alert.raised_at, diagnosis.created_at if diagnosis else 0) + AFTER_MS)
        start, readings = await self._readings(device, end)
        for peer in peers_of(self._registry, device, alert):
            if alert.metric in peer.metrics:
                points = await self._points(peer.id, alert.metric or "", alert.raised_at - PEER_MS, end, PAGE)
                readings[peer.id] = {alert.metric or "": points}
        rules = self._engine.rules_for(device)
        for source in [each for rule in rules if rule.id == alert.rule for each in sources_of(rule)]:
            if source.device is not None and self._registry.get(source.device) is not None:
                metric = source.metric or alert.metric or ""
                points = await self._points(source.device, metric, start, end, PAGE)
                readings.setdefault(source.device, {})[metric] = points
        alerts, others = await self._incident(alert)
        named = {*readings, *(each.device for each in others)}
        earlier = await self._earlier(alert)
        contents = AlertFile(
            hub=self._version,
            created_at=self._now(),
            start=start,
            end=end,
            alert=alert,
            alerts=alerts,
            history=[entry for _, entry in await self._store.alert_history(alert.id, MAX_HISTORY)][::-1],
            diagnosis=None if diagnosis is None else msgspec.structs.replace(diagnosis, prompt=()),
            devices=[_reduced(each) for name in sorted(named) if (each := self._registry.get(name)) is not None],
            rules=[_filed(rule) for rule in rules],
            readings=readings,
            past=earlier,
            others=others,
        )
        return await asyncio.to_thread(msgspec.json.encode, contents)

    async def _incident(self, alert: Alert) -> tuple[list[Alert], list[Alert]]:
        """Return the alerts in the same incident as ``alert``: first those of its device, then those of other devices.

        The first list contains ``alert`` itself.
        """
        found = [*await self._store.alerts(device=alert.device), *await self._store.alerts(limit=MAX_NEWEST)]
        known = {each.id: each for each in found if each.incident and each.incident == alert.incident}
        ordered = sorted({**known, alert.id: alert}.values(), key=lambda each: (each.raised_at, each.id))
        own = [each for each in ordered if each.device == alert.device]
        return own, [each for each in ordered if each.device != alert.device]

    async def _earlier(self, alert: Alert) -> list[PastAlert]:
        similar = await self._store.similar_alerts(alert)
        diagnoses = await self._store.diagnoses([each.id for each in similar]) if similar else {}
        return [PastAlert(each, diagnoses.get(each.id)) for each in similar]

    async def _readings(self, device: Device, end: int) -> tuple[int, Readings]:
        """Return the device's readings for the file, up to ``end``, and the time (epoch ms) at which they start.

        They cover the longest period in :data:`SPANS_MS` that has fewer than :data:`MAX_READINGS` readings. If even the
        shortest period has more, only :data:`MAX_READINGS` of its readings are returned.
        """
        metrics = [metric for _, metric in await self._store.series([device.id], None)]
        for span in SPANS_MS:
            found, left = dict[str, list[tuple[int, Value, Quality]]](), MAX_READINGS
            for metric in metrics:
                found[metric] = await self._points(device.id, metric, end - span, end, left)
                left -= len(found[metric])
                if left <= 0:
                    break
            else:
                break
        return end - span, {device.id: found}

    async def _points(
        self, device: str, metric: str, start: int, end: int, most: int
    ) -> list[tuple[int, Value, Quality]]:
        points: list[tuple[int, Value, Quality]] = []
        following: int | None = start
        while following is not None and len(points) < most:
            page = await self._store.readings(device, metric, following, end, PAGE)
            points += page.points
            following = page.next
        return points[:most]


def _reduced(device: Device) -> Device:
    """Return a copy of ``device`` with its description only: without values, twin, commands, area and rule states."""
    info = msgspec.structs.replace(device.info, commands={})
    return msgspec.structs.replace(device, info=info, metrics={}, watches={}, desired={}, reported={}, area_id=None)


def _filed(rule: Rule) -> FiledRule:
    kept = msgspec.structs.replace(rule, scope=Scope(), condition=Condition())
    return FiledRule(type(rule.condition).kind, kept, msgspec.to_builtins(rule.condition))


def rules_of(contents: AlertFile) -> Sequence[Rule]:
    """Return the rules of an alert file. Raises Invalid for a rule that this hub cannot read."""
    return [each.read() for each in contents.rules]
