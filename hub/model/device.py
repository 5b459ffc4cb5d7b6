"""The state of a device: identity, description, presence, latest values and twin."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from hub.model.calculated_mark import CalculatedMark
from hub.model.metric import Category, MetricDescription, MetricOverride
from hub.model.metric_names import describe, spoken_words
from hub.model.reading import Quality, Value

Presence = Literal["online", "stale", "offline"]
"""``stale``: the device was silent for much longer than its expected interval, or nothing was received yet.
``offline``: the device, its MQTT will or its gateway reported that it is offline.
"""

Reporting = Literal["changes", "rarely", "events"]
"""How a device reports if it does not report at regular intervals.

``changes``: when a value changes. ``rarely``: it sleeps between reports, as battery devices do. ``events``: it sleeps
until something happens.
"""

PARTITIONS = 64
MANY_IDS = -(2**63)  # as ``Device.constant_id``: several ids were found constant


def partition_of(device: str) -> int:
    """Return the number of the partition that a device belongs to. It never changes for a device id.

    Partitions allow several processes to share the work.
    """
    return zlib.crc32(device.encode()) % PARTITIONS


class Limit(msgspec.Struct, frozen=True, omit_defaults=True):
    """Allowed range of a metric, in the metric's unit. None means that there is no limit on that side."""

    min: float | None = None
    max: float | None = None


class Info(msgspec.Struct, frozen=True, omit_defaults=True):
    """Description of a device, as the device or its gateway gives it. All fields are optional."""

    name: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    firmware: str | None = None
    area: str | None = None
    labels: tuple[str, ...] = ()
    via: str | None = None  # the gateway's id
    units: dict[str, str] = {}  # by metric, like limits, titles, classes and categories
    limits: dict[str, Limit] = {}
    commands: dict[str, dict[str, Any]] = {}  # by name: what CommandDescriptor describes
    titles: dict[str, str] = {}
    classes: dict[str, str] = {}
    categories: dict[str, Category] = {}
    max_silence: float | None = None  # seconds without a message that are normal
    reports: Reporting | None = None  # None: at regular intervals, or not known


class Identity(msgspec.Struct, frozen=True):
    """Device that a dialect found in a message. ``native_id`` is what the device or its gateway calls it."""

    device: str
    native_id: str
    dialect: str
    info: Info | None = None


class Availability(msgspec.Struct, frozen=True, gc=False):
    """Report that a device is online or offline.

    The report comes from the device itself, from its MQTT will, or from the gateway that it is connected through.
    """

    device: str
    online: bool
    retained: bool  # replayed by the broker
    received: int
    announces_offline: bool = False  # its protocol reports the loss of a device, so "online" holds until it does
    through: bool = False  # the gateway came or went, not the device itself


class TwinUpdate(msgspec.Struct, frozen=True):
    """Change of one side of a device's twin, ``desired`` or ``reported``: ``values`` are merged into this side."""

    device: str
    side: Literal["desired", "reported"]
    values: dict[str, Any]


