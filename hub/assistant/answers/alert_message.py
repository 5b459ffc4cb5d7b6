"""Translate the message of an alert, and the name of its cause, to the language of the answer."""

from __future__ import annotations

from hub import text_format as fmt
from hub.assistant.answers.context import Context
from hub.insight.signature import built_in_title
from hub.model import Alert
from hub.notifications.alert_texts import alert_text
from hub.notifications.locales import MessageLocale
from hub.runtime.translations import cause_names


def alert_message(context: Context, alert: Alert) -> str:
    """Return the message of an alert in the language of the question."""
    return alert_text(alert, MessageLocale(context.language.code))


def cause_name(context: Context, cause: str) -> str:
    """Return the name of a cause in the language of the question, or its id for a cause that the user has defined."""
    title = built_in_title(cause)
    if title is None:
        return fmt.spoken(cause)
    known = cause_names(context.language.code)
    return fmt.in_sentence(title) if known is None else known.titles[title]
