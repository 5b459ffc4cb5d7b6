"""Which topics are steady, and what their devices have said since they were looked at last."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from hub.dedupe import Window
from hub.dialects import MAX_BYTES, Layout
from hub.model import Device, FleetLimits, Latest, RawMessage, Sheet
from hub.steady.columns import Heard
from hub.steady.lane import Lane

log = logging.getLogger(__name__)

LANES = 256
"""Layouts that may be steady at the same time; each costs a pass over its columns in every batch."""
RUN = 3
"""Messages in a row that must have been of the usual kind; twice as many after each surprise."""
PATIENCE = 4_096
STAYED_MS = 60_000
"""A surprise after so long is none to hold against a topic."""
TOPICS = 200_000
_numbers = itertools.count(1)
"""Of the lanes: never given twice in a process, since a store remembers the series of a lane's rows by it."""
Bounds = Callable[[], tuple[Sequence[float], Sequence[float]] | None]
"""Asks for the least and the greatest value of each metric by which no rule is moved."""


class Topic:
    """A topic on its way: ``lane`` and ``row`` once it is steady, ``since`` when; before that ``run`` counts what it
    has shown of the ``need``."""

    __slots__ = ("device", "lane", "need", "row", "run", "since")

    def __init__(self, device: str) -> None:
        self.device = device
        self.lane: Lane | None = None
        self.row = 0
        self.run = 0
        self.need = RUN
        self.since = 0


class Steady:
    """Kept by the fleet, fed by the decider. A device is *in* while any of its topics is steady: what stands in the
    columns is then the truth, and :meth:`settle` brings the device up to it."""

    def __init__(self, window: Window, limits: FleetLimits) -> None:
        self._heard = Heard(window, limits)
        self.connected = 0
        self._lanes: dict[Layout, Lane] = {}
        self._topics: dict[str, Topic] = {}
        self._steady: dict[str, Topic] = {}
        self._in: dict[str, tuple[int, dict[str, Topic]]] = {}
        self._waiting: list[Lane] = []
        self._logged: set[type[Exception]] = set()

    def __contains__(self, device: str) -> bool:
        return device in self._in

    def take(self, message: RawMessage) -> bool:
        """Put it where others like it wait for :meth:`flush`; False if it has to go the usual way."""
        topic = self._steady.get(message.topic)
        if topic is None or topic.lane is None or message.retained or len(message.payload) > MAX_BYTES:
            return False
        lane = topic.lane
        try:
            found = msgspec.structs.astuple(lane.decode(message.payload))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return False
        if not lane.messages:
            self._waiting.append(lane)
        lane.messages.append(message)
        lane.found.append(found)
        lane.waiting.append(topic.row)
        return True

    def flush(self) -> tuple[list[Sheet], list[RawMessage]]:
        """Take up all that waits; and what of it has to go the usual way after all."""
        sheets: list[Sheet] = []
        left: list[RawMessage] = []
        waiting, self._waiting = self._waiting, []
        for lane in waiting:
            messages = lane.messages
            try:
                sheet, others = lane.flush(self._heard, self.connected)
            except Exception as error:  # a fault of ours must cost time only, never a message or the loop
                if type(error) not in self._logged:
                    self._logged.add(type(error))
                    log.exception("Steady telemetry could not be processed together. It is processed one by one.")
                sheet, others = None, messages
            left += others
            if sheet is not None:
                sheets.append(sheet)
        return sheets, left

    @property
    def waiting(self) -> int:
        """How many messages wait for :meth:`flush`."""
        return sum(len(lane.messages) for lane in self._waiting)

    # -- coming and going -------------------------------------------------------------------------------------

    def offer(self, topic: str, layout: Layout, device: Device, due: int, bounds: Bounds) -> None:
        """One more message of the usual kind has come the usual way; it may be enough to let the topic in. ``due`` is
        when the device's silence will be looked at; ``bounds`` is for the metrics of the layout in their order."""
        known = self._topics.get(topic)
        if known is None or known.device != device.id:
            if len(self._topics) >= TOPICS:
                self._topics = dict(self._steady)
            known = self._topics[topic] = Topic(device.id)
        known.run += 1
        if known.run < known.need or not layout.numeric:
            return
        lane = self._lane(layout)
        if lane is None or (limits := bounds()) is None:
            known.run = 0
            return
        place = self._heard.place(device, due)
        known.since = device.last_seen or 0
        lane.topics += 1
        last = max((device.metrics[name].ts for name in lane.names if name in device.metrics), default=0)
        known.lane, known.row = lane, lane.row(device.id, place, last, *limits)
        self._steady[topic] = known
        self._in.setdefault(device.id, (place, {}))[1][topic] = known

    def _lane(self, layout: Layout) -> Lane | None:
        """The lane of this layout; None where no more can be open, and every one is in use."""
        lane = self._lanes.get(layout)
        if lane is None:
            if len(self._lanes) >= LANES:
                self._lanes = {each: used for each, used in self._lanes.items() if used.topics or used.messages}
            if len(self._lanes) >= LANES:
                return None
            lane = self._lanes[layout] = Lane(next(_numbers), layout)
        return lane

    def leave(self, device: Device) -> None:
        """From now on its messages go the usual way, until they have been of the usual kind for a while."""
        self.settle(device)
        _, topics = self._in.pop(device.id, (0, {}))
        for name, topic in topics.items():
            del self._steady[name]
            if topic.lane is not None:
                topic.lane.topics -= 1
            topic.lane, topic.run = None, 0
            topic.need = RUN if (device.last_seen or 0) - topic.since > STAYED_MS else min(PATIENCE, 2 * topic.need)

    def leave_all(self, find: Callable[[str], Device]) -> None:
        for name in list(self._in):
            self.leave(find(name))

    def forget(self, device: Device) -> None:
        """It is deleted: whatever comes by its name is another one."""
        self.leave(device)
        for lane in self._lanes.values():
            lane.rows.pop(device.id, None)

    def look(self, device: str, due: int) -> None:
        """The device's silence will be looked at then."""
        if (known := self._in.get(device)) is not None:
            self._heard.looks[known[0]] = due

    # -- what devices are told ----------------------------------------------------------------------------------

    def settle(self, device: Device) -> None:
        """Bring the device up to what its messages have said."""
        known = self._in.get(device.id)
        if known is None or not self._heard.ahead[known[0]]:
            return
        heard, (place, topics) = self._heard, known
        heard.ahead[place] = False
        heard.tell(device, place)
        for topic in topics.values():
            if topic.lane is not None:
                _tell(device.metrics, topic.lane, topic.row)

    def rhythm(self, device: Device) -> float | None:
        """Its rhythm, without settling anything."""
        known = self._in.get(device.id)
        return device.rhythm if known is None else self._heard.rhythm_at(known[0])

    def settle_all(self, devices: Mapping[str, Device]) -> None:
        for name in self._in:
            self.settle(devices[name])

    def take_quicker(self) -> list[tuple[str, int]]:
        """The devices whose silence has to be looked at earlier than was thought, and when."""
        quicker, self._heard.quicker = self._heard.quicker, []
        return quicker


def _tell(metrics: dict[str, Latest], lane: Lane, row: int) -> None:
    ts = int(lane.ts[row])
    for name, value in zip(lane.names, lane.values[row].tolist(), strict=True):
        latest = metrics.get(name)
        if latest is None or ts >= latest.ts:
            metrics[name] = Latest(value, ts, "good")
