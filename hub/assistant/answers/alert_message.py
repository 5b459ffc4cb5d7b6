"""The message of an alert in the language of the answer."""

from __future__ import annotations

from hub.assistant.answers.context import Context
from hub.model import Alert
from hub.notifications.alert_texts import alert_text
from hub.notifications.locales import MessageLocale


def alert_message(context: Context, alert: Alert) -> str:
    """Return the message of an alert in the language of the question."""
    return alert_text(alert, MessageLocale(context.language.code))
