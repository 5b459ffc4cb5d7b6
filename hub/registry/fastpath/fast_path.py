"""Which topics are steady, and what their devices have said since they were looked at last."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from hub.dialects import MAX_BYTES, PayloadSchema
from hub.model import Device, FleetLimits, Latest, RawMessage, RecordBatch
from hub.registry.dedup import DedupWindow
from hub.registry.fastpath.last_seen import LastSeenTable
from hub.registry.fastpath.schema_group import SchemaGroup

log = logging.getLogger(__name__)

MAX_GROUPS = 256
"""Layouts that may be steady at the same time; each costs a pass over its columns in every batch."""
MIN_RUN = 3
"""Messages in a row that must have been of the usual kind; twice as many after each surprise."""
MAX_RUN = 4_096
FORGIVEN_AFTER_MS = 60_000
"""A surprise after so long is none to hold against a topic."""
MAX_TOPICS = 200_000
_numbers = itertools.count(1)
"""Of the lanes: never given twice in a process, since a store remembers the series of a lane's rows by it."""
Bounds = Callable[[], tuple[Sequence[float], Sequence[float]] | None]
"""Asks for the least and the greatest value of each metric by which no rule is moved."""


class FastPathTopic:
    """A topic on its way: ``lane`` and ``row`` once it is steady, ``since`` when; before that ``run`` counts what it
    has shown of the ``need``."""

    __slots__ = ("device", "group", "need", "row", "run", "since")

    def __init__(self, device: str) -> None:
        self.device = device
        self.group: SchemaGroup | None = None
        self.row = 0
        self.run = 0
        self.need = MIN_RUN
        self.since = 0


