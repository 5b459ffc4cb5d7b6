"""Sparkplug B 3.0: ``spBv1.0/GROUP/TYPE/NODE[/DEVICE]``, decoded as by a host application.

A birth certificate declares the metrics of an edge node or of a device behind it. Data messages have only what changed,
often by alias. The messages of an edge node are numbered from 0 to 255. If a number is missing, or data come before a
birth, the hub requests a rebirth, at most once a minute, and still uses the metrics that it knows. A death whose
``bdSeq`` is older than the ``bdSeq`` of the last birth is ignored, because a broker may deliver an old will late.

Host applications publish their presence on ``spBv1.0/STATE/HOST`` (3.0) or ``STATE/HOST`` (2.2). In the hub they are
devices without metrics. The hub publishes no STATE, since it is not a primary host that edge nodes wait for.

Source: the Sparkplug 3.0 specification, 4 "Topics", 5 "Operational behavior" and 6 "Payloads".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized

import msgspec

from hub.dialects.base import Action, DialectState, Publish, Result, View
from hub.dialects.payload import telemetry_object
from hub.dialects.sparkplug import wire
from hub.dialects.sparkplug.births import REBIRTH, SESSION, Birth, parse_birth
from hub.dialects.sparkplug.readings import decode_metrics
from hub.dialects.sparkplug.wire import Fields
from hub.errors import Rejected
from hub.model import Availability, Identity, Info, RawMessage, ValueExpired
from hub.topics import slug

NAMESPACE = "spBv1.0"
MAX_BYTES = 2 * 1_048_576
"""Maximum size of a message in bytes. The birth of a large edge node has about 50 bytes per metric."""
MAX_KEPT = 20_000
MAX_CACHED = 100_000
REBIRTH_EVERY = 60_000
"""Least time between two rebirth requests to one node, in ms: births are large, and some nodes ignore the request."""
_STATE = "STATE/"
_TYPES = {"NBIRTH": 3, "NDATA": 3, "NDEATH": 3, "NCMD": 3, "DBIRTH": 4, "DDATA": 4, "DDEATH": 4, "DCMD": 4}
"""Message types, with the number of levels that their topics have below the namespace."""
_BIRTH, _EDGE, _HOST = "birth/", "edge/", "host/"
"""Prefixes of the keys of the dialect's stored state."""
_UNKNOWN, _UNBORN = -1, Birth({})


class Edge(msgspec.Struct, frozen=True, array_like=True):
    """What the hub knows about the current session of an edge node."""

    seq: int = _UNKNOWN  # of its last message
    session: int = _UNKNOWN  # the ``bdSeq`` of its birth
    asked: int = 0  # when a rebirth was last requested, in epoch ms


class SparkplugTopic(msgspec.Struct, frozen=True, gc=False):
    """The parts of a topic. ``edge`` is GROUP/NODE, ``native_id`` is GROUP/NODE or GROUP/NODE/DEVICE."""

    kind: str
    edge: str
    native_id: str
    device: str