def merged(side: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return one side of a device's twin (its desired or its reported state), updated with ``values``.

    A key whose value in ``values`` is None is removed.
    """
    return {key: value for key, value in {**side, **values}.items() if value is not None}


class Latest(msgspec.Struct, gc=False):
    """The newest value of one metric."""

    value: Value
    ts: int
    quality: Quality


class LateRun(msgspec.Struct, gc=False, omit_defaults=True):
    """State of a rule for readings that arrived late. It is kept apart from the rule's state for current readings."""

    due: int  # when, by the hub's clock, no further late readings are expected
    since: int | None = None  # the first reading that met the condition, by the device's clock
    until: int = 0  # the last reading that met the condition
    value: Value | None = None  # of the reading at which the condition had held for as long as the rule requires
    over: int | None = None  # as in Watch
    points: list[tuple[int, float]] = []  # the window of a rate rule
    behind: bool = False  # whether newer readings had been evaluated before the late ones arrived


class PartState(msgspec.Struct, gc=False, omit_defaults=True):
    """State of one condition of a rule that joins several conditions."""

    since: int | None = None  # when it began, by the device's clock; None while it is not met
    points: list[tuple[int, float]] = []  # as in Watch
    # A condition on silence: the last message or value when ``since`` was set, from which the hub counts the silence,
    # and when, by the hub's clock, the silence was long enough.
    heard: int | None = None
    met: int | None = None


class Watch(msgspec.Struct, gc=False, omit_defaults=True):
    """State of one rule on one metric of one device."""

    since: int | None = None  # when the condition began, by the device's clock; None while it is not met
    due: int | None = None  # when, by the hub's clock, the rule is to be evaluated again
    alert: str | None = None  # id of the open alert
    points: list[tuple[int, float]] = []  # the window of a rate or count rule
    began: int | None = None  # as ``since``, by the hub's clock
    lows: list[tuple[int, float]] = []  # low points of a condition that has not held for long enough yet
    # Checksum of the rule's settings by which points and lows were computed; negative if the points are no readings.
    measure: int = 0
    late: LateRun | None = None
    over: int | None = None  # since when the condition is over, by the device's clock, while its alert stays open
    last: tuple[int, int] | None = None  # when the last alert began and ended, by the device's clock
    parts: dict[int, PartState] = {}  # of the joined conditions that depend on earlier values, by number
    closed: int | None = None  # when a person closed its alert: values (or silence) up to this time raise no new alert
    evaluated_from: int | None = None  # see Alert.evaluated_from


class Device(msgspec.Struct):
    """State of a device. Only the registry changes it, except that the rules change ``watches``."""

    id: str
    native_id: str  # what the device or its gateway calls it
    dialect: str
    first_seen: int  # when its first message was received, in ms
    last_seen: int | None = None  # when its last message was received, in ms
    last_ts: int = 0  # the newest time in its messages that is not in the future
    expected_interval: float = 0.0  # ms between its readings, 0 while unknown; see registry/expected_interval.py
    presence: Presence = "online"
    info: Info = Info()
    name: str | None = None  # set by a person; overrides info, like area, labels and metric_edits
    area: str | None = None  # name of the area that a person assigned it to
    labels: tuple[str, ...] | None = None
    metrics: dict[str, Latest] = {}  # the latest value by metric
    desired: dict[str, Any] = {}
    reported: dict[str, Any] = {}
    watches: dict[str, Watch] = {}  # by "rule_id/metric"
    last_applied_record: int = 0  # number of the last record that the stored state may contain
    constant_id: int | None = (
        None  # stem of an id or seq that came with different values (or MANY_IDS); not used for dedup
    )
    metric_edits: dict[str, MetricOverride] = {}  # by metric
    regularity: int = 0  # how regular its intervals are; see registry/expected_interval.py
    longest_pause: float = 0.0  # between two readings, in ms; 0 for a regular device
    discrete: bool = False  # it reports only states and events
    announces_offline: bool = False  # its protocol reports when the device goes offline; see Availability
    presence_before_gateway: Presence | None = None  # its presence when its gateway went offline
    last_reading: int | None = None  # time of receipt of its last live reading
    withdrawn: bool = False  # its announcement was removed and nothing came since: its silence is normal
    kinds: tuple[str, ...] | None = None  # kinds of machine, set by a person; None: determined by the hub
    area_id: str | None = None  # id of the area in ``area``; access rights depend on it, never on info.area
    calculated: dict[str, CalculatedMark] = {}  # the metrics that the hub calculates

    @property
    def corrects_semantics(self) -> bool:
        """Return whether a person has set the device's kinds of machine, or what any of its metrics measures."""
        return self.kinds is not None or any(edit.corrects_semantics for edit in self.metric_edits.values())

    @property
    def display_name(self) -> str:
        return self.name or self.info.name or self.native_id

    @property
    def display_area(self) -> str | None:
        return self.area if self.area is not None else self.info.area

    @property
    def display_labels(self) -> tuple[str, ...]:
        return self.labels if self.labels is not None else self.info.labels

    @property
    def differs(self) -> dict[str, tuple[Any, Any]]:
        """The keys of the twin whose reported value differs from the desired value, each with ``(desired, reported)``.

        ``reported`` is None if the device has not reported the key.
        """
        metrics = {key: self.metrics[key].value for key in self.desired if key in self.metrics}
        reported = metrics | self.reported
        return {key: (value, reported.get(key)) for key, value in self.desired.items() if reported.get(key) != value}

    def unit(self, metric: str | None) -> str | None:
        """Return the unit of a metric: the unit that a person set, otherwise the unit that the device reports."""
        if not metric:
            return None
        edit = self.metric_edits.get(metric)
        return edit.unit if edit is not None and edit.unit else self._own_unit(metric)

    def _own_unit(self, metric: str) -> str | None:
        mark = self.calculated.get(metric)
        return self.info.units.get(metric) if mark is None else mark.unit

    def titles(self) -> dict[str, str]:
        """Return the title of each metric."""
        return {metric: self.describe(metric).title for metric in self.metrics}

    def describe(self, metric: str) -> MetricDescription:
        """Return how pages show a metric, such as its title.

        What a person set comes first, then what the device announces, then what follows from the name and unit.
        """
        info = self.info
        title, category = info.titles.get(metric), info.categories.get(metric)
        if metric in self.calculated:
            title = self.calculated[metric].title
        if title is None and info.titles and "." in metric:  # a part of an announced metric
            whole, _, part = metric.rpartition(".")
            if whole in info.titles:
                title, category = f"{info.titles[whole]} {spoken_words(part)}", info.categories.get(whole)
        found = describe(metric, self._own_unit(metric), title, info.classes.get(metric), category)
        edit = self.metric_edits.get(metric)
        if edit is None:
            return found
        return msgspec.structs.replace(found, title=edit.title or found.title, hidden=edit.hidden)


class FleetLimits(msgspec.Struct, frozen=True):
    """Limits on what the registry keeps, and how long a device may be silent before it is stale."""

    devices: int = 100_000
    metrics: int = 256  # of one device
    total_metrics: int = 5_000_000
    twin_keys: int = 256
    twin_bytes: int = 262_144
    stale_factor: float = 5.0  # in expected intervals of the device, but at least stale_minimum_ms
    stale_minimum_ms: int = 15_000
    stale_unknown_ms: int = 600_000  # for a device whose interval is not known yet
