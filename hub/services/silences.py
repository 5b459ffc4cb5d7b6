"""Silences of alerts, once or in weekly maintenance windows. They are changed through the ingest queue only."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

from msgspec.structs import replace

from hub.accounts.profile import check_time_zone
from hub.errors import Invalid, NotFound
from hub.model import Alert, AlertSilence, Device, EndSilence, Input, PutSilence
from hub.services.alert_handling import MAX_AHEAD_MS
from hub.services.alerts import Alerts, ExplainedAlert
from hub.store.base import Store

Matches = Callable[[AlertSilence, Alert, Device], bool]


class SilencedNow(NamedTuple):
    """The devices and open alerts that a silence would match now.

    Attributes:
        devices: The number of devices whose alerts it would silence, with or without an open alert. With rules, only
            devices that one of these rules watches.
        open_alerts: The number of open alerts.
        newest: The newest of these alerts.
    """

    devices: int
    open_alerts: int
    newest: list[ExplainedAlert]


class Silences:
    """Lists, creates, changes and ends silences, and counts the alerts that they match."""

    def __init__(
        self,
        *,
        store: Store,
        alerts: Alerts,
        matches: Matches,
        covers: Callable[[AlertSilence, Device], bool],
        find: Callable[[str], Device | None],
        devices: Callable[[], Iterable[Device]],
        submit: Callable[[Input], Awaitable[Any]],
        now: Callable[[], int],
    ) -> None:
        self._store = store
        self._alerts = alerts
        self._matches = matches
        self._covers = covers
        self._find = find
        self._devices = devices
        self._submit = submit
        self._now = now

    async def all(self) -> list[AlertSilence]:
        """Return all silences: first those that have not ended, then the ended ones, each group newest first."""
        return await self._store.silences()

    async def get(self, silence_id: str) -> AlertSilence:
        """Return a silence. Raises NotFound."""
        found = next((each for each in await self.all() if each.id == silence_id), None)
        if found is None:
            raise NotFound(f"There is no silence {silence_id[:64]!r}.", "GET /api/silences lists them.")
        return found

    async def create(self, wanted: AlertSilence, *, by: str) -> AlertSilence:
        """Store a new silence and return it with its id, author and time of creation, which are set here.

        Raises Invalid or Conflict.
        """
        now = self._now()
        silence = replace(wanted, id="s" + secrets.token_hex(8), by=by, at=now)
        self._check(silence, now)
        created: AlertSilence = await self._submit(PutSilence(silence, by, now))
        return created

    async def edit(self, silence_id: str, wanted: AlertSilence, *, by: str) -> AlertSilence:
        """Replace a silence but keep its author.

        Raises Invalid, or NotFound if the silence does not exist or has ended.
        """
        now, before = self._now(), await self.get(silence_id)
        silence = replace(wanted, id=before.id, by=before.by, at=before.at)
        self._check(silence, now)
        edited: AlertSilence = await self._submit(PutSilence(silence, by, now, edit=True))
        return edited

    async def end(self, silence_id: str, *, by: str) -> AlertSilence:
        """End a silence now. Raises NotFound if it does not exist or has ended."""
        ended: AlertSilence = await self._submit(EndSilence(silence_id, by, self._now()))
        return ended

    def count(self, silence: AlertSilence) -> int:
        """Return how many open alerts a silence matches, whether or not it is active."""
        return 0 if silence.finished else len(self._matched(silence))

    async def preview(self, wanted: AlertSilence, limit: int) -> SilencedNow:
        """Return how many devices and open alerts a silence would match now, with the newest ``limit`` alerts."""
        self._check_matchers(wanted)
        found = self._matched(wanted)
        devices = sum(self._covers(wanted, device) for device in self._devices())
        return SilencedNow(devices, len(found), await self._alerts.explain(found[:limit]))

    def _matched(self, silence: AlertSilence) -> list[Alert]:
        devices = ((alert, self._find(alert.device)) for alert in self._alerts.open_now())
        return [alert for alert, device in devices if device is not None and self._matches(silence, alert, device)]

    def _check(self, silence: AlertSilence, now: int) -> None:
        self._check_matchers(silence)
        if silence.ends_at is None and silence.weekly is None:
            raise Invalid("ends_at is missing.", "Only a silence with weekly windows may have no end.")
        if not silence.starts_at <= now + MAX_AHEAD_MS:
            raise Invalid("starts_at is too far ahead.", "Allowed: within the next 366 days.")
        if silence.ends_at is not None and silence.ends_at <= max(now, silence.starts_at):
            raise Invalid("ends_at is not after starts_at and now.", "Allowed: a later time, in epoch ms.")
        if silence.weekly is None and (silence.ends_at or 0) > max(now, silence.starts_at) + MAX_AHEAD_MS:
            raise Invalid("ends_at is too far ahead.", "Allowed: at most 366 days after starts_at.")
        if silence.weekly is not None:
            check_time_zone(silence.weekly.zone)

    def _check_matchers(self, silence: AlertSilence) -> None:
        if not any((*_lists(silence), silence.rules, silence.severities)):
            raise Invalid(
                "The silence has no matcher.", 'Give devices, areas or others; "*" in devices is all devices.'
            )


def _lists(silence: AlertSilence) -> tuple[tuple[str, ...], ...]:
    """Return the five lists of a silence's scope: devices, models, labels, areas and gateways."""
    scope = silence.scope
    return scope.devices, scope.models, scope.labels, scope.areas, scope.via
