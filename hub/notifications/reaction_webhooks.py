"""Provide the webhooks of reactions as notification channels, so that calls are signed, retried and recorded."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from hub.errors import HubError
from hub.model import Alert, Message
from hub.model.reaction import Reaction, WebhookAction
from hub.notifications.base import Setting, checked_values
from hub.notifications.messages import MessageComposer
from hub.notifications.settings import NotificationChannel, NotificationConfig
from hub.runtime.secret_files import read_secret_file

log = logging.getLogger(__name__)

KIND = "webhook"


class ReactionWebhooks:
    """Keeps a channel for each reaction with a webhook. :meth:`use` reads the files with the URLs and secrets."""

    def __init__(self, config: NotificationConfig, composer: MessageComposer) -> None:
        self._config = config
        self._composer = composer
        self._problems: dict[str, str] = {}  # by reaction: why its webhook cannot be called

    def use(self, reactions: Iterable[Reaction]) -> None:
        """Use the webhooks of these reactions, and read the files with their URLs and secrets again."""
        channels = []
        self._problems = {}
        for reaction in reactions:
            if isinstance(reaction.action, WebhookAction):
                try:
                    channels.append(_channel(reaction, reaction.action))
                except HubError as error:
                    self._problems[reaction.id] = str(error)
                    log.error("The webhook of the reaction %s cannot be called: %s", reaction.id, error)
        self._config.use_own(tuple(channels))

    def problem(self, reaction: str) -> str | None:
        """Return why the webhook of a reaction cannot be called; None if it can."""
        return self._problems.get(reaction)

    def compose(self, reaction: Reaction, alert: Alert | None, at: int) -> Message:
        """Return the message that a run of the reaction sends. ``alert`` is None if the schedule started the run."""
        if alert is None:
            url = self._composer.home()
            return Message("reaction", reaction.name, "It was started by its schedule.", "info", at, url=url)
        facts = self._composer.facts(alert, quoted=False)
        return Message("reaction", reaction.name, alert.message, alert.severity, at, alerts=(facts,), url=facts.url)


def webhook_channel(reaction: str) -> str:
    """Return the id of the channel of a reaction's webhook."""
    return f"reaction.{reaction}"


def _channel(reaction: Reaction, action: WebhookAction) -> NotificationChannel:
    """Return a notification channel that calls the webhook of a reaction.

    Raises ConfigError or Invalid if the URL or the secret comes from a file, and the file cannot be read or its content
    is not valid.
    """
    url = action.url if action.url_from is None else read_secret_file("webhook.url_from", action.url_from)
    values: dict[str, Setting] = {"url": url or ""}
    if action.secret_from is not None:
        values["secret"] = read_secret_file("webhook.secret_from", action.secret_from)
    channel = NotificationChannel(webhook_channel(reaction.id), KIND, reaction.name, values, shared=False)
    checked_values(channel.type.fields, values)
    channel.type.check(values)
    return channel
