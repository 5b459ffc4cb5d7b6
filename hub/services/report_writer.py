"""Write reports about alerts as text: the digest of a week and the summary of a shift.

A report is in the language of its receiver, with values in the receiver's units.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from hub import text_format as fmt
from hub.insight.alert_digest import Drift, RuleAdvice
from hub.insight.alert_statistics import HOUR_MS, is_notified
from hub.model import SEVERITIES, Alert, Diagnosis, ReportKind, ReportText, Severity
from hub.registry.reader import DeviceReader
from hub.runtime.translations import notification_text, translation
from hub.services.alert_reports import AlertReports
from hub.store.reader import HistoryReader

MAX_LISTED = 10


class ReportLocale(Protocol):
    """The language and the units of a report."""

    @property
    def language(self) -> str:
        """Return the code of the language."""

    def reading(self, value: float, unit: str | None) -> str:
        """Return a reading with its unit as text."""

    def limit(self, value: float, unit: str | None) -> str:
        """Return a limit with its unit as text."""


class ReportWriter:
    """Writes reports about the devices and alerts that the requesting person may see.

    Args:
        reports: Counts alerts.
        registry: The devices.
        store: The history.
        now: Returns the time in epoch ms.
        alert_text: Returns the message of an alert for a locale.
        cause: Returns the first sentence of a diagnosis, in the language with the given code.
    """

    def __init__(
        self,
        reports: AlertReports,
        registry: DeviceReader,
        store: HistoryReader,
        now: Callable[[], int],
        alert_text: Callable[[Alert, Any], str],
        cause: Callable[[Diagnosis, str], str],
    ) -> None:
        self._reports = reports
        self._registry = registry
        self._store = store
        self._now = now
        self._alert_text = alert_text
        self._cause = cause

    async def write(self, kind: ReportKind, hours: int, zone: str, locale: ReportLocale) -> ReportText:
        """Return a report on a period that ends now, with times in the time zone ``zone``.

        A shift summary covers the last ``hours``; a weekly digest ignores ``hours``.
        """
        words = _ReportWords(locale.language)
        if kind == "weekly_digest":
            return await self._weekly_digest(ZoneInfo(zone), words, locale)
        return await self._shift_summary(hours, ZoneInfo(zone), words, locale)

    async def _weekly_digest(self, zone: ZoneInfo, words: _ReportWords, locale: ReportLocale) -> ReportText:
        found = await self._reports.digest()
        parts = [words.say("inWeek", _IN_WEEK, alerts=words.alerts(found.count), before=words.count(found.before))]
        parts += words.section(
            words.say("mostAlerts", "Most alerts"),
            (f"{each.name}: {words.alerts_of(each.count, each.devices)}" for each in found.rules),
        )
        parts += words.section(
            words.say("toChange", "To change"), (f"{each.name}: {words.advice(each)}" for each in found.advice)
        )
        with fmt.decimal_comma(wanted=locale.language != "en"):
            drifts = [self._drift(each, words, locale) for each in found.drifts]
        parts += words.section(words.say("soonAtLimit", "Soon at a limit"), drifts)
        start, end = (f"{_local(each, zone):{words.say('dayFormat', '%d %b')}}" for each in (found.start, found.end))
        empty = not (found.count or found.advice or found.drifts)
        title = words.say("weeklyDigest", "Weekly digest of alerts, {start} – {end}", start=start, end=end)
        return ReportText(title, "\n\n".join(parts), empty)

    def _drift(self, found: Drift, words: _ReportWords, locale: ReportLocale) -> str:
        return words.say(
            "drift",
            "{device}, {metric}: now {value}, reaches {limit} in {days}",
            device=self._name(found.device),
            metric=fmt.spoken(found.metric),
            value=locale.reading(found.value, found.unit),
            limit=locale.limit(found.limit, found.unit),
            days=words.days(found.days),
        )

    async def _shift_summary(self, hours: int, zone: ZoneInfo, words: _ReportWords, locale: ReportLocale) -> ReportText:
        end = self._now()
        start = end - hours * HOUR_MS
        alerts = [each for each in (await self._reports.since(start))[0] if is_notified(each)]
        raised = [each for each in alerts if each.raised_at >= start]
        still_open = sorted((each for each in alerts if each.open), key=lambda each: -SEVERITIES.index(each.severity))
        diagnoses = await self._store.diagnoses([each.id for each in still_open[:MAX_LISTED]])
        parts = [
            words.say(
                "inShift",
                "{alerts} raised, {over} of them over. {open} open now.",
                alerts=words.alerts(len(raised)),
                over=str(sum(not each.open for each in raised)),
                open=words.alerts(len(still_open)),
            )
        ]
        lines = (self._line(each, zone, diagnoses.get(each.id), words, locale) for each in still_open)
        parts += words.section(words.say("open", "Open"), lines)
        names = {rule.id: rule.name for rule in self._reports.rules}
        frequent = Counter(names.get(each.rule, each.rule) for each in raised).most_common(MAX_LISTED)
        by_rule = (f"{name}: {words.alerts(count)}" for name, count in frequent)
        parts += words.section(words.say("raisedByRule", "Raised by rule"), by_rule)
        silent = sorted(each.display_name for each in self._registry.devices() if each.presence == "offline")
        parts += words.section(words.say("offlineDevices", "Offline devices"), silent)
        span = f"{_local(start, zone):%Y-%m-%d %H:%M} – {_local(end, zone):%H:%M} {fmt.zone_name(_local(end, zone))}"
        title = words.say("shiftSummary", "Shift summary, {span}", span=span)
        return ReportText(title, "\n\n".join(parts), not (raised or still_open))

    def _line(
        self, alert: Alert, zone: ZoneInfo, diagnosis: Diagnosis | None, words: _ReportWords, locale: ReportLocale
    ) -> str:
        by = alert.acknowledged_by
        handled = words.say("acknowledgedBy", ", acknowledged by {person}", person=by) if by else ""
        note = f" ({alert.note})" if alert.note and handled else ""
        since = words.say("sinceWithin", "since {time}", time=f"{_local(alert.since, zone):%Y-%m-%d %H:%M}")
        cause = f". {self._cause(diagnosis, locale.language)}" if diagnosis is not None and diagnosis.summary else ""
        what = f"{words.severity(alert.severity)}: {self._name(alert.device)}: {self._alert_text(alert, locale)}"
        return f"{what}, {since}{handled}{note}{cause}"

    def _name(self, device_id: str) -> str:
        device = self._registry.get(device_id)
        return device.display_name if device is not None else device_id


_IN_WEEK = "{alerts} in the last seven days, {before} in the seven days before."
_ADVICE = {
    "fleeting": "adviceFleeting",
    "chattering": "adviceChattering",
    "stale": "adviceStale",
    "unacknowledged": "adviceUnacknowledged",
}


class _ReportWords:
    """The words of reports in one language."""

    def __init__(self, language: str) -> None:
        self._language = language

    def say(self, key: str, english: str, **values: str) -> str:
        """Return a text in the language. ``english`` is its English text."""
        return notification_text(self._language, key, english, **values)

    def alerts(self, count: int) -> str:
        """Return a number of alerts as text."""
        if count == 1:
            return self.say("oneAlert", "1 alert")
        return self.say("manyAlerts", "{count} alerts", count=self.count(count))

    def alerts_of(self, alerts: int, devices: int) -> str:
        """Return a number of alerts and on how many devices they were raised, as text."""
        if devices == 1:
            return self.say("ofOneDevice", "{alerts} of 1 device", alerts=self.alerts(alerts))
        many = self.count(devices)
        return self.say("ofManyDevices", "{alerts} of {count} devices", alerts=self.alerts(alerts), count=many)

    def days(self, days: float) -> str:
        """Return a number of days as text, for the time until something happens."""
        return self.say("oneDay", "a day") if days < 1.5 else self.say("manyDays", "{count} days", count=f"{days:.0f}")

    def advice(self, advice: RuleAdvice) -> str:
        """Return what to change about a rule."""
        if translation(self._language) is None:
            return advice.text
        time = "" if advice.for_ms is None else fmt.duration(advice.for_ms)
        return self.say(_ADVICE[advice.problem], advice.text, count=self.count(advice.count), time=time)

    def severity(self, severity: Severity) -> str:
        """Return the name of a severity."""
        found = translation(self._language)
        return severity.capitalize() if found is None else found.severity[severity]

    def section(self, title: str, lines: Iterable[str]) -> list[str]:
        """Return a list with one paragraph: a title and a bullet list. It is empty if there are no ``lines``."""
        found = list(lines)
        if not found:
            return []
        left = len(found) - MAX_LISTED
        more = [self.say("andMore", "and {count} more", count=self.count(left))] if left > 0 else []
        return ["\n".join([f"{title}:", *(f"- {each}" for each in (*found[:MAX_LISTED], *more))])]

    def count(self, count: int) -> str:
        """Return a number as text."""
        return f"{count:,}" if self._language == "en" else f"{count:,}".replace(",", ".")


def _local(stamp: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(stamp / 1_000, zone)
