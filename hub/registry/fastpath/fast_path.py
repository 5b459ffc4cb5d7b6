"""The fast path: telemetry like what its topic sent before is applied as columns, a thousand messages at a time.

A topic is promoted after some messages in a row that could have gone this way: numbers of a known payload schema, from
a device that is online, within bounds by which no rule is moved. From then on its messages wait in their schema group,
decoded, until a flush checks and applies them as columns. A message that does not fit goes back to the slow path::

    accept --> wait in a SchemaGroup --> flush --> fits: RecordBatch, columns of LastSeenTable and SchemaGroup
                                              \\-> does not fit: slow path, in the order of arrival

A device is *promoted* while any of its topics is. Invariants:

- A message waits only while its device is promoted: a demotion flushes first.
- While a device is promoted, the columns hold what its telemetry has changed, and its ``Device`` object may lag behind.
  ``pending`` marks those that do; ``materialize`` brings one up to date.
- Of a device, a flush applies all messages of a group or none, so their order is kept.
- Whatever else may change a device demotes it before (``DeviceRegistry._mutable``). The bounds that its rules gave at
  promotion therefore hold for as long as it is promoted.

A topic that is demoted soon after its promotion needs twice as many messages for the next one.
"""

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
from hub.registry.latest_values import replaces

log = logging.getLogger(__name__)

MAX_GROUPS = 256
"""Schema groups in use at the same time; each costs a pass over its columns in every flush."""
MIN_RUN = 3
"""Messages in a row before a topic is promoted; twice as many after each demotion."""
MAX_RUN = 4_096
FORGIVEN_AFTER_MS = 60_000
"""A topic that was promoted for so long needs :data:`MIN_RUN` messages again."""
MAX_TOPICS = 200_000
_numbers = itertools.count(1)
"""Numbers of schema groups. None is given twice in a process: the store caches series ids by number and row."""
Bounds = Callable[[], tuple[Sequence[float], Sequence[float]] | None]
"""Returns the least and the greatest value of each metric by which no rule is moved; None if there are none."""
FlushHandler = Callable[[list[RecordBatch], list[RawMessage]], None]
"""Takes the record batches that a flush has applied, and the messages for the slow path in their order."""


class FastPathTopic:
    """What is known of a topic that has been promoted or may be."""

    __slots__ = ("device", "group", "need", "row", "run", "since")

    def __init__(self, device: str) -> None:
        self.device = device
        self.group: SchemaGroup | None = None  # None while it is not promoted
        self.row = 0  # of its device in the group
        self.run = 0  # messages in a row that the fast path could have taken
        self.need = MIN_RUN  # how many of them promote it
        self.since = 0  # time of the promotion in ms


