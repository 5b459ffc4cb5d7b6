"""Write reports about alerts as text: the digest of a week and the summary of a shift."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from hub import text_format as fmt
from hub.insight.alert_statistics import HOUR_MS, is_notified
from hub.model import SEVERITIES, Alert, ReportKind, ReportText
from hub.registry.reader import DeviceReader
from hub.services.alert_reports import AlertReports
from hub.store.reader import HistoryReader

MAX_LISTED = 10


class ReportWriter:
    """Writes reports about the devices and alerts that the requesting person may see."""

    def __init__(
        self, reports: AlertReports, registry: DeviceReader, store: HistoryReader, now: Callable[[], int]
    ) -> None:
        self._reports = reports
        self._registry = registry
        self._store = store
        self._now = now

    async def write(self, kind: ReportKind, hours: int, zone: str) -> ReportText:
        """Return a report on a period that ends now, with times in the time zone ``zone``.

        A shift summary covers the last ``hours``; a weekly digest ignores ``hours``.
        """
        if kind == "weekly_digest":
            return await self._weekly_digest(ZoneInfo(zone))
        return await self._shift_summary(hours, ZoneInfo(zone))

    async def _weekly_digest(self, zone: ZoneInfo) -> ReportText:
        found = await self._reports.digest()
        parts = [f"{_alerts(found.count)} in the last seven days, {found.before} in the seven days before."]
        parts += _section(
            "Most alerts", (f"{each.name}: {_alerts(each.count)} of {_devices(each.devices)}" for each in found.rules)
        )
        parts += _section("To change", (f"{each.name}: {each.text}" for each in found.advice))
        parts += _section(
            "Soon at a limit",
            (
                f"{self._name(each.device)}, {fmt.spoken(each.metric)}: now {fmt.quantity(each.value, each.unit)}, "
                f"reaches {fmt.limit_quantity(each.limit, each.unit)} in {_days(each.days)}"
                for each in found.drifts
            ),
        )
        start, end = (f"{_local(each, zone):%d %b}" for each in (found.start, found.end))
        empty = not (found.count or found.advice or found.drifts)
        return ReportText(f"Weekly digest of alerts, {start} – {end}", "\n\n".join(parts), empty)

    async def _shift_summary(self, hours: int, zone: ZoneInfo) -> ReportText:
        end = self._now()
        start = end - hours * HOUR_MS
        alerts = [each for each in (await self._reports.since(start))[0] if is_notified(each)]
        raised = [each for each in alerts if each.raised_at >= start]
        still_open = sorted((each for each in alerts if each.open), key=lambda each: -SEVERITIES.index(each.severity))
        diagnoses = await self._store.diagnoses([each.id for each in still_open[:MAX_LISTED]])
        parts = [
            f"{_alerts(len(raised))} raised, {sum(not each.open for each in raised)} of them over. "
            f"{_alerts(len(still_open))} open now."
        ]
        summaries = {alert: each.summary for alert, each in diagnoses.items()}
        parts += _section("Open", (self._line(each, zone, summaries.get(each.id, "")) for each in still_open))
        names = {rule.id: rule.name for rule in self._reports.rules}
        frequent = Counter(names.get(each.rule, each.rule) for each in raised).most_common(MAX_LISTED)
        parts += _section("Raised by rule", (f"{name}: {_alerts(count)}" for name, count in frequent))
        silent = sorted(each.display_name for each in self._registry.devices() if each.presence == "offline")
        parts += _section("Offline devices", silent)
        span = f"{_local(start, zone):%Y-%m-%d %H:%M} – {_local(end, zone):%H:%M} {fmt.zone_name(_local(end, zone))}"
        return ReportText(f"Shift summary, {span}", "\n\n".join(parts), not (raised or still_open))

    def _line(self, alert: Alert, zone: ZoneInfo, summary: str) -> str:
        handled = f", acknowledged by {alert.acknowledged_by}" if alert.acknowledged_by else ""
        note = f" ({alert.note})" if alert.note and handled else ""
        since = f"since {_local(alert.since, zone):%Y-%m-%d %H:%M}"
        cause = f". {fmt.first_sentence(summary)}" if summary else ""
        what = f"{alert.severity.capitalize()}: {self._name(alert.device)}: {alert.message}"
        return f"{what}, {since}{handled}{note}{cause}"

    def _name(self, device_id: str) -> str:
        device = self._registry.get(device_id)
        return device.display_name if device is not None else device_id


def _section(title: str, lines: Iterable[str]) -> list[str]:
    """Return a list with one paragraph: a title and a bullet list. The list is empty if there are no ``lines``."""
    found = list(lines)
    more = [f"and {len(found) - MAX_LISTED} more"] if len(found) > MAX_LISTED else []
    return ["\n".join([f"{title}:", *(f"- {each}" for each in (*found[:MAX_LISTED], *more))])] if found else []


def _alerts(count: int) -> str:
    return "1 alert" if count == 1 else f"{count:,} alerts"


def _devices(count: int) -> str:
    return "1 device" if count == 1 else f"{count:,} devices"


def _days(days: float) -> str:
    return "a day" if days < 1.5 else f"{days:.0f} days"


def _local(stamp: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(stamp / 1_000, zone)
