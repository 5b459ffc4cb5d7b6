"""The tools: each public async method is one tool. A model sees the signature and first paragraph of its docstring."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

import msgspec
import numpy as np

from hub.control import descriptor, validate_value
from hub.errors import NotFound
from hub.insight import match_word
from hub.model import Activity, CauseMatch, Device, Evidence, Presence, Quote, SeriesQuery
from hub.registry.reader import DeviceReader
from hub.rules.reader import AlertReader
from hub.store.reader import HistoryReader
from hub.tools.queries import Queries
from hub.tools.trends import Heading
from hub.tools.views import AlertView, Comparison, FleetView, HistoryView, MetricView, Ranked, StateView

Hours = Annotated[float, msgspec.Meta(gt=0, le=720, description="how many hours back from now")]
Few = Annotated[int, msgspec.Meta(ge=1, le=50)]
Examine = Callable[[Device], Awaitable[tuple[list[Evidence], list[CauseMatch]]]]
"""Computes the evidence of a device, and the known faults that the device's behaviour resembles."""
Words = Annotated[str, msgspec.Meta(min_length=2, max_length=200, description="a few words to look for")]
Name = Annotated[str, msgspec.Meta(max_length=128)]


class Tools:
    """The tools of a language model. They raise NotFound for an unknown device. ``now`` returns epoch ms."""

    def __init__(
        self,
        *,
        registry: DeviceReader,
        engine: AlertReader,
        store: HistoryReader,
        now: Callable[[], int],
        examine: Examine,
    ) -> None:
        self.queries = Queries(registry=registry, engine=engine, store=store, now=now)
        self._examine = examine

    async def fleet_summary(self) -> FleetView:
        """Count the devices by presence, severity, area and model, and the open alerts."""
        devices = list(self.queries.registry.devices())
        return FleetView(
            devices=len(devices),
            presence=dict(Counter(d.presence for d in devices)),
            severity=dict(Counter(self.queries.engine.severity(d.id) for d in devices)),
            areas=dict(Counter(d.display_area or "without area" for d in devices).most_common(20)),
            models=dict(Counter(d.info.model or "unknown" for d in devices).most_common(20)),
            open_alerts=len(self.queries.engine.open),
            at=self.queries.now(),
        )

    async def find_devices(
        self,
        query: Name = "",
        area: Name | None = None,
        model: Name | None = None,
        presence: Presence | None = None,
        limit: Few = 20,
    ) -> dict[str, Any]:
        """Find devices by words of their name, id or labels, by area, by model and by presence."""
        found = [d for d in self.queries.lookup.matching(query, area, model) if presence in (None, d.presence)]
        return {"total": len(found), "devices": [self.queries.view(d) for d in found[:limit]]}

    async def device_state(self, device: Name) -> StateView:
        """Return one device now: presence, latest value of each metric with unit, limits and time, and open alerts."""
        found = self.queries.lookup.one(device)
        limits = self.queries.limits(found)
        return StateView(
            device=self.queries.view(found),
            last_seen=found.last_seen,
            metrics=[
                MetricView(name, latest.value, found.unit(name), latest.ts, latest.quality, limits.get(name))
                for name, latest in sorted(found.metrics.items())
            ],
            alerts=[self.queries.alert_view(alert) for alert in self.queries.open_alerts([found.id])],
            at=self.queries.now(),
        )

    async def history(
        self, device: Name, metric: Name, hours: Hours = 2.0, buckets: Annotated[int, msgspec.Meta(ge=2, le=200)] = 24
    ) -> HistoryView:
        """Return one metric of a device over the last hours: minimum, mean and maximum of each bucket; first, last."""
        found = self.queries.lookup.one(device)
        if metric not in found.metrics:
            raise NotFound(f"{found.id} has no metric {metric!r}.", f"It has {', '.join(sorted(found.metrics))}.")
        end = self.queries.now()
        start = end - round(hours * 3_600_000)
        (series,) = await self.queries.store.history([SeriesQuery(found.id, metric, start, end, buckets=buckets)])
        points = [p for p in series.points if len(p) == 5]
        return HistoryView(
            device=found.id,
            name=found.display_name,
            metric=metric,
            unit=found.unit(metric),
            start=start,
            end=end,
            lowest=min((p[1] for p in points), default=None),
            mean=float(np.average([p[2] for p in points], weights=[p[4] for p in points])) if points else None,
            highest=max((p[3] for p in points), default=None),
            first=points[0][2] if points else None,
            last=points[-1][2] if points else None,
            points=points,
        )

    async def rank_devices(
        self,
        metric: Name,
        order: Literal["highest", "lowest"] = "highest",
        query: Name = "",
        area: Name | None = None,
        limit: Few = 10,
    ) -> list[Ranked]:
        """Rank devices by the latest value of a metric (a part of its name suffices), highest or lowest first."""
        return self.queries.ranked(self.queries.lookup.matching(query, area), metric, order)[:limit]

    async def open_alerts(
        self, device: Name | None = None, area: Name | None = None, limit: Few = 20
    ) -> list[AlertView]:
        """List the open alerts, most severe first, each with the cause from its diagnosis."""
        return await self.queries.explained(self.queries.open_alerts(self._ids(device, area))[:limit])

    async def alert_history(
        self, hours: Hours = 24.0, device: Name | None = None, area: Name | None = None, limit: Few = 30
    ) -> list[AlertView]:
        """List the alerts raised in the last hours, newest first, open and cleared, with their diagnosed causes."""
        now = self.queries.now()
        return await self.queries.alerts_between(now - round(hours * 3_600_000), now, self._ids(device, area), limit)

    async def activity(self, hours: Hours = 1.0, device: Name | None = None, limit: Few = 30) -> list[Activity]:
        """List the activity log of the last hours, newest first: discovered, online, offline, alerts, settings."""
        now = self.queries.now()
        return await self.queries.activity_between(now - round(hours * 3_600_000), now, self._ids(device, None), limit)

    async def diagnosis_of(self, device: Name) -> dict[str, Any]:
        """Return why a device has, or last had, an alert: the newest diagnosis with summary, evidence and actions."""
        found = self.queries.lookup.one(device)
        recent = self.queries.open_alerts([found.id]) or await self.queries.store.alerts(device=found.id, limit=5)
        known = await self.queries.diagnoses(recent)
        for alert in recent:
            if alert.id in known:
                view = self.queries.alert_view(alert, known[alert.id])
                return {"alert": view, "diagnosis": known[alert.id]}
        return {"alert": self.queries.alert_view(recent[0]) if recent else None, "diagnosis": None}

    async def evidence(self, device: Name) -> dict[str, Any]:
        """Compute the evidence of a device now: changes and their order, trends to a limit, peers, known faults.

        It works for a device with or without alerts.
        """
        found = self.queries.lookup.one(device)
        findings, causes = await self._examine(found)
        return {
            "device": self.queries.view(found),
            "findings": findings[:16],
            "resembles": [
                {"cause": m.cause, "title": m.title, "match": match_word(m.score), "actions": m.actions}
                for m in causes[:3]
            ],
            "at": self.queries.now(),
        }

    async def compare_with_peers(self, device: Name, hours: Hours = 1.0) -> list[Comparison]:
        """Compare each numeric metric of a device with devices of the same model, as means over the last hours."""
        return await self.queries.comparison(self.queries.lookup.one(device), hours)

    async def approaching_limits(
        self, within_hours: Hours = 6.0, query: Name = "", area: Name | None = None
    ) -> list[Heading]:
        """List metrics that will reach a limit, and raise an alert, if the slope of the last half hour continues."""
        return await self.queries.headings(self.queries.lookup.matching(query, area), within_hours * 3600)

    async def commands_of(self, device: Name) -> dict[str, Any]:
        """List the commands that a device accepts, by name, with type, bounds or values, unit and title."""
        found = self.queries.lookup.one(device)
        keys = ("type", "title", "unit", "minimum", "maximum", "step", "values")
        return {
            "device": self.queries.view(found),
            "commands": {
                name: {key: each[key] for key in keys if key in each} for name, each in found.info.commands.items()
            },
        }

    async def propose_command(self, device: Name, command: Name, value: Any = None) -> dict[str, Any]:
        """Propose a command to the user, who alone can send it. Call commands_of first for its name and values."""
        found = self.queries.lookup.exact(device)
        wants = descriptor(found.info.commands, command)
        return {
            "device": found.id,
            "name": found.display_name,
            "command": command,
            "title": wants.title,
            "value": validate_value(wants, value),
            "unit": wants.unit,
            "sent": False,
        }

    async def search_documents(
        self, words: Words, device: Name | None = None, model: Name | None = None, limit: Few = 4
    ) -> list[Quote]:
        """Search the manuals of a device's model, or of a named model: literal quotes with file and page."""
        of_model = self.queries.lookup.one(device).info.model if device is not None else model
        if of_model is None:
            raise NotFound("Manuals belong to a device model.", "Name a model, or a device that reports its model.")
        return await self.queries.store.library.quotes(words, model=of_model, limit=limit)

    def _ids(self, device: str | None, area: str | None) -> list[str] | None:
        """Return the ids of the devices to which a tool is limited: ``device``, or else the devices in ``area``.

        Return None for all devices if neither is given.
        """
        if device is not None:
            return [self.queries.lookup.one(device).id]
        return None if area is None else [d.id for d in self.queries.lookup.matching("", area)]