class SparkplugDialect:
    """Dialect of Sparkplug B. ``namespace`` is the first level of its topics."""

    name = "sparkplug"

    def __init__(self, namespace: str = NAMESPACE) -> None:
        self._prefix = namespace + "/"
        self._topics: dict[str, SparkplugTopic] = {}  # cache by topic
        self._edges: dict[str, Edge] = {}  # by GROUP/NODE
        self._births: dict[str, Birth] = {}  # by native id
        self._former: dict[str, Birth] = {}  # births of nodes and devices that died, until their rebirth
        self._members: dict[str, set[str]] = {}  # native ids with a birth, by edge node
        self._hosts: dict[str, int] = {}  # host applications with the time of their last STATE

    @property
    def filters(self) -> Sequence[str]:
        return [f"{self._prefix}#", f"{_STATE}+"]

    def owns(self, topic: str) -> bool:
        return topic.startswith(self._prefix) or (topic.startswith(_STATE) and topic.count("/") == 1)

    def decode(self, message: RawMessage, view: View) -> Result:
        topic = self._topics.get(message.topic) or self._parse_topic(message.topic)
        if not message.payload or (kind := topic.kind) in ("NCMD", "DCMD"):
            return Result()  # a deleted retained message, or a command of a host
        if kind == "STATE":
            return self._host(message, topic)
        if len(message.payload) > MAX_BYTES:
            raise Rejected(
                "too_large", f"The payload is too large: at most {MAX_BYTES} bytes are allowed in Sparkplug."
            )
        own, metrics = wire.payload(message.payload)
        if kind in ("NDATA", "DDATA"):
            return self._data(message, topic, own, metrics, view)
        if kind in ("NBIRTH", "DBIRTH"):
            return self._birth(message, topic, own, metrics, view)
        return self._death(message, topic, own, metrics, view)

    def _check_limit(self, kept: Sized) -> None:
        if len(kept) >= MAX_KEPT:
            raise Rejected("too_many_devices", f"At most {MAX_KEPT} Sparkplug nodes and devices are allowed.")

    def _parse_topic(self, name: str) -> SparkplugTopic:
        """Parse a topic. The result is cached: there are far fewer topics than messages. Raises Rejected."""
        levels = name.removeprefix(self._prefix).split("/")
        if levels[0] == "STATE" and len(levels) == 2:
            topic = SparkplugTopic("STATE", "", levels[1], slug(name.removeprefix(self._prefix)))
        elif len(levels) < 2 or _TYPES.get(levels[1]) != len(levels) or not all(levels) or levels[0] == "STATE":
            raise Rejected("bad_topic", f"The topic must be {self._prefix}GROUP/TYPE/NODE or …/NODE/DEVICE.")
        else:
            group, kind, *ids = levels
            native_id = "/".join((group, *ids))
            topic = SparkplugTopic(kind, f"{group}/{ids[0]}", native_id, slug(native_id))
        if len(self._topics) >= MAX_CACHED:
            self._topics.clear()
        self._topics[name] = topic
        return topic

    # -- births and deaths ------------------------------------------------------------------------------------

    def _birth(
        self, message: RawMessage, topic: SparkplugTopic, own: Fields, metrics: Sequence[Fields], view: View
    ) -> Result:
        if topic.native_id not in self._births:
            self._check_limit(self._births)
        group, _, rest = topic.native_id.partition("/")
        birth = parse_birth(metrics, f"{self._prefix}{group}/{topic.kind[0]}CMD/{rest}")
        changes = [DialectState(_BIRTH + topic.native_id, msgspec.json.encode(birth))]
        effects: Sequence[Action] = ()
        if message.retained:
            changes = [] if topic.native_id in self._births else changes  # it may be old, but is better than none
        elif topic.kind == "NBIRTH":
            asked = self._edges.get(topic.edge, Edge()).asked
            session = Edge(own.get(wire.SEQ, _UNKNOWN), _session(metrics), asked)
            # It invalidates the births of the node's devices, which publish new ones.
            changes = [*self._forget_births(topic.edge), *changes, _edge_state(topic.edge, session)]
        else:
            counts, effects = self._count(message, topic, own)
            changes += counts
        read = decode_metrics(message, topic.device, birth, own, metrics, born=True)
        online = Availability(topic.device, True, message.retained, message.received, announces_offline=True)
        identities = (*self._gateway(topic, view), self._identity(topic, birth))
        before = self._births.get(topic.native_id) or self._former.get(topic.native_id, _UNBORN)
        expirations = _expired(message, topic, read.unknown)
        dropped = sorted(before.types.keys() - birth.types.keys())
        expirations += [ValueExpired(topic.device, name, message.received, withdrawn=True) for name in dropped]
        return Result(read.records, identities, (online,), (), (), changes, effects, read.rejections, expirations)

    def _death(
        self, message: RawMessage, topic: SparkplugTopic, own: Fields, metrics: Sequence[Fields], view: View
    ) -> Result:
        """Decode a death certificate. If an edge node has died, all its devices are offline, too."""
        changes: list[DialectState] = []
        effects: Sequence[Action] = ()
        gone = {topic.native_id}
        if topic.kind == "DDEATH":
            changes, effects = self._count(message, topic, own)
            if topic.native_id in self._births:
                changes.append(DialectState(_BIRTH + topic.native_id, None))
        else:
            edge = self._edges.get(topic.edge, Edge())
            died = _session(metrics)
            if _UNKNOWN not in (died, edge.session) and 0 < (edge.session - died) % 256 < 128:
                return Result()  # the late will of an earlier session
            gone |= self._members.get(topic.edge, set())
            changes = [*self._forget_births(topic.edge), _edge_state(topic.edge, Edge(asked=edge.asked))]
        known = (slug(each) for each in sorted(gone) if each == topic.native_id or view.known(slug(each)))
        offline = [Availability(device, False, message.retained, message.received) for device in known]
        heard = (slug(topic.edge),) if topic.kind == "DDEATH" else ()  # the broker sends the death of an edge node
        return Result((), self._unborn_identities(topic, view), offline, (), (), changes, effects, heard=heard)

    def _forget_births(self, edge: str) -> Iterator[DialectState]:
        return (DialectState(_BIRTH + native_id, None) for native_id in sorted(self._members.get(edge, ())))

    # -- data -------------------------------------------------------------------------------------------------

    def _data(
        self, message: RawMessage, topic: SparkplugTopic, own: Fields, metrics: Sequence[Fields], view: View
    ) -> Result:
        birth = self._births.get(topic.native_id)
        read = decode_metrics(message, topic.device, birth or _UNBORN, own, metrics)
        changes, effects = self._count(message, topic, own, lost=birth is None or read.lost)
        identities = () if view.known(topic.device) or not read.records else self._unborn_identities(topic, view)
        expirations = _expired(message, topic, read.unknown)
        heard = () if read.records else (topic.device,)
        return Result(read.records, identities, (), (), (), changes, effects, read.rejections, expirations, heard=heard)

    def _count(
        self, message: RawMessage, topic: SparkplugTopic, own: Fields, *, lost: bool = False
    ) -> tuple[list[DialectState], Sequence[Action]]:
        """Store the sequence number. Request a rebirth if a number or the birth is missing, or if ``lost`` is True."""
        if message.retained:
            return [], ()
        before = self._edges.get(topic.edge)
        if before is None:
            self._check_limit(self._edges)
            before = Edge()
        seq = own.get(wire.SEQ, _UNKNOWN)
        gap = _UNKNOWN not in (seq, before.seq) and seq != (before.seq + 1) & 0xFF
        asked, effects = before.asked, list[Action]()
        if (lost or gap or topic.edge not in self._births) and abs(message.received - asked) >= REBIRTH_EVERY:
            asked, effects = message.received, [self._rebirth(topic.edge, message.received)]
        return [_edge_state(topic.edge, Edge(seq, before.session, asked))], effects

    def _rebirth(self, edge: str, now: int) -> Publish:
        group, _, node = edge.partition("/")
        return Publish(f"{self._prefix}{group}/NCMD/{node}", wire.command(REBIRTH, None, wire.BOOLEAN, True, now), 0)

    # -- identities -------------------------------------------------------------------------------------------

    def _identity(self, topic: SparkplugTopic, birth: Birth) -> Identity:
        node = topic.native_id == topic.edge
        info = birth.info(topic.native_id.rpartition("/")[2], None if node else slug(topic.edge))
        return Identity(topic.device, topic.native_id, self.name, info)

    def _unborn_identities(self, topic: SparkplugTopic, view: View) -> tuple[Identity, ...]:
        """Return the identities of a device and of its edge node, unless the hub knows them already."""
        if view.known(topic.device):
            return ()
        birth = self._births.get(topic.native_id, _UNBORN)
        return (*self._gateway(topic, view), self._identity(topic, birth))

    def _gateway(self, topic: SparkplugTopic, view: View) -> tuple[Identity, ...]:
        """Return the identity of a device's edge node, or an empty tuple if the hub knows it or it is the sender."""
        node = slug(topic.edge)
        if topic.native_id == topic.edge or view.known(node):
            return ()
        return (Identity(node, topic.edge, self.name, _UNBORN.info(topic.edge.partition("/")[2], None)),)

    def _host(self, message: RawMessage, topic: SparkplugTopic) -> Result:
        """Decode a STATE message: ``{"online": true, "timestamp": …}``, or before 3.0 ``ONLINE`` or ``OFFLINE``."""
        word = message.payload[:16].decode("utf-8", "replace").strip()
        plain, what = word in ("ONLINE", "OFFLINE"), "STATE, if not ONLINE or OFFLINE,"
        body = {"online": word == "ONLINE"} if plain else telemetry_object(message.payload, what)
        online, ts = body.get("online"), body.get("timestamp", 0)
        if not isinstance(online, bool) or not isinstance(ts, int) or ts.bit_length() > 63:
            raise Rejected(
                "bad_value", f'STATE must be ONLINE, OFFLINE or {{"online": true, "timestamp": …}}, not {word!r}.'
            )
        before = self._hosts.get(topic.native_id, 0)
        if 0 < ts < before and not online:
            return Result()  # the late will of an earlier session
        if topic.native_id not in self._hosts:
            self._check_limit(self._hosts)
        changes = () if ts == before else (DialectState(_HOST + topic.native_id, b"%d" % ts),)
        info = Info(name=topic.native_id[:200], model="Sparkplug host application")
        identity = Identity(topic.device, topic.native_id, self.name, info)
        found = Availability(topic.device, online, message.retained, message.received, announces_offline=True)
        return Result(identities=(identity,), availability=(found,), changes=changes)

    # -- state ------------------------------------------------------------------------------------------------

    def apply(self, change: DialectState) -> Sequence[Action]:
        what, _, key = change.key.partition("/")
        if what == "edge":
            self._edges.pop(key, None)
            self._edges[key] = msgspec.json.decode(change.value or b"[]", type=Edge)
        elif what == "birth":
            self._set_birth(key, change.value)
        elif what == "host":
            self._hosts.pop(key, None)
            self._hosts[key] = int(change.value or b"0")
        return ()

    def _set_birth(self, native_id: str, value: bytes | None) -> None:
        edge = "/".join(native_id.split("/")[:2])
        before = self._births.pop(native_id, None)
        self._former.pop(native_id, None)
        self._members.setdefault(edge, set()).discard(native_id)
        if value is not None:
            self._births[native_id] = msgspec.json.decode(value, type=Birth)
            self._members[edge].add(native_id)
            return
        if before is not None and len(self._former) < MAX_KEPT:
            self._former[native_id] = before
        if not self._members[edge]:
            del self._members[edge]

    def tick(self, view: View, now: int) -> Result:
        return Result()


def _expired(message: RawMessage, topic: SparkplugTopic, unknown: Sequence[str]) -> list[ValueExpired]:
    return [ValueExpired(topic.device, name, message.received) for name in unknown]


def _edge_state(edge: str, session: Edge) -> DialectState:
    return DialectState(_EDGE + edge, msgspec.json.encode(session))


def _session(metrics: Sequence[Fields]) -> int:
    """Return the ``bdSeq`` in the metrics of a birth or death certificate; -1 if it is missing."""
    name = SESSION.encode()
    metric = next((m for m in metrics if m.get(wire.NAME) == name), {})
    try:
        value = wire.value(metric, metric.get(wire.DATATYPE) or wire.INT64)
    except Rejected:
        return _UNKNOWN
    return int(value) if isinstance(value, float) else _UNKNOWN
