"""Try a drafted reaction on the history: find when it would have run, and why it would not have run at other times.

Nothing is stored or sent. A trial uses the code of the running hub (agenda, decider and limits). Its inputs are the
steps of stored alerts, the past times of the schedule, and the values that the history has for these times. Only the
devices, areas and labels are the current ones.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import msgspec
from msgspec.structs import replace

from hub.model import Alert, AlertEntry, Device, FleetLimits, Quality, Value
from hub.model.reaction import CommandAction, Reaction, ReactionRun, RunOutcome
from hub.reactions import Agenda, Decider, Occasion, RunLimiter, occasions_between
from hub.reactions.agenda import Selects, concerns
from hub.reactions.condition import leaves
from hub.reactions.past import PastAlerts, PastDevice, Points
from hub.registry.expected_interval import device_stale_after
from hub.registry.reader import DeviceReader
from hub.rules.kinds import MetricCondition
from hub.store.reader import HistoryReader

MAX_ALERTS = 1_000
"""Maximum number of alerts whose histories are read. If the period has more, the newest are read."""
MAX_OCCASIONS = 5_000
MAX_READINGS = 300_000
MAX_RUNS = 500
"""Maximum number of runs in a result. If there were more, the result has the newest."""
LOOKBACK_MS = 86_400_000
"""How long before the period the first values are read, in ms. Metrics that were last measured earlier are unknown."""
PAGE = 500
READINGS_PAGE = 50_000
BETWEEN_PAUSES = 50


class ReactionTrial(msgspec.Struct, frozen=True):
    """The runs that a draft would have had in a period.

    Attributes:
        occasions: How often the draft would have been due.
        counts: The number of runs with each outcome.
        runs: The newest runs, oldest first.
        readings: The number of readings that were read for the draft's condition.
        complete: False if the period has more alerts, occasions or readings than a trial reads.
    """

    occasions: int
    counts: dict[RunOutcome, int]
    runs: list[ReactionRun]
    readings: int
    complete: bool


class ReactionTrials:
    """Determines when a draft of a reaction would have run in a past period.

    It uses only the devices and the history that the caller may see.
    """

    def __init__(
        self,
        registry: DeviceReader,
        store: HistoryReader,
        selects: Selects,
        read_by: Callable[[str], str | None],
    ) -> None:
        self._registry, self._store, self._selects, self._read_by = registry, store, selects, read_by

    async def run(self, draft: Reaction, start: int, end: int) -> ReactionTrial:
        """Return the runs that the draft would have had from ``start`` to ``end`` (epoch ms)."""
        draft = replace(draft, enabled=True)
        alerts, complete = await self._alerts(draft, start, end)
        past = PastAlerts(alerts)
        occasions = self._occasions(draft, past, start, end)
        devices, readings, all_read = await self._devices(draft, occasions[:MAX_OCCASIONS], start, end)
        runs = await _replay(
            draft, occasions[:MAX_OCCASIONS], past, devices, self._registry, self._selects, self._read_by
        )
        return ReactionTrial(
            occasions=len(occasions),
            counts=dict(Counter(run.outcome for run in runs)),
            runs=runs[-MAX_RUNS:],
            readings=readings,
            complete=complete and all_read and len(occasions) <= MAX_OCCASIONS,
        )

    async def _alerts(self, draft: Reaction, start: int, end: int) -> tuple[list[tuple[Alert, list[AlertEntry]]], bool]:
        """Return the alerts that may have started the draft from ``start`` to ``end`` (epoch ms).

        Returns:
            The alerts, each with the entries of its history, oldest first; and True if these are all of them, False if
                there were more than :data:`MAX_ALERTS`. If the draft does not react to alerts, there are none.
        """
        found: list[tuple[Alert, list[AlertEntry]]] = []
        if draft.alert is None:
            return found, True
        any_step = replace(draft.alert, severities=())
        before: tuple[int, str] | None = None
        while page := await self._store.alerts(limit=PAGE, before=before):
            before = (page[-1].raised_at, page[-1].id)
            for alert in page:
                ended = alert.cleared_at
                if alert.raised_at > end or (ended is not None and ended < start):
                    continue
                history = await self._store.alert_history(alert.id, PAGE)
                entries = [entry for _, entry in reversed(history)]
                steps = PastAlerts([(alert, entries)]).steps()
                if not any(concerns(replace(any_step, step=each.step), each) for each in steps):
                    continue
                if len(found) == MAX_ALERTS:
                    return found, False
                found.append((alert, entries))
            if len(page) < PAGE or before[0] < start - 31 * LOOKBACK_MS:
                break
        return found, True

    def _occasions(self, draft: Reaction, past: PastAlerts, start: int, end: int) -> list[Occasion]:
        """Return the occasions on which the draft would have been due between ``start`` and ``end`` (epoch ms).

        The occasions of the schedule come first, then those of alerts, both sorted by time.
        """
        agenda = Agenda(self._registry.get, self._selects)
        for taken in sorted(past.steps(), key=lambda each: each.at):
            if start <= taken.at <= end:
                agenda.take(0, taken, [draft])
        found = [Occasion(draft, due) for due in occasions_between(draft.schedule, start, end)]
        while (item := agenda.first(end)) is not None:
            agenda.drop_first()
            found.append(item[1])
        return found

    async def _devices(
        self, draft: Reaction, occasions: list[Occasion], start: int, end: int
    ) -> tuple[dict[str, PastDevice], int, bool]:
        """Read the past values of the devices that the condition of the draft reads.

        Returns:
            The devices by id, the number of readings that were read, and False if devices are missing because there are
                too many readings.
        """
        wanted: dict[str, set[str]] = {}
        subjects = self._subjects(draft, occasions)
        for leaf in leaves(draft.condition) if draft.condition is not None else ():
            others = leaf.condition.others if isinstance(leaf.condition, MetricCondition) else ()
            for name in [leaf.device] if leaf.device is not None else subjects:
                wanted.setdefault(name, set()).update((leaf.metric, *others))
        found, count = dict[str, PastDevice](), 0
        for name, metrics in wanted.items():
            if (device := self._registry.get(name)) is None:
                continue
            readings: dict[str, Points] = {}
            # If the metrics of the condition are reported rarely, another metric shows when the device sent something.
            newest = sorted(device.metrics, key=lambda each: device.metrics[each].ts, reverse=True)
            for metric in [*sorted(metrics), *[each for each in newest if each not in metrics][:1]]:
                points = await self._points(name, metric, start - LOOKBACK_MS, end, MAX_READINGS - count)
                if points is None:
                    return found, count, False
                readings[metric] = points
                count += len(points)
            heard = [ts for points in readings.values() for ts, _, _ in points]
            read = {metric: points for metric, points in readings.items() if metric in metrics}
            found[name] = PastDevice(device, device_stale_after(device, FleetLimits()), read, heard)
        return found, count, True

    def _subjects(self, draft: Reaction, occasions: list[Occasion]) -> list[str]:
        """Return the ids of the devices whose metrics the draft's condition reads if it names no other device.

        If alerts start the draft, these are the devices of the alerts. Otherwise they are the devices to which its
        command is sent; there are none if it sends no command.
        """
        if draft.alert is not None:
            return list(dict.fromkeys(each.taken.alert.device for each in occasions if each.taken is not None))
        action = draft.action
        if not isinstance(action, CommandAction):
            return []
        if action.scope is None:
            return [action.device or ""]
        return [each.id for each in self._registry.devices() if self._selects(action.scope, each)]

    async def _points(self, device: str, metric: str, start: int, end: int, most: int) -> Points | None:
        """Return the readings of a metric; None if there are more than ``most``."""
        found: list[tuple[int, Value, Quality]] = []
        following: int | None = start
        while following is not None and len(found) <= most:
            page = await self._store.readings(device, metric, following, end, READINGS_PAGE)
            found += page.points
            following = page.next
        return None if len(found) > most else found


async def _replay(
    draft: Reaction,
    occasions: list[Occasion],
    past: PastAlerts,
    devices: dict[str, PastDevice],
    registry: DeviceReader,
    selects: Selects,
    read_by: Callable[[str], str | None],
) -> list[ReactionRun]:
    """Return the runs that a draft of a reaction would have had in the past.

    If the loop protection would have paused the reaction, its run is the last one.

    Args:
        draft: The draft.
        occasions: The past times at which the reaction would have been due, in order.
        past: The alerts in the period.
        devices: Devices with their past values, by id.
        registry: All devices as they are now.
        selects: Returns whether a scope selects a device.
        read_by: Returns the name of the dialect with which the hub reads a topic; None if it does not read the topic.
    """
    now = 0
    limiter, runs = RunLimiter(), list[ReactionRun]()

    def find(name: str) -> Device | None:
        return devices[name].at(now) if name in devices else None

    decider = Decider(find, registry.devices, selects, lambda taken: past.holds(taken, now), limiter, read_by)
    for number, occasion in enumerate(occasions, 1):
        now = occasion.due_at
        if (run := decider.decide(occasion, now)) is not None:
            run = replace(run, outcome="ran") if run.outcome == "running" else run
            limiter.add(draft, run)
            runs.append(run)
            if run.outcome == "paused":
                break
        if number % BETWEEN_PAUSES == 0:
            await asyncio.sleep(0)
    return runs
