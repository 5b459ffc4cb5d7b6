"""Apply silences (:class:`hub.model.AlertSilence`): match them with alerts, and start and end them in time.

A silence changes only the field ``silenced_by`` of an alert. So nothing else has to be restored when the silence ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase

from msgspec.structs import replace

from hub.errors import Conflict, NotFound
from hub.events import AlertHandled, Event, SilenceChanged
from hub.model import Alert, AlertSilence, Device, EndSilence, PutSilence, Rule, Scope, SilencedBy
from hub.rules.open_alerts import OpenAlerts
from hub.rules.scopes import ScopeMatcher
from hub.rules.silence_times import next_interval

MAX_SILENCES = 200
"""Maximum silences that have not ended."""
Find = Callable[[str], Device | None]


class Silencing:
    """All silences that have not ended yet. Marks the open alerts that they match (``silenced_by``)."""

    def __init__(self, alerts: OpenAlerts, matcher: ScopeMatcher) -> None:
        self._alerts = alerts
        self._matcher = matcher
        self._silences: dict[str, AlertSilence] = {}
        self._due = 0  # when a silence starts or stops next, in epoch ms
        self._turned = 0
        alerts.silenced_by = self.silenced_by

    def load(self, silences: Iterable[AlertSilence]) -> None:
        """Add the stored silences."""
        self._silences |= {silence.id: silence for silence in silences}

    def matches(self, silence: AlertSilence, alert: Alert, device: Device) -> bool:
        """Return whether a silence matches this alert, whether or not the silence is active."""
        return (
            (not silence.severities or alert.severity in silence.severities)
            and (not silence.rules or any(fnmatchcase(alert.rule, pattern) for pattern in silence.rules))
            and self._matcher.selects(silence.scope, device)
        )

    def selects(self, scope: Scope, device: Device) -> bool:
        """Return whether a scope selects a device."""
        return self._matcher.selects(scope, device)

    def covers(self, silence: AlertSilence, device: Device, rules: Iterable[Rule]) -> bool:
        """Return whether a silence would match alerts of a device. ``rules`` are the rules that watch the device.

        The severities of the silence are ignored, because only alerts have a severity.
        """
        if not self._matcher.selects(silence.scope, device):
            return False
        return not silence.rules or any(fnmatchcase(rule.id, pattern) for rule in rules for pattern in silence.rules)

    def silenced_by(self, alert: Alert, device: Device) -> tuple[SilencedBy, ...]:
        """Return the active silences that match an alert."""
        active = (each for each in self._silences.values() if each.active)
        return tuple(SilencedBy(each.id, each.note) for each in active if self.matches(each, alert, device))

    def change(self, fact: PutSilence | EndSilence, find: Find) -> tuple[AlertSilence, list[Event]]:
        """Add, replace or end a silence, and update the open alerts that it matches. Return the silence and the events.

        Raises Conflict if there are too many silences. Raises NotFound if the silence to replace or end has already
        ended.
        """
        event = self._put(fact) if isinstance(fact, PutSilence) else self._end(fact)
        self.recheck_all()
        events = [event, *self.turn(fact.at, find)]
        return self._silences.get(event.silence.id, event.silence), events

    def _put(self, fact: PutSilence) -> SilenceChanged:
        before = self._silences.get(fact.silence.id)
        if fact.edit and before is None:
            raise NotFound("The silence has ended.", "Create another one.")
        if before is None and len(self._silences) >= MAX_SILENCES:
            raise Conflict(f"There are {MAX_SILENCES} silences already.", "End one first.")
        silence = replace(fact.silence, active=before.active if before else False)
        self._silences[silence.id] = silence
        return SilenceChanged(silence, fact.at, "edited" if before else "created", fact.by)

    def _end(self, fact: EndSilence) -> SilenceChanged:
        silence = self._silences.pop(fact.silence, None)
        if silence is None:
            raise NotFound(
                f"There is no silence {fact.silence[:64]!r} that has not ended.", "GET /api/silences lists them."
            )
        silence = replace(silence, ends_at=fact.at, active=False, finished=True)
        return SilenceChanged(silence, fact.at, "ended", fact.by)

    def recheck_all(self) -> None:
        """Let the next :meth:`turn` look again which silences match each open alert.

        This is needed after areas or silences have changed.
        """
        self._due = 0

    def turn(self, now: int, find: Find) -> list[Event]:
        """Start and stop silences whose time has come, and update the open alerts. Return the events."""
        if self._turned <= now < self._due:
            return []
        self._turned, events, edges = now, list[Event](), list[int]()
        for silence in list(self._silences.values()):
            if (interval := next_interval(silence, now)) is None:
                del self._silences[silence.id]
                events.append(SilenceChanged(replace(silence, active=False, finished=True), now, "ended"))
                continue
            start, end = interval
            active = start <= now
            if (edge := end if active else start) is not None:
                edges.append(edge)
            if active != silence.active:
                silence = self._silences[silence.id] = replace(silence, active=active)
                events.append(SilenceChanged(silence, now, "started" if active else "stopped"))
        self._due = min(edges, default=1 << 62)
        for alert in list(self._alerts.by_id.values()):
            if (device := find(alert.device)) is not None:
                events += self._recheck(alert, device, now)
        return events

    def recheck(self, device: Device, now: int) -> list[Event]:
        """Look again which silences match the open alerts of a device. Return the changes as events.

        This is needed after the device's labels, area or gateway may have changed.
        """
        events: list[Event] = []
        for alert_id in self._alerts.of_device(device.id):
            events += self._recheck(self._alerts.by_id[alert_id], device, now)
        return events

    def _recheck(self, alert: Alert, device: Device, now: int) -> list[Event]:
        found = self.silenced_by(alert, device)
        if found == alert.silenced_by:
            return []
        notes = "; ".join(each.note for each in found or alert.silenced_by)
        alert = self._alerts.by_id[alert.id] = replace(alert, silenced_by=found)
        return [AlertHandled(alert, now, "silenced" if found else "unsilenced", None, notes)]
