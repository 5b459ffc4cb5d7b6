"""Write messages about alerts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from hub import text_format as fmt
from hub.model import Alert, Device, Message, MessageAlert, MessageKind

MAX_LISTED = 10
"""Alerts that a message lists."""
_SENTENCE = re.compile(r"(?<=[.!?])\s")


class MessageComposer:
    """Writes messages. ``base_url`` returns the hub's address in links; ``diagnoses`` has first sentences by alert."""

    def __init__(
        self, find: Callable[[str], Device | None], base_url: Callable[[], str], diagnoses: Mapping[str, str]
    ) -> None:
        self._find = find
        self._base_url = base_url
        self._diagnoses = diagnoses

    def __call__(self, kind: MessageKind, alerts: Sequence[Alert], now: int, *, group: str, diagnoses: bool) -> Message:
        """Return a message about these alerts, the most severe first; without ``diagnoses`` it quotes none."""
        listed = tuple(self.facts(each, quoted=diagnoses) for each in alerts[:MAX_LISTED])
        first, more = listed[0], len(alerts) - len(listed)
        title = _title(kind, first, len(alerts))
        parts = [_paragraph(kind, each) for each in listed]
        if more:
            parts.append(f"And {more} more.")
        url = first.url if len(alerts) == 1 else f"{self.home()}/alerts"
        return Message(kind, title, "\n\n".join(parts), first.severity, now, listed, more, url)

    def home(self) -> str:
        """Return the address of the dashboard."""
        return self._base_url().rstrip("/")

    def facts(self, alert: Alert, *, quoted: bool) -> MessageAlert:
        """Return what a message says of an alert; with ``quoted`` the first sentence of its diagnosis."""
        device = self._find(alert.device)
        return MessageAlert(
            id=alert.id,
            rule=alert.rule,
            device=alert.device,
            device_name=device.display_name if device is not None else alert.device,
            area=device.display_area if device is not None else None,
            metric=alert.metric,
            severity=alert.severity,
            message=alert.message,
            value=alert.value,
            threshold=alert.threshold,
            unit=alert.unit,
            since=alert.since,
            ended_at=alert.ended_at,
            diagnosis=self._diagnoses.get(alert.id) if quoted else None,
            url=f"{self.home()}/alerts/{alert.id}",
        )


def first_sentence(text: str) -> str:
    """Return the first sentence of a text."""
    return _SENTENCE.split(text.strip(), maxsplit=1)[0][:500]


def _title(kind: MessageKind, first: MessageAlert, count: int) -> str:
    status = "Resolved" if kind == "resolved" else first.severity.capitalize()
    more = f" and {count - 1} more" if count > 1 else ""
    return f"{status}: {first.device_name}{more}"


def _paragraph(kind: MessageKind, alert: MessageAlert) -> str:
    place = f"{alert.device_name} ({alert.area})" if alert.area else alert.device_name
    lines = [f"{place}: {alert.message}", f"Since {_local(alert.since)}"]
    if kind == "resolved" and alert.ended_at is not None:
        lines[1] += f", resolved after {fmt.duration(max(alert.ended_at - alert.since, 0))}"
    elif alert.diagnosis:
        lines.append(alert.diagnosis)
    return "\n".join(lines)


def _local(ms: int) -> str:
    """Return a time on the clock of the hub's machine."""
    return f"{datetime.fromtimestamp(ms / 1_000, UTC).astimezone():%Y-%m-%d %H:%M:%S %Z}"
