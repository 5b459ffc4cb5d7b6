"""Store which causes of alerts people have confirmed, and how they fixed them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from hub.errors import Invalid, NotFound
from hub.insight import Signature
from hub.insight.device_semantics import device_semantics
from hub.insight.terms import Term
from hub.model import ConfirmCause, ConfirmedCause, Input
from hub.registry.reader import DeviceReader
from hub.services.alerts import Alerts, ExplainedAlert


class ConfirmedCauses:
    """Stores the causes of alerts that people have confirmed. Methods raise NotFound for an unknown alert."""

    def __init__(
        self,
        *,
        alerts: Alerts,
        registry: DeviceReader,
        submit: Callable[[Input], Awaitable[Any]],
        signatures: Callable[[], Sequence[Signature]],
        now: Callable[[], int],
    ) -> None:
        self._alerts = alerts
        self._registry = registry
        self._submit = submit
        self._signatures = signatures
        self._now = now

    async def choices(self, alert_id: str) -> list[Term]:
        """Return the known causes from which a person can choose the cause of an alert.

        The causes in the diagnosis come first. All other causes for the device's kind of machine follow, sorted by
        title.
        """
        found = await self._alerts.get(alert_id)
        device = self._registry.require(found.alert.device)
        kinds = device_semantics(device, self._registry.corrected.of_model(device)).kinds
        possible = [each for each in self._signatures() if not each.kinds or kinds.intersection(each.kinds)]
        others = {each.cause: each.title for each in sorted(possible, key=lambda each: each.title.casefold())}
        return [Term(cause, title) for cause, title in (_of_diagnosis(found) | others).items()]

    async def confirm(
        self, alert_id: str, *, cause: str | None, title: str | None, fix: str | None, by: str
    ) -> ExplainedAlert:
        """Store the cause of an open or cleared alert, in place of an earlier confirmed cause.

        Args:
            alert_id: The alert.
            cause: Id of a known cause.
            title: The cause in the person's own words, if it is not a known cause.
            fix: How the cause was fixed.
            by: Name of the person.

        Raises Invalid for an unknown cause, and unless exactly one of ``cause`` and ``title`` is given.
        """
        found = await self._alerts.get(alert_id)
        if (cause is None) == (title is None):
            raise Invalid("Give either cause or title.", "cause is the id of a known cause, title a cause in words.")
        if cause is not None:
            known = {each.cause: each.title for each in self._signatures()} | _of_diagnosis(found)
            if cause not in known:
                hint = f"GET /api/alerts/{found.alert.id}/causes lists those to choose from; or give a title in words."
                raise Invalid(f"There is no known cause {cause[:64]!r}.", hint)
            title = known[cause]
        return await self._change(alert_id, ConfirmedCause(title or "", by, self._now(), cause, fix), by)

    async def withdraw(self, alert_id: str, *, by: str) -> ExplainedAlert:
        """Remove the confirmed cause of an alert. If the alert has none, nothing happens."""
        found = await self._alerts.get(alert_id)
        return found if found.alert.confirmed is None else await self._change(alert_id, None, by)

    async def _change(self, alert_id: str, confirmed: ConfirmedCause | None, by: str) -> ExplainedAlert:
        alert = await self._alerts.as_stored(alert_id)
        try:
            changed = await self._submit(ConfirmCause(alert, confirmed, by, self._now()))
        except NotFound:  # it has cleared since it was read, or its device was deleted
            alert = await self._alerts.as_stored(alert_id)
            changed = await self._submit(ConfirmCause(alert, confirmed, by, self._now()))
        return (await self._alerts.explain([changed]))[0]


def _of_diagnosis(found: ExplainedAlert) -> dict[str, str]:
    """Return the causes in the diagnosis of an alert, as a mapping from id to title, the best match first."""
    causes = found.diagnosis.causes if found.diagnosis else ()
    return {each.cause: each.title for each in sorted(causes, key=lambda each: -each.score)}
