"""Write messages about alerts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from hub import text_format as fmt
from hub.errors import Invalid
from hub.model import Alert, Device, Message, MessageAlert, MessageKind
from hub.notifications.alert_texts import alert_text, limit_text
from hub.notifications.diagnosis_quotes import DiagnosisQuote
from hub.notifications.locales import HUB_LOCALE, MessageLocale
from hub.notifications.templates import DEFAULT_TEMPLATE, MAX_TITLE, MessageTemplate, in_language
from hub.runtime.fault_log import FaultLog
from hub.runtime.translations import notification_text
from hub.text_template import MAX_TEXT, render

faults = FaultLog(logging.getLogger(__name__))

MAX_LISTED = 10
"""Maximum alerts that one message lists."""
MAX_DEFAULT_TEXT = 100_000
"""Maximum characters of a text by the default template. Even with the longest fields, texts are shorter."""
FLAPS = "It is raised and cleared again and again. The next message is sent when its severity rises or it is stable."


class MessageStyle(msgspec.Struct, frozen=True):
    """The template and locale of the messages to a receiver.

    Attributes:
        template: The template of title and text.
        diagnoses: Whether diagnoses are quoted.
        locale: Language, units and time zone.
    """

    template: MessageTemplate = DEFAULT_TEMPLATE
    diagnoses: bool = True
    locale: MessageLocale = HUB_LOCALE


class Compose(Protocol):
    """A function that writes a message about alerts, the most severe alert first."""

    def __call__(self, kind: MessageKind, alerts: Sequence[Alert], now: int, style: MessageStyle) -> Message: ...


class MessageComposer:
    """Writes messages about alerts.

    ``find`` returns a device by its id, ``base_url`` the hub's address for links, and ``rule_names`` the names of all
    rules by id. ``diagnoses`` has the sentence to quote, by alert id.
    """

    def __init__(
        self,
        find: Callable[[str], Device | None],
        base_url: Callable[[], str],
        diagnoses: Mapping[str, DiagnosisQuote | None],
        rule_names: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._find = find
        self._base_url = base_url
        self._diagnoses = diagnoses
        self._rule_names = rule_names

    def __call__(self, kind: MessageKind, alerts: Sequence[Alert], now: int, style: MessageStyle) -> Message:
        """Return a notification message about ``alerts``, which must have the most severe alert first.

        If the template of ``style`` fails, the default template is used, because the message has to be sent.
        """
        try:
            return self.compose(kind, alerts, now, style)
        except Invalid as error:
            faults.error(error.message, "A notification template failed. The default template is used: %s", error)
            return self.compose(kind, alerts, now, replace(style, template=DEFAULT_TEMPLATE))

    def compose(self, kind: MessageKind, alerts: Sequence[Alert], now: int, style: MessageStyle) -> Message:
        """Return a message like :meth:`__call__`, but raise Invalid if the template fails for these alerts."""
        listed = tuple(self.facts(each, quoted=style.diagnoses) for each in alerts[:MAX_LISTED])
        first, more = listed[0], len(alerts) - len(listed)
        url = first.url if len(alerts) == 1 else f"{self.home()}/alerts"
        texts = [alert_text(each, style.locale) for each in alerts[:MAX_LISTED]]
        template = in_language(style.template, style.locale.language)
        limits = [limit_text(each, style.locale) for each in alerts[:MAX_LISTED]]
        quotes = [self._quote(each, style) for each in alerts[:MAX_LISTED]]
        shown = [_fields(kind, *each, style.locale) for each in zip(listed, texts, limits, quotes, strict=True)]
        fields = {
            **shown[0],
            "status": kind,
            "url": url,
            "count": len(alerts),
            "others": len(alerts) - 1,
            "more": more,
            "alerts": shown,
        }
        limit = MAX_DEFAULT_TEXT if style.template == DEFAULT_TEMPLATE else MAX_TEXT
        title = " ".join(render(template.title, fields, limit).split())[:MAX_TITLE]
        return Message(kind, title, render(template.text, fields, limit), first.severity, now, listed, more, url)

    def home(self) -> str:
        """Return the address of the dashboard."""
        return self._base_url().rstrip("/")

    def _quote(self, alert: Alert, style: MessageStyle) -> str | None:
        """Return the sentence to quote from the diagnosis of an alert; None if there is none."""
        quote = self._diagnoses.get(alert.id) if style.diagnoses else None
        return None if quote is None else quote.text(style.locale.language)

    def facts(self, alert: Alert, *, quoted: bool) -> MessageAlert:
        """Return the data of an alert for a message. With ``quoted``, it includes a sentence of the diagnosis."""
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
            diagnosis=quote.sentence if quoted and (quote := self._diagnoses.get(alert.id)) is not None else None,
            url=f"{self.home()}/alerts/{alert.id}",
            rule_name=self._rule_names().get(alert.rule, alert.rule),
            flapping=alert.flapping,
        )


def _fields(
    kind: MessageKind, alert: MessageAlert, text: str, limit: str | None, diagnosis: str | None, locale: MessageLocale
) -> dict[str, str | None]:
    """Return the fields of an alert for templates. A field that the alert does not have is None.

    ``text`` is the message of the alert, ``limit`` its limit, and ``diagnosis`` the sentence that is quoted from its
    diagnosis, all in the language of ``locale``.
    """
    ended_at, name, area = alert.ended_at, alert.device_name, alert.area
    if alert.flapping and kind == "firing":
        text = f"{text}. {notification_text(locale.language, 'flapping', FLAPS)}"
    with fmt.decimal_comma(wanted=locale.language != "en"):
        return {
            "severity": alert.severity,
            "device": name,
            "place": f"{name} ({area})" if area else name,
            "area": area,
            "rule": alert.rule,
            "rule_name": alert.rule_name,
            "metric": alert.metric,
            "message": text,
            "value": None if alert.value is None else locale.quantity(alert.value, alert.unit),
            "limit": limit,
            "since": _local(alert.since, locale.time_zone),
            "duration": None if ended_at is None else fmt.duration(max(ended_at - alert.since, 0)),
            "diagnosis": diagnosis if kind == "firing" else None,
            "url": alert.url,
        }


def _local(ms: int, zone: str | None) -> str:
    """Return a time as text, in the time zone of the hub's machine if ``zone`` is None."""
    moment = datetime.fromtimestamp(ms / 1_000, UTC).astimezone(None if zone is None else ZoneInfo(zone))
    return f"{moment:%Y-%m-%d %H:%M:%S} {fmt.zone_name(moment)}"
