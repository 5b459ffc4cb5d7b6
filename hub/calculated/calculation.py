"""Calculate the metrics of all devices at regular times, in small steps.

A definition is calculated every ``every_ms`` from the latest values at that time, like a recording rule of Prometheus.
Such a round processes the devices in portions, so that it never delays messages for long::

    begin(now)  a round for each interval that is due
    step()      level by level: add up groups of devices, portion by portion
                                then evaluate the level's definitions, portion by portion

A level reads only metrics that earlier levels have written, so a chain of calculated metrics is up to date in one
round. A new value is written only if an input is newer than the inputs of the last value, or if the expression depends
on time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

import msgspec
import numpy as np

from hub.calculated.evaluation import Evaluation
from hub.calculated.expression import parse_expression
from hub.calculated.inputs import GroupInputs, OwnInputs
from hub.calculated.nodes import Apply, DeviceGroup, Node, Other, OverTime, Own, Total, parts
from hub.calculated.order import levels
from hub.calculated.rows import Rows
from hub.calculated.units import unit_of
from hub.model import CalculatedMark, CalculatedMetric, Device, Floats, Info, Ints
from hub.rules.scopes import ScopeMatcher

PORTION = 250
"""The number of devices in one step.

It limits how long a step blocks the event loop (about 5 ms with 20 definitions).
"""
SELECTION_MS = 60_000
"""How long (ms) the definitions that apply to a device are cached. They are computed again if the device changes."""
Find = Callable[[str], Device | None]
Selector = tuple[Info, tuple[str, ...] | None, str | None, int]
"""The properties of a device that determine its definitions: description, labels, area id and number of metrics."""


class NewValues(msgspec.Struct, frozen=True):
    """New values of one definition.

    Attributes:
        definition: The definition.
        at: When it was evaluated, in epoch ms.
        rows: The row numbers, in ``state``, of the devices with a new value.
        values: The new values, in the order of ``rows``.
        missing: The ids of the devices that get no value because an input is missing.
        state: The state of the definition.
    """

    definition: CalculatedMetric
    at: int
    rows: Ints
    values: Floats
    missing: list[str]
    state: Rows


class Calculation:
    """The definitions of calculated metrics, and the state of their evaluation.

    Definitions with the same interval are evaluated together, in a round of several steps. ``pending`` is True while a
    round is in progress: from :meth:`begin` until :meth:`step` has done its last step.
    """

    def __init__(self, definitions: Sequence[CalculatedMetric], matcher: ScopeMatcher) -> None:
        self._matcher = matcher
        self.replace(definitions)

    def replace(self, definitions: Sequence[CalculatedMetric]) -> None:
        """Replace the definitions. Definitions that have not changed keep their state."""
        before: dict[CalculatedMetric, Rows] = getattr(self, "_state", {})
        self.definitions = list(definitions)
        self._state = {each: before.get(each) or Rows(each) for each in self.definitions}
        self._nodes = {each: parse_expression(each.expression) for each in self.definitions}
        self._due = dict.fromkeys({each.every_ms for each in self.definitions}, 0)  # next round by interval, epoch ms
        self._rounds: dict[int, Iterator[list[NewValues]]] = {}  # rounds in progress, by interval
        self._selected: dict[str, tuple[Selector, tuple[CalculatedMetric, ...]]] = {}  # by device
        self._selected_at = 0

    def clear(self) -> None:
        """Delete the state of all definitions, as if the hub had been restarted."""
        self._state = {}
        self.replace(self.definitions)

    def forget(self, device: str) -> None:
        """Delete the state of a deleted device."""
        self._selected.pop(device, None)
        for each in self._state.values():
            each.forget(device)

    @property
    def pending(self) -> bool:
        """True while a calculation is in progress, and :meth:`step` has to be called again."""
        return bool(self._rounds)

    def begin(self, now: int, devices: Callable[[], list[str]], find: Find) -> None:
        """Begin to calculate the metrics of each interval that is due, unless its last calculation still runs.

        ``now`` is in epoch ms. ``devices`` returns the ids of all devices; ``find`` returns the device with an id.
        """
        if not 0 <= now - self._selected_at < SELECTION_MS:
            self._selected, self._selected_at = {}, now
        for every_ms, due in self._due.items():
            if every_ms not in self._rounds and (now >= due or due - now > every_ms):
                self._due[every_ms] = (now // every_ms + 1) * every_ms
                self._rounds[every_ms] = self._round(every_ms, now, devices(), find)

    def step(self) -> list[NewValues]:
        """Run the next step of each round that is in progress, and return the values that these steps calculated.

        A round evaluates all definitions with the same interval on all devices. It is divided into steps, so that it
        does not block the event loop.
        """
        found: list[NewValues] = []
        for every_ms, steps in list(self._rounds.items()):
            results = next(steps, None)
            if results is None:
                del self._rounds[every_ms]
            else:
                found += results
        return found

    def applies(self, definition: CalculatedMetric, device: Device) -> bool:
        """Return whether a device gets the metric of a definition, which may be a draft that is not saved."""
        if definition.device is not None:
            return device.id == definition.device
        mark = device.calculated.get(definition.metric)
        if definition.metric in device.metrics and (mark is None or mark.id != definition.id):
            return False  # the device itself reports the metric, or another definition calculates it
        node = parse_expression(definition.expression)
        if not _required(node) <= device.metrics.keys() or not self._matcher.selects(definition.scope, device):
            return False
        return any(isinstance(each, Own) and each.metric in device.metrics for each in parts(node))

    # -- rounds ----------------------------------------------------------------------------------------------

    def _round(self, every_ms: int, now: int, devices: list[str], find: Find) -> Iterator[list[NewValues]]:
        for level in levels([each for each in self.definitions if each.every_ms == every_ms]):
            nodes = [(node, each.max_age_ms) for each in level for node in parts(self._nodes[each])]
            groups = GroupInputs(
                [(node, age) for node, age in nodes if isinstance(node, DeviceGroup)], self._matcher, now
            )
            for portion in _portions(devices) if groups.wanted else ():
                for device in filter(None, map(find, portion)):
                    groups.add(device)
                yield []
            for each in level:
                if each.device is not None:
                    yield self._on_one(each, groups, find, now)
            scoped = [each for each in level if each.device is None]
            for portion in _portions(devices) if scoped else ():
                yield self._on_many(scoped, list(filter(None, map(find, portion))), groups, find, now)

    def _on_one(self, definition: CalculatedMetric, groups: GroupInputs, find: Find, now: int) -> list[NewValues]:
        name = definition.device or ""
        device = find(name) or Device(name, name, "calculated", first_seen=now)
        mark = device.calculated.get(definition.metric)
        if definition.metric in device.metrics and (mark is None or mark.id != definition.id):
            return []
        own = OwnInputs([device], now)
        return [self._evaluate(definition, [device], np.zeros(1, np.int64), own, groups, find, now)]

    def _on_many(
        self, definitions: list[CalculatedMetric], devices: list[Device], groups: GroupInputs, find: Find, now: int
    ) -> list[NewValues]:
        own = OwnInputs(devices, now)
        members: dict[CalculatedMetric, list[int]] = {each: [] for each in definitions}
        for number, device in enumerate(devices):
            for each in self._definitions_of(device):
                if each in members:
                    members[each].append(number)
        return [
            self._evaluate(each, [devices[i] for i in which], np.array(which, np.int64), own, groups, find, now)
            for each, which in members.items()
            if which
        ]

    def _definitions_of(self, device: Device) -> Sequence[CalculatedMetric]:
        """Return the definitions with a scope that apply to this device.

        Definitions that name one device are left out. If several definitions have the same metric, only the first one
        is returned.
        """
        key = (device.info, device.labels, device.area_id, len(device.metrics))
        selector, selected = self._selected.get(device.id, (None, ()))
        if selector is not None and selector[0] is key[0] and selector[1:] == key[1:]:
            return selected
        found: dict[str, CalculatedMetric] = {}
        for each in self.definitions:
            if each.device is None and each.metric not in found and self.applies(each, device):
                found[each.metric] = each
        self._selected[device.id] = key, (selected := tuple(found.values()))
        return selected

    def _evaluate(
        self,
        definition: CalculatedMetric,
        devices: list[Device],
        which: Ints,
        own: OwnInputs,
        groups: GroupInputs,
        find: Find,
        now: int,
    ) -> NewValues:
        state, node = self._state[definition], self._nodes[definition]
        rows = state.of([device.id for device in devices])
        evaluation = Evaluation(
            definition=definition,
            devices=devices,
            which=which,
            rows=rows,
            state=state,
            own=own,
            groups=groups,
            find=find,
            now=now,
        )
        values = evaluation.value(node)
        missing = np.isnan(values)
        new = ~missing
        if not any(isinstance(each, OverTime | Total) for each in parts(node)):
            new &= evaluation.newest > state.newest[rows]
        state.newest[rows] = np.where(missing, 0, np.maximum(evaluation.newest, state.newest[rows]))
        left_out = [devices[i].id for i in np.flatnonzero(missing).tolist()]
        return NewValues(definition, now, rows[new], values[new], left_out, state)

    # -- units -----------------------------------------------------------------------------------------------

    def mark(
        self, definition: CalculatedMetric, device: Device, find: Find, devices: Callable[[], list[str]]
    ) -> CalculatedMark:
        """Return the mark of a calculated metric on a device: the id and name of its definition, and its unit.

        If the definition has no unit, the unit is derived from the units of the inputs. It is None if it is not
        certain.
        """
        unit = definition.unit

        def unit_of_input(node: Node) -> str | None:
            match node:
                case Own(metric=metric):
                    return device.unit(metric)
                case Other(device=name, metric=metric):
                    return found.unit(metric) if (found := find(name)) is not None else None
                case DeviceGroup(metric=metric, scope=scope):
                    members = (each for each in map(find, devices()) if each is not None and metric in each.metrics)
                    units = {each.unit(metric) for each in members if self._matcher.selects(scope, each)}
                    return units.pop() if len(units) == 1 else None
            return None

        if unit is None:
            unit = unit_of(parse_expression(definition.expression), unit_of_input)
        return CalculatedMark(definition.id, definition.name, unit)


def _required(node: Node) -> set[str]:
    """Return the metrics that the device itself must report before the expression can be calculated.

    A metric that is read only in the first argument of ``default(…)`` is not required, because the second argument
    takes its place.
    """
    match node:
        case Own(metric=metric):
            return {metric}
        case Apply(function="default", arguments=(_, fallback)):
            return _required(fallback)
        case Apply(arguments=arguments):
            return set(chain.from_iterable(map(_required, arguments)))
        case OverTime(argument=argument) | Total(argument=argument):
            return _required(argument)
    return set()


def _portions(devices: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(devices), PORTION):
        yield devices[start : start + PORTION]
