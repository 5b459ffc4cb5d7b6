"""Build the reactions and the services through which they send commands, MQTT messages and webhooks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from hub.model import Input
from hub.model.reaction import Reaction
from hub.notifications.reaction_webhooks import ReactionWebhooks, webhook_channel
from hub.notifications.service import Notifications
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.runtime.clock import now_ms
from hub.services.audit_log import AuditLog
from hub.services.commands import Commands
from hub.services.reaction_publisher import ReactionBroker
from hub.services.reaction_runner import ReactionRunner, WebhookOutbox
from hub.services.reactions import Reactions
from hub.store.base import Store


def build_reactions(
    definitions: Sequence[Reaction],
    *,
    store: Store,
    bus: Bus,
    engine: Engine,
    registry: DeviceRegistry,
    notifications: Notifications,
    submit: Callable[[Input], Awaitable[Any]],
    audit: AuditLog,
    broker: ReactionBroker,
    allowed: bool = True,
) -> Reactions:
    """Return the reactions. They act with the rights of the hub, not with those of the person who wrote them.

    If ``allowed`` is False, all reactions are switched off.
    """
    webhooks = ReactionWebhooks(notifications.config, notifications.composer)
    outbox = WebhookOutbox(webhook_channel, webhooks.compose, webhooks.problem, notifications.wake_channel)
    runner = ReactionRunner(
        store=store,
        commands=Commands(registry=registry, store=store, submit=submit, now=now_ms),
        audit=audit,
        submit=submit,
        outbox=outbox,
        publish=broker.publish,
        find=registry.get,
        now=now_ms,
    )
    return Reactions(
        definitions,
        store=store.reactions,
        runner=runner,
        bus=bus,
        registry=registry,
        selects=engine.matcher.selects,
        open_alerts=lambda: engine.open,
        allowed=allowed,
        read_by=broker.read_by,
        on_change=webhooks.use,
        now=now_ms,
    )
