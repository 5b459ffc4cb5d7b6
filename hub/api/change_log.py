"""Write users' changes of settings and devices to the activity log and the audit log."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.api.audit_draft import note
from hub.api.field_changes import field_changes
from hub.errors import HubError
from hub.insight.terms import machine_kind_terms, places, quantities, roles
from hub.model import CalculatedMetric, Device, FieldChange, Input, LogChange, Mapping, MetricOverride, Rule
from hub.model.reaction import Reaction, WebhookAction
from hub.reactions import masked_url

log = logging.getLogger(__name__)

MAX_TEXT = 300
MAX_NAMED = 5
CHANGE_KEYS = frozenset(
    (
        *("device.name", "device.area", "device.labels", "device.kinds", "device.desired"),
        *("area.added", "area.changed", "area.removed"),
        *("metric.reset", "metric.hidden", "metric.shown", "metric.title", "metric.unit", "metric.semantics"),
        *("rules.added", "rules.changed", "rules.removed", "rules.unchanged"),
        *("reactions.added", "reactions.changed", "reactions.removed", "reactions.unchanged"),
        *("reactions.on", "reactions.off", "reactions.paused", "reactions.resumed"),
        *("mappings.added", "mappings.changed", "mappings.removed", "mappings.unchanged"),
        *("people.invited", "people.role", "people.disabled", "people.enabled", "people.removed", "people.link"),
        *("people.limited", "people.renamed", "people.withdrawn"),
        *("people.accepted", "people.password", "people.token", "people.token_revoked"),
        *("people.passkey", "people.passkey_removed", "people.passkey_copied", "people.connected"),
        *("enrolment.key", "enrolment.key_revoked", "enrolment.used"),
        *("credential.issued", "credential.revoked", "models.roles", "models.saved", "models.reset"),
        *("notifications.channel", "notifications.channel_removed", "notifications.routes", "notifications.settings"),
        "notifications.reports",
    )
)
"""All keys that a :class:`Change` may have."""


class Change(msgspec.Struct, frozen=True):
    """One thing that a person changed.

    Attributes:
        key: Kind of the change, one of :data:`CHANGE_KEYS`.
        text: The change in words: a verb in the past tense and its object.
        params: The values in the text, unformatted.
        object: For the audit log: the id of the changed object, if the path of the request does not contain it.
        fields: For the audit log: the fields that have changed.
    """

    key: str
    text: str
    params: dict[str, Any] = {}
    object: str = ""
    fields: tuple[FieldChange, ...] = ()


class ChangeLog:
    """Writes changes to the activity log and the audit log.

    If an entry cannot be written, that is only logged, because the change itself is already made.
    """

    def __init__(self, submit: Callable[[Input], Awaitable[Any]], now: Callable[[], int]) -> None:
        self._submit = submit
        self._now = now

    async def write(self, by: str, *changes: Change, device: str | None = None) -> None:
        """Write one entry of the activity log about all ``changes``, which the person ``by`` made together.

        ``device`` is the id of the device that was changed, if it was one.
        """
        for change in changes:
            note(change.text, object=change.object, changes=change.fields)
        text = "; ".join(change.text for change in changes)
        params = {"by": by, "changes": [{"key": change.key, **change.params} for change in changes]}
        try:
            await self._submit(LogChange(f"{by} {text}"[:MAX_TEXT], self._now(), device, params))
        except HubError as error:
            log.warning("A change was made but could not be logged as activity: %s (%s).", text[:100], error.message)


class DeviceBefore(msgspec.Struct, frozen=True):
    """The fields of a device that users can edit, before an edit."""

    name: str
    area: str | None
    area_id: str | None
    labels: tuple[str, ...]
    metrics: dict[str, MetricOverride]
    kinds: tuple[str, ...] | None

    @classmethod
    def of(cls, device: Device) -> DeviceBefore:
        """Copy the fields from the device as it is now."""
        return cls(
            device.display_name,
            device.display_area,
            device.area_id,
            device.display_labels,
            dict(device.metric_edits),
            device.kinds,
        )


def device_changes(before: DeviceBefore, device: Device) -> list[Change]:
    """Return what changed in a device: its present fields compared with ``before``."""
    after, name = DeviceBefore.of(device), device.display_name
    found = []
    if after.name != before.name:
        params = {"before": before.name, "name": after.name}
        found.append(Change("device.name", f"renamed {before.name} to {after.name}", params))
    if (after.area, after.area_id) != (before.area, before.area_id):
        text = f"set the area of {name} to {after.area}" if after.area else f"removed the area of {name}"
        found.append(Change("device.area", text, {"name": name, "area": after.area}))
    if after.labels != before.labels:
        labels = ", ".join(after.labels)
        text = f"set the labels of {name} to {labels}" if labels else f"removed the labels of {name}"
        found.append(Change("device.labels", text, {"name": name, "labels": after.labels}))
    if after.kinds != before.kinds:
        found.append(_kinds_change(after.kinds, name))
    for metric in dict.fromkeys((*before.metrics, *after.metrics)):
        was, now = before.metrics.get(metric, MetricOverride()), after.metrics.get(metric, MetricOverride())
        if was != now:
            found.append(_metric_change(was, now, name, device.describe(metric).title))
    return found


def _kinds_change(kinds: tuple[str, ...] | None, name: str) -> Change:
    if kinds is None:
        text = f"reset the machine type of {name}"
    else:
        titles = [term.title for term in machine_kind_terms() if term.id in kinds]
        text = f"set the machine type of {name} to {', '.join(titles) or 'none of the known ones'}"
    return Change("device.kinds", text, {"name": name, "kinds": kinds})


def _metric_change(was: MetricOverride, now: MetricOverride, name: str, title: str) -> Change:
    params = {"name": name, "title": title}
    if now == MetricOverride():
        return Change("metric.reset", f"reset the metric {title} of {name}", params)
    if now.hidden != was.hidden:
        key, verb = ("metric.hidden", "hid") if now.hidden else ("metric.shown", "showed")
        return Change(key, f"{verb} the metric {title} of {name}", params)
    if (was.quantity, was.places, was.role) != (now.quantity, now.places, now.role):
        meant = {"quantity": now.quantity, "places": now.places, "role": now.role}
        text = (
            f"set what {title} of {name} measures"
            if now.corrects_semantics
            else f"reset what {title} of {name} measures"
        )
        return Change("metric.semantics", text + _meaning(now), {**params, **meant})
    if now.title != was.title:
        return Change("metric.title", f"renamed a metric to {title} of {name}", params)
    text = f"set the unit of {title} to {now.unit}" if now.unit else f"reset the unit of {title}"
    return Change("metric.unit", f"{text} of {name}", {**params, "unit": now.unit})


def _meaning(edit: MetricOverride) -> str:
    """Return what the person said that a metric measures, such as ``" to Temperature"``; empty if nothing was set.

    The result ends a sentence of the activity log, so it begins with a space.
    """
    chosen = {each for each in (edit.quantity, *(edit.places or ()), edit.role) if each}
    titles = [term.title for known in (quantities(), places(), roles()) for term in known if term.id in chosen]
    return f" to {', '.join(titles)}" if titles else ""


def rule_changes(before: Sequence[Rule], after: Sequence[Rule]) -> list[Change]:
    """Return up to three changes: the added, the changed and the removed rules.

    If the rules are equal, for example because only a comment was edited, return one change that says so.
    """
    old, new = ({rule.id: rule for rule in rules} for rules in (before, after))
    names = {rule.id: rule.name for rule in (*before, *after)}
    nothing = Change("rules.unchanged", "edited rules.toml, no rule changed")
    return _entries("rules", "rule", old, new, names) or [nothing]


def calculated_changes(before: Sequence[CalculatedMetric], after: Sequence[CalculatedMetric]) -> list[Change]:
    """Return what changed in the calculated metrics."""
    old, new = ({each.id: each for each in metrics} for metrics in (before, after))
    names = {each.id: each.name for each in (*before, *after)}
    nothing = Change("calculated.unchanged", "edited calculated.toml, no metric changed")
    return _entries("calculated", "calculated metric", old, new, names) or [nothing]


def reaction_changes(before: Sequence[Reaction], after: Sequence[Reaction]) -> list[Change]:
    """Return what changed in the reactions. The addresses of webhooks are left out: they may contain secrets."""
    old, new = ({each.id: _public(each) for each in reactions} for reactions in (before, after))
    names = {each.id: each.name for each in (*before, *after)}
    nothing = Change("reactions.unchanged", "edited reactions.toml, no reaction changed")
    return _entries("reactions", "reaction", old, new, names) or [nothing]


def _public(reaction: Reaction) -> Reaction:
    action = reaction.action
    if not isinstance(action, WebhookAction) or action.url is None:
        return reaction
    digest = hashlib.sha256(action.url.encode()).hexdigest()[:8]
    return replace(reaction, action=replace(action, url=f"{masked_url(action.url)} ({digest})"))


def mapping_changes(before: Sequence[Mapping], after: Sequence[Mapping]) -> list[Change]:
    """Return what changed in the mappings."""
    old, new = ({mapping.topic: mapping for mapping in mappings} for mappings in (before, after))
    nothing = Change("mappings.unchanged", "edited mappings.toml, no mapping changed")
    return _entries("mappings", "mapping of", old, new, {}) or [nothing]


def _entries(group: str, noun: str, old: dict[str, Any], new: dict[str, Any], titles: dict[str, str]) -> list[Change]:
    """Compare two versions of a table, and return up to three changes: the added, changed and removed entries.

    Args:
        group: The first part of the changes' keys, before ``.added``, ``.changed`` or ``.removed``.
        noun: The word for an entry in the English text, such as ``rule``.
        old: The entries before the change, by id.
        new: The entries after the change, by id.
        titles: The names of entries by id. For an entry without a name, the text has the id.
    """
    verbs = (
        ("added", [each for each in new if each not in old]),
        ("changed", [each for each in new if each in old and old[each] != new[each]]),
        ("removed", [each for each in old if each not in new]),
    )
    found = []
    for verb, ids in verbs:
        if ids:
            names = [titles.get(each, each) for each in ids]
            params = {"names": names[:MAX_NAMED], "count": len(names)}
            was, now = ({each: table[each] for each in ids if each in table} for table in (old, new))
            text = f"{verb} the {noun} {_named(names)}"
            found.append(Change(f"{group}.{verb}", text, params, ", ".join(ids[:MAX_NAMED]), field_changes(was, now)))
    return found


def _named(names: list[str]) -> str:
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