class FastPath:
    """The promoted topics, their devices, and the messages that wait. ``on_flush`` gets what a flush yields."""

    def __init__(
        self, window: DedupWindow, devices: Mapping[str, Device], limits: FleetLimits, on_flush: FlushHandler
    ) -> None:
        self.connected_at = 0  # when the hub has connected to the broker, in ms
        self._devices = devices  # those of the registry, by id
        self._on_flush = on_flush
        self._last_seen = LastSeenTable(window, limits)
        self._groups: dict[PayloadSchema, SchemaGroup] = {}
        self._topics: dict[str, FastPathTopic] = {}  # all of them, also those that are not promoted
        self._fast_topics: dict[str, FastPathTopic] = {}  # the promoted ones
        # By promoted device, its slot in the table and its promoted topics.
        self._promoted: dict[str, tuple[int, dict[str, FastPathTopic]]] = {}
        self._waiting: list[SchemaGroup] = []  # groups with messages that wait
        self._logged: set[type[Exception]] = set()  # faults that are in the log already

    def __contains__(self, device_id: str) -> bool:
        """Return True if the device is promoted."""
        return device_id in self._promoted

    # -- messages ---------------------------------------------------------------------------------------------

    def accept(self, message: RawMessage) -> bool:
        """Let the message wait for the next flush. Return False if it has to take the slow path."""
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

    @property
    def waiting(self) -> int:
        """How many messages wait for the next flush."""
        return sum(len(group.messages) for group in self._waiting)

    def flush(self) -> None:
        """Apply the messages that wait, and give ``on_flush`` what comes of it.

        When this returns, the messages that do not fit have been handled, too: they came before whatever the caller is
        about to change.
        """
        if not self._waiting:
            return
        record_batches: list[RecordBatch] = []
        rest: list[RawMessage] = []
        waiting, self._waiting = self._waiting, []
        for group in waiting:
            messages = group.messages
            try:
                record_batch, unfit = group.flush(self._last_seen, self.connected_at)
            except Exception as error:  # a fault of ours must cost time only, never a message or the loop
                if type(error) not in self._logged:
                    self._logged.add(type(error))
                    log.exception("Steady telemetry could not be processed together. It is processed one by one.")
                record_batch, unfit = None, messages
            rest += unfit
            if record_batch is not None:
                record_batches.append(record_batch)
        self._on_flush(record_batches, rest)

    # -- promotion and demotion -------------------------------------------------------------------------------

    def promote(self, topic: str, payload_schema: PayloadSchema, device: Device, due: int, bounds: Bounds) -> None:
        """Count one more message of the topic that could have gone this way; promote the topic if that is enough.

        Args:
            topic: The MQTT topic.
            payload_schema: What the message looked like.
            device: The device that sent it, with all that it said applied.
            due: When the device will be checked for silence, in ms.
            bounds: Returns the bounds of the schema's metrics, in its order.
        """
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
        slot = self._last_seen.slot(device, due)
        known.since = device.last_seen or 0
        group.topics += 1
        last = max((device.metrics[name].ts for name in group.names if name in device.metrics), default=0)
        known.group, known.row = group, group.row(device.id, slot, last, *limits)
        self._fast_topics[topic] = known
        self._promoted.setdefault(device.id, (slot, {}))[1][topic] = known

    def _group(self, payload_schema: PayloadSchema) -> SchemaGroup | None:
        """Return the group of this schema; None if there can be no more groups and all are in use."""
        group = self._groups.get(payload_schema)
        if group is None:
            if len(self._groups) >= MAX_GROUPS:
                self._groups = {each: used for each, used in self._groups.items() if used.topics or used.messages}
            if len(self._groups) >= MAX_GROUPS:
                return None
            group = self._groups[payload_schema] = SchemaGroup(next(_numbers), payload_schema)
        return group

    def demote(self, device_id: str) -> None:
        """Flush the messages that wait, and let the device's next ones take the slow path."""
        if device_id not in self._promoted:
            return
        self.flush()
        if device_id not in self._promoted:  # a flushed message has demoted it
            return
        device = self._devices[device_id]
        self.materialize(device)
        for name, topic in self._promoted.pop(device_id)[1].items():
            del self._fast_topics[name]
            if topic.group is not None:
                topic.group.topics -= 1
            topic.group, topic.run = None, 0
            topic.need = (
                MIN_RUN if (device.last_seen or 0) - topic.since > FORGIVEN_AFTER_MS else min(MAX_RUN, 2 * topic.need)
            )

    def demote_all(self) -> None:
        """Flush the messages that wait, and let all messages take the slow path."""
        for device_id in list(self._promoted):
            self.demote(device_id)

    def forget(self, device_id: str) -> None:
        """Demote a device that is deleted: whatever comes by its id later is another one."""
        self.demote(device_id)
        for group in self._groups.values():
            group.rows.pop(device_id, None)

    # -- state of promoted devices ----------------------------------------------------------------------------

    def materialize(self, device: Device) -> None:
        """Bring a device up to date with what was applied to the columns."""
        known = self._promoted.get(device.id)
        if known is None or not self._last_seen.pending[known[0]]:
            return
        slot, topics = known
        self._last_seen.pending[slot] = False
        self._last_seen.update_device(device, slot)
        for topic in topics.values():
            if topic.group is not None:
                _update_metrics(device, topic.group, topic.row)

    def materialize_all(self) -> None:
        """Bring all devices up to date."""
        for device_id in self._promoted:
            self.materialize(self._devices[device_id])

    def expected_interval(self, device: Device) -> float:
        """Return the device's expected interval in ms, 0 while unknown, without materializing it."""
        known = self._promoted.get(device.id)
        return device.expected_interval if known is None else float(self._last_seen.expected_interval[known[0]])

    def set_stale_deadline(self, device_id: str, due: int) -> None:
        """Note when the device will be checked for silence."""
        if (known := self._promoted.get(device_id)) is not None:
            self._last_seen.stale_deadlines[known[0]] = due

    def take_earlier_deadlines(self) -> list[tuple[str, int]]:
        """Return the devices that have to be checked for silence earlier than planned, and when."""
        earlier, self._last_seen.earlier_deadlines = self._last_seen.earlier_deadlines, []
        return earlier


def _update_metrics(device: Device, group: SchemaGroup, row: int) -> None:
    ts = int(group.ts[row])
    for name, value in zip(group.names, group.values[row].tolist(), strict=True):
        latest = device.metrics.get(name)
        if latest is None or replaces(ts, latest, device.last_reading or 0):
            device.metrics[name] = Latest(value, ts, "good")
