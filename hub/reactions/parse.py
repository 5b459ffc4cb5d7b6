"""Parse ``reactions.toml``. Each error names the line, the reaction, the key and its value, and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any, TypeVar

from hub.errors import ConfigError, Invalid
from hub.model import SEVERITIES, Scope
from hub.model.reaction import AlertTrigger, CommandAction, PublishAction, Reaction, RunLimits, WebhookAction
from hub.reactions.condition import leaves, read_reaction_condition
from hub.reactions.lines import line_of
from hub.reactions.parse_publish import read_publish
from hub.reactions.schedule import read_times
from hub.rules.fields import (
    InvalidField,
    read_duration,
    read_number,
    read_scope,
    read_tables,
    read_text,
    read_texts,
    shortened,
)
from hub.server_urls import check_url

FILE = "reactions.toml"
MAX_REACTIONS = 200
MAX_TARGETS = 200
"""Maximum value of ``max_devices`` in a reaction."""
MAX_PER_MINUTE = 60_000
MAX_GRACE_MS = 3_600_000
_SCOPE = tuple(Scope.__struct_fields__)
_KEYS = (
    "id",
    "name",
    "enabled",
    "mode",
    "grace",
    "alert",
    "schedule",
    "condition",
    "command",
    "webhook",
    "publish",
    "limit",
)
_ACTIONS = ("command", "webhook", "publish")
_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}")
_STEPS = ("raised", "cleared", "acknowledged")

T = TypeVar("T")


def parse(text: str) -> list[Reaction]:
    """Return all reactions of a file, in the order of the file. Raises ConfigError if one of them is invalid."""
    found, faults = parse_usable(text)
    if faults:
        raise faults[0]
    return found


def parse_usable(text: str) -> tuple[list[Reaction], list[ConfigError]]:
    """Return the valid reactions, and the errors of the others. Raises ConfigError if the text is unusable."""
    tables = read_tables(text, "reaction", FILE, MAX_REACTIONS)
    found: dict[str, Reaction] = {}
    faults: list[ConfigError] = []
    for index, table in enumerate(tables, 1):
        try:
            reaction = _reaction(table)
            if reaction.id in found:
                raise InvalidField("id", reaction.id, "an id that no other reaction has")
        except InvalidField as error:
            line = line_of(text, index, error.key, error.path)
            name = shortened(table["id"]) if "id" in table else str(index)
            where = f"line {line}, " if line else ""
            within = f"condition {'.'.join(str(place + 1) for place in error.path)}: " if error.path else ""
            faults.append(ConfigError(f"{FILE}, {where}reaction {name}: {within}{error.problem}", error.hint))
            continue
        found[reaction.id] = reaction
    return list(found.values()), faults


def _reaction(table: dict[str, Any]) -> Reaction:
    _only(table, _KEYS)
    name = table.get("id")
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise InvalidField("id", name, "1 to 64 letters, digits, dots, dashes or underscores")
    mode = table.get("mode", "live")
    if mode not in ("live", "dry_run"):
        raise InvalidField("mode", mode, '"live" or "dry_run"')
    if ("alert" in table) == ("schedule" in table):
        raise InvalidField("alert", table.get("alert"), "just one of [reaction.alert] and [reaction.schedule]")
    if sum(action in table for action in _ACTIONS) != 1:
        allowed = "just one of the tables [reaction.command], [reaction.webhook] and [reaction.publish]"
        raise InvalidField("command", table.get("command"), allowed)
    grace = read_duration(table.get("grace", 60), "grace")
    if grace > MAX_GRACE_MS:
        raise InvalidField("grace", table["grace"], '"0s" to "1h"')
    reaction = Reaction(
        id=name,
        name=read_text(table.get("name", name), "name", "a text that is not empty"),
        enabled=_flag(table, "enabled", default=True),
        mode="dry_run" if mode == "dry_run" else "live",
        grace_ms=grace,
        alert=_within("alert", table, _read_alert),
        schedule=_within("schedule", table, _read_schedule) or (),
        condition=_within("condition", table, read_reaction_condition),
        action=_read_action(table),
        limits=_within("limit", table, _read_limits) or RunLimits(),
    )
    _check_devices(reaction, table)
    return reaction


def _read_action(table: dict[str, Any]) -> CommandAction | WebhookAction | PublishAction:
    command = _within("command", table, _read_command)
    if command is not None:
        return command
    return _within("publish", table, read_publish) or _within("webhook", table, _read_webhook) or WebhookAction()


def _check_devices(reaction: Reaction, table: dict[str, Any]) -> None:
    """Raise InvalidField if a reaction with a schedule does not name the device of its action or its conditions."""
    if reaction.alert is not None:
        return
    action = reaction.action
    if isinstance(action, CommandAction):
        if action.device is None and action.scope is None:
            text = f"a device, or some of {', '.join(_SCOPE)}: a schedule has no alert whose device could get it"
            raise InvalidField("command.device", None, text)
    elif reaction.condition is not None and any(each.device is None for each in leaves(reaction.condition)):
        raise InvalidField("condition.device", None, "the id of a device for each condition: a schedule has no alert")


def _within(section: str, table: dict[str, Any], read: Callable[[dict[str, Any]], T]) -> T | None:
    """Return the result of ``read`` for the table ``section`` of a reaction; None if there is no such table.

    If ``read`` raises InvalidField, the key in the error is prefixed with ``section``.
    """
    if section not in table:
        return None
    inner = table[section]
    if not isinstance(inner, dict):
        raise InvalidField(section, inner, f"a table [reaction.{section}]")
    try:
        return read(inner)
    except InvalidField as error:
        if not error.path:
            error.problem = f"{section}.{error.problem}"
        error.key = f"{section}.{error.key}"
        raise


def _read_alert(table: dict[str, Any]) -> AlertTrigger:
    _only(table, ("step", "rules", "severities", "for", *_SCOPE))
    step = table.get("step", "raised")
    if step not in _STEPS:
        raise InvalidField("step", step, ", ".join(_STEPS))
    severities = read_texts(table.get("severities", []), "severities")
    if unknown := [each for each in severities if each not in SEVERITIES[1:]]:
        raise InvalidField("severities", unknown[0], f"a list of {', '.join(SEVERITIES[1:])}")
    return AlertTrigger(
        step=step,
        rules=read_texts(table.get("rules", []), "rules"),
        severities=tuple(each for each in SEVERITIES if each in severities),
        scope=read_scope(table),
        for_ms=read_duration(table.get("for", 0), "for"),
    )


def _read_schedule(table: dict[str, Any]) -> Any:
    _only(table, ("times", "time_zone"))
    return read_times(table.get("times"), table.get("time_zone"))


def _read_command(table: dict[str, Any]) -> CommandAction:
    _only(table, ("name", "value", "device", "max_devices", *_SCOPE))
    scope = read_scope(table)
    device = read_text(table["device"], "device", "the id of a device") if "device" in table else None
    if device is not None and scope != Scope():
        raise InvalidField("device", device, f"either device, or some of {', '.join(_SCOPE)}")
    most = table.get("max_devices", CommandAction("").max_devices)
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= MAX_TARGETS:
        raise InvalidField("max_devices", most, f"a whole number from 1 to {MAX_TARGETS}")
    return CommandAction(
        name=read_text(table.get("name"), "name", "the name of a command, as the device announces it"),
        value=table.get("value"),
        device=device,
        scope=None if scope == Scope() else scope,
        max_devices=most,
    )


def _read_webhook(table: dict[str, Any]) -> WebhookAction:
    _only(table, ("url", "url_from", "secret_from"))
    if ("url" in table) == ("url_from" in table):
        raise InvalidField("url", table.get("url"), "just one of url and url_from")
    url = table.get("url")
    if url is not None:
        _check_url(url)
    files = {
        key: read_text(table[key], key, "the path of a file") for key in ("url_from", "secret_from") if key in table
    }
    return WebhookAction(url, files.get("url_from"), files.get("secret_from"))


def _check_url(url: Any) -> None:
    """Raise InvalidField for a URL that webhooks may not call."""
    allowed = "https://… or http://… with a host"
    if not isinstance(url, str) or len(url) > 2_048 or not url.isprintable() or " " in url:
        raise InvalidField("url", url, allowed)
    try:
        check_url("url", url)
    except Invalid as error:
        raise InvalidField("url", url, f"{allowed} ({error.message})") from None


def _read_limits(table: dict[str, Any]) -> RunLimits:
    _only(table, ("per_minute", "burst", "device_per_minute", "loop_runs", "loop_within"))
    default = RunLimits()
    rates = {}
    for key in ("per_minute", "device_per_minute"):
        rates[key] = read_number(table.get(key, getattr(default, key)), key)
        if not 0.001 <= rates[key] <= MAX_PER_MINUTE:
            raise InvalidField(key, table[key], f"a number from 0.001 to {MAX_PER_MINUTE}")
    counts = {}
    for key, most in (("burst", 1_000), ("loop_runs", 100)):
        counts[key] = table.get(key, getattr(default, key))
        if isinstance(counts[key], bool) or not isinstance(counts[key], int) or not 1 <= counts[key] <= most:
            raise InvalidField(key, counts[key], f"a whole number from 1 to {most}")
    within = read_duration(table.get("loop_within", default.loop_within_ms // 1_000), "loop_within")
    if not 1_000 <= within <= 86_400_000:
        raise InvalidField("loop_within", table["loop_within"], '"1s" to "24h"')
    return RunLimits(rates["per_minute"], counts["burst"], rates["device_per_minute"], counts["loop_runs"], within)


def _flag(table: dict[str, Any], key: str, *, default: bool) -> bool:
    value = table.get(key, default)
    if not isinstance(value, bool):
        raise InvalidField(key, value, "true or false")
    return value


def _only(table: dict[str, Any], keys: Collection[str]) -> None:
    for key in table:
        if key not in keys:
            raise InvalidField(key, table[key], f"only {', '.join(keys)}")
