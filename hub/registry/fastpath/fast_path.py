r"""The fast path: decode repetitive telemetry into columns and apply a thousand messages at a time.

States of a topic::

               MIN_MESSAGES qualifying messages
    slow path <====================================> promoted
               demote: anything but telemetry is about to change the device

A message qualifies if it holds numbers of a known payload schema, comes from a device that is online, and lies within
the bounds in which no rule changes state. A device is *promoted* while any of its topics is. A topic that is demoted
soon after its promotion needs twice as many qualifying messages for the next one. Other messages in between do not
reset the count; a demotion or a failed promotion does.

Path of a message of a promoted topic::

    accept --> pending in a SchemaGroup --> flush --> fits: RecordBatch, columns of LastSeenTable and SchemaGroup
                                                 \-> does not fit: slow path, in the order of arrival

Invariants:

- A message is *pending* from ``accept`` to the next flush, and only while its device is promoted: ``demote`` flushes
  first.
- While a device is promoted, the columns hold its newest values, and its ``Device`` object may be out of date.
  ``LastSeenTable.outdated`` marks the objects that are; ``materialize`` updates one.
- A flush applies all messages of a device in one group, or none of them. This keeps their order.
- Everything else that changes a device demotes it first (``DeviceRegistry._mutable``). So the bounds that its rules had
  at promotion are valid until demotion.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from hub.dialects import MAX_BYTES, PayloadSchema
from hub.model import Device, FleetLimits, Latest, RawMessage, RecordBatch, next_table
from hub.registry.dedup import DedupWindow
from hub.registry.fastpath.last_seen import LastSeenTable
from hub.registry.fastpath.recent_readings import Follow
from hub.registry.fastpath.schema_group import SchemaGroup
from hub.registry.latest_values import replaces

log = logging.getLogger(__name__)

MAX_GROUPS = 256
"""Maximum number of schema groups in use at the same time. Each adds a pass over its columns to every flush."""
MIN_MESSAGES = 3
"""A topic is promoted after this many qualifying messages.

The number is doubled after each early demotion, up to :data:`MAX_MESSAGES`.
"""
MAX_MESSAGES = 4_096
FORGIVEN_AFTER_MS = 60_000
"""After a promotion that lasted longer than this, a topic needs only :data:`MIN_MESSAGES` again."""
MAX_TOPICS = 200_000
Bounds = Callable[[], tuple[Sequence[float], Sequence[float], int, Follow | None] | None]
"""Returns ``(minimum, maximum, until, follow)``; None if there is no such range.

