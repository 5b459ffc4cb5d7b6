"""What the hub knows of a device: who it is, how it describes itself, whether it is there."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from hub.model.metric import Category, MetricDescription, MetricOverride
from hub.model.metric_names import describe, spoken_words
from hub.model.reading import Quality, Value

Presence = Literal["online", "stale", "offline"]
"""``stale``: silent for longer than it usually is, or never heard since the hub knows of it. ``offline``: it, its will
or its gateway said so."""

Reporting = Literal["changes", "rarely", "events"]
"""``changes``: it reports when a value changes. ``rarely``: it sleeps between its reports, as battery devices do.
``events``: it sleeps and speaks when something happens."""

PARTITIONS = 64
MANY_IDS = -(2**63)


def partition_of(device: str) -> int:
    """The partition a device belongs to, fixed for good: whatever grows past one process is cut along it."""
    return zlib.crc32(device.encode()) % PARTITIONS


class Limit(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a device says is its own allowed range for one metric, in the metric's unit."""

    min: float | None = None
    max: float | None = None


class Info(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a device describes itself (its retained ``info``). All of it may be missing.

    ``units``, ``limits``, ``titles``, ``classes`` and ``categories`` are by metric. ``max_silence`` is how many seconds
    it may be silent while all is well; ``reports`` how it reports where that is not regularly.
    """

    name: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    firmware: str | None = None
    area: str | None = None
    labels: tuple[str, ...] = ()
    via: str | None = None
    units: dict[str, str] = {}
    limits: dict[str, Limit] = {}
    commands: dict[str, dict[str, Any]] = {}
    titles: dict[str, str] = {}
    classes: dict[str, str] = {}
    categories: dict[str, Category] = {}
    max_silence: float | None = None
    reports: Reporting | None = None


class Identity(msgspec.Struct, frozen=True):
    """A dialect's word on who a device is. ``native_id`` is what the device or its gateway calls it."""

    device: str
    native_id: str
    dialect: str
    info: Info | None = None


class Availability(msgspec.Struct, frozen=True, gc=False):
    """A device (or its will) said that it is there or not. ``retained`` says that the broker replayed it.

    ``announces_offline``: its protocol reports by itself when the device is gone (by a will, or a gateway that checks),
    so an ``online`` holds until then. ``through``: it was not the device that came or went, but its gateway.
    """

    device: str
    online: bool
    retained: bool
    received: int
    announces_offline: bool = False
    through: bool = False


class TwinUpdate(msgspec.Struct, frozen=True):
    """A change of a device's twin: ``values`` are merged into its ``side``."""

    device: str
    side: Literal["desired", "reported"]
    values: dict[str, Any]


def merged(side: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return one side of a twin with ``values`` set in it; None takes a key away."""
    return {key: value for key, value in {**side, **values}.items() if value is not None}


class Latest(msgspec.Struct, gc=False):
    """The newest value of one metric."""

    value: Value
    ts: int
    quality: Quality


class LateRun(msgspec.Struct, gc=False, omit_defaults=True):
    """What one rule makes of readings that arrived late, apart from what it makes of the present.

    ``since`` and ``until`` are the first and the last reading that broke the limit, in the device's time; ``value`` is
    the reading by which it had held for the rule's time. ``due`` is when, by the hub's clock, no more is expected.
    ``behind`` says that newer readings had been judged before these arrived.
    """

    due: int
    since: int | None = None
    until: int = 0
    value: Value | None = None
    points: list[tuple[int, float]] = []
    behind: bool = False


class Watch(msgspec.Struct, gc=False, omit_defaults=True):
    """What the rules remember of one rule on one metric of one device: the rule's window and its timer.

    ``since`` is when the condition began, in the device's time (None while it does not hold), ``began`` the same by the
    hub's clock; ``due`` when the hub's clock should look again; ``alert`` the id of the open alert. ``points`` is the
    window of a rate rule, ``lows`` the low points of a condition that has not held for long enough yet, ``measure``
    what both were measured for. ``late`` follows readings that arrived late, ``last`` is when the last alert began and
    ended, in the device's time.
    """

    since: int | None = None
    due: int | None = None
    alert: str | None = None
    points: list[tuple[int, float]] = []
    began: int | None = None
    lows: list[tuple[int, float]] = []
    measure: int = 0
    late: LateRun | None = None
    last: tuple[int, int] | None = None


class Device(msgspec.Struct):
    """All that is kept of a device between messages. Only the registry and, for ``watches``, the rules change it."""

    id: str
    native_id: str  # what the device or its gateway calls it
    dialect: str
    first_seen: int  # time of receipt in ms, as the next one
    last_seen: int | None = None  # by any sign of life
    last_ts: int = 0  # the newest time that the device gave, not in the future
    expected_interval: float = 0.0  # ms between its readings, 0 while unknown; see registry/expected_interval.py
    presence: Presence = "online"
    info: Info = Info()
    name: str | None = None  # set by a person and wins over info, as area, labels and metric_edits
    area: str | None = None
    labels: tuple[str, ...] | None = None
    metrics: dict[str, Latest] = {}  # the latest value by metric
    desired: dict[str, Any] = {}
    reported: dict[str, Any] = {}
    watches: dict[str, Watch] = {}  # by "rule_id/metric"
    last_applied_record: int = 0  # number of the last record that the stored state may know
    constant_id: int | None = None  # stem of an id or seq that came with different values, or MANY_IDS: no dedup by it
    metric_edits: dict[str, MetricOverride] = {}  # by metric
    regularity: int = 0  # of its intervals; see registry/expected_interval.py
    longest_pause: float = 0.0  # ms, 0 for a regular device; see there
    discrete: bool = False  # it reports nothing but states and events
    announces_offline: bool = False  # its last online would be taken back if it were gone; see Availability
    presence_before_gateway: Presence | None = None  # its presence when its gateway went offline
    last_reading: int | None = None  # time of receipt of its last live reading
    withdrawn: bool = False  # its announcement was taken back, and nothing was heard since: nobody expects it to speak

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
        """What is desired and not (yet) so: key -> desired, and what is reported (None: nothing)."""
        metrics = {key: self.metrics[key].value for key in self.desired if key in self.metrics}
        reported = metrics | self.reported
        return {key: (want, reported.get(key)) for key, want in self.desired.items() if reported.get(key) != want}

    def unit(self, metric: str | None) -> str | None:
        """Return the unit of a metric: as a person labelled it, else as the device says."""
        if not metric:
            return None
        edit = self.metric_edits.get(metric)
        return edit.unit if edit is not None and edit.unit else self.info.units.get(metric)

    def titles(self) -> dict[str, str]:
        """Return the title of each metric."""
        return {metric: self.describe(metric).title for metric in self.metrics}

    def describe(self, metric: str) -> MetricDescription:
        """Return how a metric is shown: as a person set it, else as announced, else as its name and unit tell."""
        info = self.info
        title, category = info.titles.get(metric), info.categories.get(metric)
        if title is None and info.titles and "." in metric:  # a part of a metric that has been announced
            whole, _, part = metric.rpartition(".")
            if whole in info.titles:
                title, category = f"{info.titles[whole]} {spoken_words(part)}", info.categories.get(whole)
        found = describe(metric, info.units.get(metric), title, info.classes.get(metric), category)
        edit = self.metric_edits.get(metric)
        if edit is None:
            return found
        return msgspec.structs.replace(found, title=edit.title or found.title, hidden=edit.hidden)


class FleetLimits(msgspec.Struct, frozen=True):
    """Caps, and when silence makes a device stale: after ``stale_factor`` of its own intervals, at least
    ``stale_minimum_ms``; ``stale_unknown_ms`` for one whose interval is not known yet."""

    devices: int = 100_000
    metrics: int = 256
    total_metrics: int = 5_000_000
    twin_keys: int = 256
    twin_bytes: int = 262_144
    stale_factor: float = 5.0
    stale_minimum_ms: int = 15_000
    stale_unknown_ms: int = 600_000