class FastPath:
    """Kept by the fleet, fed by the decider. A device is *in* while any of its topics is steady: what stands in the
    columns is then the truth, and :meth:`settle` brings the device up to it."""

    def __init__(self, window: DedupWindow, limits: FleetLimits) -> None:
        self._last_seen = LastSeenTable(window, limits)
        self.connected_at = 0
        self._groups: dict[PayloadSchema, SchemaGroup] = {}
        self._topics: dict[str, FastPathTopic] = {}
        self._fast_topics: dict[str, FastPathTopic] = {}
        self._promoted: dict[str, tuple[int, dict[str, FastPathTopic]]] = {}
        self._waiting: list[SchemaGroup] = []
        self._logged: set[type[Exception]] = set()

    def __contains__(self, device: str) -> bool:
        return device in self._promoted

    def accept(self, message: RawMessage) -> bool:
        """Put it where others like it wait for :meth:`flush`; False if it has to go the usual way."""
        topic = self._fast_topics.get(message.topic)
        if topic is None or topic.group is None or message.retained or len(message.payload) > MAX_BYTES:
            return False
        group = topic.group
        try:
            found = msgspec.structs.astuple(group.decode(message.payload))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False
        if not group.messages:
            self._waiting.append(group)
        group.messages.append(message)
        group.found.append(found)
        group.waiting.append(topic.row)
        return True

    def flush(self) -> tuple[list[RecordBatch], list[RawMessage]]:
        """Take up all that waits; and what of it has to go the usual way after all."""
        record_batches: list[RecordBatch] = []
        left: list[RawMessage] = []
        waiting, self._waiting = self._waiting, []
        for group in waiting:
            messages = group.messages
            try:
                record_batch, others = group.flush(self._last_seen, self.connected_at)
            except Exception as error:  # a fault of ours must cost time only, never a message or the loop
                if type(error) not in self._logged:
                    self._logged.add(type(error))
                    log.exception("Steady telemetry could not be processed together. It is processed one by one.")
                record_batch, others = None, messages
            left += others
            if record_batch is not None:
                record_batches.append(record_batch)
        return record_batches, left

    @property
    def waiting(self) -> int:
        """How many messages wait for :meth:`flush`."""
        return sum(len(group.messages) for group in self._waiting)

    # -- coming and going -------------------------------------------------------------------------------------

    def promote(self, topic: str, payload_schema: PayloadSchema, device: Device, due: int, bounds: Bounds) -> None:
        """One more message of the usual kind has come the usual way; it may be enough to let the topic in. ``due`` is
        when the device's silence will be looked at; ``bounds`` is for the metrics of the layout in their order."""
        known = self._topics.get(topic)
        if known is None or known.device != device.id:
            if len(self._topics) >= MAX_TOPICS:
                self._topics = dict(self._fast_topics)
            known = self._topics[topic] = FastPathTopic(device.id)
        known.run += 1
        if known.run < known.need or not payload_schema.numeric:
            return
        group = self._group(payload_schema)
        if group is None or (limits := bounds()) is None:
            known.run = 0
            return
        place = self._last_seen.slot(device, due)
        known.since = device.last_seen or 0
        group.topics += 1
        last = max((device.metrics[name].ts for name in group.names if name in device.metrics), default=0)
        known.group, known.row = group, group.row(device.id, place, last, *limits)
        self._fast_topics[topic] = known
        self._promoted.setdefault(device.id, (place, {}))[1][topic] = known

    def _group(self, payload_schema: PayloadSchema) -> SchemaGroup | None:
        """The lane of this layout; None where no more can be open, and every one is in use."""
        group = self._groups.get(payload_schema)
        if group is None:
            if len(self._groups) >= MAX_GROUPS:
                self._groups = {each: used for each, used in self._groups.items() if used.topics or used.messages}
            if len(self._groups) >= MAX_GROUPS:
                return None
            group = self._groups[payload_schema] = SchemaGroup(next(_numbers), payload_schema)
        return group

    def demote(self, device: Device) -> None:
        """From now on its messages go the usual way, until they have been of the usual kind for a while."""
        self.materialize(device)
        _, topics = self._promoted.pop(device.id, (0, {}))
        for name, topic in topics.items():
            del self._fast_topics[name]
            if topic.group is not None:
                topic.group.topics -= 1
            topic.group, topic.run = None, 0
            topic.need = (
                MIN_RUN if (device.last_seen or 0) - topic.since > FORGIVEN_AFTER_MS else min(MAX_RUN, 2 * topic.need)
            )

    def demote_all(self, find: Callable[[str], Device]) -> None:
        for name in list(self._promoted):
            self.demote(find(name))

    def forget(self, device: Device) -> None:
        """It is deleted: whatever comes by its name is another one."""
        self.demote(device)
        for group in self._groups.values():
            group.rows.pop(device.id, None)

    def set_stale_deadline(self, device: str, due: int) -> None:
        """The device's silence will be looked at then."""
        if (known := self._promoted.get(device)) is not None:
            self._last_seen.stale_deadlines[known[0]] = due

    # -- what devices are told ----------------------------------------------------------------------------------

    def materialize(self, device: Device) -> None:
        """Bring the device up to what its messages have said."""
        known = self._promoted.get(device.id)
        if known is None or not self._last_seen.pending[known[0]]:
            return
        heard, (place, topics) = self._last_seen, known
        heard.pending[place] = False
        heard.update_device(device, place)
        for topic in topics.values():
            if topic.group is not None:
                _update_metrics(device.metrics, topic.group, topic.row)

    def expected_interval(self, device: Device) -> float | None:
        """Its rhythm, without settling anything."""
        known = self._promoted.get(device.id)
        return device.rhythm if known is None else self._last_seen.expected_interval_at(known[0])

    def materialize_all(self, devices: Mapping[str, Device]) -> None:
        for name in self._promoted:
            self.materialize(devices[name])

    def take_earlier_deadlines(self) -> list[tuple[str, int]]:
        """The devices whose silence has to be looked at earlier than was thought, and when."""
        quicker, self._last_seen.earlier_deadlines = self._last_seen.earlier_deadlines, []
        return quicker


def _update_metrics(metrics: dict[str, Latest], group: SchemaGroup, row: int) -> None:
    ts = int(group.ts[row])
    for name, value in zip(group.names, group.values[row].tolist(), strict=True):
        latest = metrics.get(name)
        if latest is None or ts >= latest.ts:
            metrics[name] = Latest(value, ts, "good")