Until the time ``until`` (ms), no rule changes state while each metric is between its ``minimum`` and its ``maximum``.
``follow`` passes the readings to rules that need earlier readings; it is None if there is no such rule.
"""
FlushHandler = Callable[[list[RecordBatch], list[RawMessage]], None]
"""Handles the record batches that a flush has applied, and the messages for the slow path in order of arrival."""


class FastPathTopic:
    """One MQTT topic on the fast path: whether it is promoted, or how many messages it still needs for that."""

    __slots__ = ("device", "group", "needed", "qualified", "row", "since")

    def __init__(self, device: str) -> None:
        self.device = device
        self.group: SchemaGroup | None = None  # None while it is not promoted
        self.row = 0  # row of its device in the group
        self.qualified = 0  # qualifying messages since the last demotion
        self.needed = MIN_MESSAGES  # how many of them promote it
        self.since = 0  # time of the promotion in ms


class FastPath:
    """The topics that are decoded on the fast path (promoted), their devices, and messages that wait to be applied.

    ``on_flush`` is called with the results when the waiting messages are applied.
    """

    def __init__(
        self, window: DedupWindow, devices: Mapping[str, Device], limits: FleetLimits, on_flush: FlushHandler
    ) -> None:
        self.connected_at = 0  # when the hub connected to the broker, in ms
        self._devices = devices  # all devices of the registry, by id
        self._on_flush = on_flush
        self._last_seen = LastSeenTable(window, limits)
        self._groups: dict[PayloadSchema, SchemaGroup] = {}  # those in use, and unused ones until there are too many
        self._topics: dict[str, FastPathTopic] = {}  # by topic, promoted or not
        self._fast_topics: dict[str, FastPathTopic] = {}  # only the promoted ones
        # By promoted device, its slot in the table and its promoted topics.
        self._promoted: dict[str, tuple[int, dict[str, FastPathTopic]]] = {}
        self._pending_groups: list[SchemaGroup] = []  # groups with pending messages
        self._logged: set[type[Exception]] = set()  # faults that were logged already

    def __contains__(self, device_id: str) -> bool:
        """Return True if a topic of the device is promoted: its messages are processed in batches (the fast path)."""
        return device_id in self._promoted

    # -- messages ---------------------------------------------------------------------------------------------

    def accept(self, message: RawMessage) -> bool:
        """Decode the message and keep it for the next flush. Return False if the message has to take the slow path."""
        topic = self._fast_topics.get(message.topic)
        # A retained message is no sign of life, and one that is too large is rejected: the slow path does both.
        if topic is None or topic.group is None or message.retained or len(message.payload) > MAX_BYTES:
            return False
        group = topic.group
        try:
            content = msgspec.structs.astuple(group.decode(message.payload))
        # Another schema, a status text, damaged JSON: the slow path decides what it is.
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False
        if not group.messages:
            self._pending_groups.append(group)
        group.messages.append(message)
        group.contents.append(content)
        group.pending_rows.append(topic.row)
        return True

    @property
    def pending(self) -> int:
        """Number of messages that wait for the next flush."""
        return sum(len(group.messages) for group in self._pending_groups)

    def flush(self) -> None:
        """Apply the pending messages of all promoted topics, and pass the results to ``on_flush``.

        ``on_flush`` also gets the messages that the fast path cannot apply, and handles them one by one (on the slow
        path). When this method returns, all messages have been applied in the order of their arrival, so the caller may
        change devices.
        """
        if not self._pending_groups:
            return
        record_batches: list[RecordBatch] = []
        slow_messages: list[RawMessage] = []
        # Swapped first: the handler of the results may accept and flush again.
        groups, self._pending_groups = self._pending_groups, []
        for group in groups:
            messages = group.messages
            try:
                record_batch, unfit = group.flush(self._last_seen, self.connected_at)
            except Exception as error:  # a bug here must not lose messages or end the pipeline
                if type(error) not in self._logged:
                    self._logged.add(type(error))
                    log.exception("The fast path failed. Its messages are processed one by one. Report this.")
                record_batch, unfit = None, messages
            slow_messages += unfit
            if record_batch is not None:
                record_batches.append(record_batch)
        self._on_flush(record_batches, slow_messages)

    # -- promotion and demotion -------------------------------------------------------------------------------

    def promote(self, topic: str, payload_schema: PayloadSchema, device: Device, due: int, bounds: Bounds) -> None:
        """Count a message that qualifies for the fast path, and promote its topic after enough of them.

        The later messages of a promoted topic take the fast path.

        Args:
            topic: The MQTT topic.
            payload_schema: The schema of the message.
            device: The device that sent it, with the message applied.
            due: When the device will be checked for silence, in ms.
            bounds: Returns the range of each metric in which no rule changes state, in the order of the schema.
        """
        known = self._topics.get(topic)
        if known is None or known.device != device.id:
            # Devices may use any number of topics. A topic that loses its count only stays on the slow path for longer.
            if len(self._topics) >= MAX_TOPICS:
                self._topics = dict(self._fast_topics)
            known = self._topics[topic] = FastPathTopic(device.id)
        known.qualified += 1
        if known.qualified < known.needed or not payload_schema.numeric:
            return
        group = self._group(payload_schema)
        # Restart the count, because asking for the bounds is too slow to be done for every message.
        if group is None or (limits := bounds()) is None:
            known.qualified = 0
            return
        slot = self._last_seen.slot(device, due)
        known.since = device.last_seen or 0
        group.topics += 1
        last = max((device.metrics[name].ts for name in group.names if name in device.metrics), default=0)
        minimum, maximum, until, follow = limits
        known.group, known.row = group, group.row(device.id, slot, last, minimum, maximum, until)
        if follow is not None:
            group.recent.begin(known.row, follow)
        self._fast_topics[topic] = known
        self._promoted.setdefault(device.id, (slot, {}))[1][topic] = known

    def _group(self, payload_schema: PayloadSchema) -> SchemaGroup | None:
        """Return the group of all devices with this payload schema, which is created if needed.

        Return None if there is no room for another group: :data:`MAX_GROUPS` groups are in use.
        """
        group = self._groups.get(payload_schema)
        if group is None:
            if len(self._groups) >= MAX_GROUPS:
                self._groups = {each: used for each, used in self._groups.items() if used.topics or used.messages}
            if len(self._groups) >= MAX_GROUPS:
                return None
            group = self._groups[payload_schema] = SchemaGroup(next_table(), payload_schema)
        return group

    def demote(self, device_id: str) -> None:
        """Take a device off the fast path, after all pending messages have been applied.

        Further messages of the device are handled one by one (the slow path) until it is promoted again.
        """
        if device_id not in self._promoted:
            return
        self.flush()
        if device_id not in self._promoted:  # a flushed message has demoted it
            return
        # Materialize before the topics are removed: it looks the values up through them.
        device = self._devices[device_id]
        self.materialize(device)
        for name, topic in self._promoted.pop(device_id)[1].items():
            del self._fast_topics[name]
            if topic.group is not None:
                topic.group.topics -= 1
                topic.group.recent.end(topic.row)
            topic.group, topic.qualified = None, 0
            lasted = (device.last_seen or 0) - topic.since > FORGIVEN_AFTER_MS
            topic.needed = MIN_MESSAGES if lasted else min(MAX_MESSAGES, 2 * topic.needed)

    def demote_all(self) -> None:
        """Process the waiting messages, and let all later messages be processed one by one (the slow path)."""
        for device_id in list(self._promoted):
            self.demote(device_id)

    def forget(self, device_id: str) -> None:
        """Take a deleted device off the fast path and release its rows in the columns.

        A later device with the same id gets new rows.
        """
        self.demote(device_id)
        for group in self._groups.values():
            # The row is not reused: the store caches series ids by row.
            group.rows.pop(device_id, None)

    # -- state of promoted devices ----------------------------------------------------------------------------

    def materialize(self, device: Device) -> None:
        """Update the ``Device`` object of a device on the fast path from the columns, which have its newest values."""
        known = self._promoted.get(device.id)
        if known is None or not self._last_seen.outdated[known[0]]:
            return
        slot, topics = known
        self._last_seen.outdated[slot] = False
        self._last_seen.update_device(device, slot)
        for topic in topics.values():
            if topic.group is not None:
                _update_metrics(device, topic.group, topic.row)
                topic.group.recent.take(topic.row)

    def materialize_all(self) -> None:
        """Copy the newest values of all devices that are on the fast path into their ``Device`` objects."""
        for device_id in self._promoted:
            self.materialize(self._devices[device_id])

    def expected_interval(self, device: Device) -> float:
        """Return how often the device usually sends, in ms; 0 if this is not known yet.

        If the device is on the fast path, the value is read from its columns, which are up to date.
        """
        known = self._promoted.get(device.id)
        return device.expected_interval if known is None else float(self._last_seen.expected_interval[known[0]])

    def set_stale_deadline(self, device_id: str, due: int) -> None:
        """Note when the device will be checked for silence, in epoch ms.

        Nothing happens if the fast path does not have the device at present (it is not promoted).
        """
        if (known := self._promoted.get(device_id)) is not None:
            self._last_seen.stale_deadlines[known[0]] = due

    def take_earlier_deadlines(self) -> list[tuple[str, int]]:
        """Return the devices that now report more often, so that they must be checked for silence earlier than planned.

        Each item is a device id and the new time of the check, in epoch ms. The list is empty afterwards.
        """
        earlier, self._last_seen.earlier_deadlines = self._last_seen.earlier_deadlines, []
        return earlier


def _update_metrics(device: Device, group: SchemaGroup, row: int) -> None:
    ts = int(group.ts[row])
    for name, value in zip(group.names, group.values[row].tolist(), strict=True):
        latest = device.metrics.get(name)
        if latest is None or replaces(ts, latest, device.last_reading or 0):
            device.metrics[name] = Latest(value, ts, "good")
