"""Sparkplug B 3.0: ``spBv1.0/GROUP/TYPE/NODE[/DEVICE]``, as a host application reads it.

A birth certificate declares the metrics of an edge node, or of a device behind it; data repeat only what changed,
often by alias. The messages of an edge node are numbered from 0 to 255: where one is missing, or data come before
their birth, the node is asked to be born again, at most once a minute. What is known is read all the same. A death
whose ``bdSeq`` is older than that of the last birth counts for nothing: a broker may deliver an old will late.

Host applications say whether they are there on ``spBv1.0/STATE/HOST`` (3.0) or ``STATE/HOST`` (2.2): they are devices
with nothing but a presence. The hub publishes no STATE of its own: it is no primary host that edge nodes wait for.

Source: the Sparkplug 3.0 specification, 4 "Topics", 5 "Operational behavior" and 6 "Payloads".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Sized

import msgspec

from hub.dialects.base import Action, DialectState, Publish, Result, View
from hub.dialects.payload import parse_object
from hub.dialects.sparkplug import wire
from hub.dialects.sparkplug.births import REBIRTH, SESSION, Birth, declared
from hub.dialects.sparkplug.readings import decode_metrics
from hub.dialects.sparkplug.wire import Fields
from hub.errors import Rejected
from hub.model import Availability, Identity, Info, RawMessage, ValueExpired
from hub.topics import slug

NAMESPACE = "spBv1.0"
MAX_BYTES = 2 * 1_048_576
"""The birth of a large edge node: some fifty bytes a metric."""
MAX_KEPT = 20_000
MAX_REMEMBERED = 100_000
REBIRTH_EVERY = 60_000
"""ms between two requests to one edge node: a birth is large, and a node may not know how to answer."""
_STATE = "STATE/"
_TYPES = {"NBIRTH": 3, "NDATA": 3, "NDEATH": 3, "NCMD": 3, "DBIRTH": 4, "DDATA": 4, "DDEATH": 4, "DCMD": 4}
"""With the levels of their topics below the namespace."""
_BIRTH, _EDGE, _HOST = "birth/", "edge/", "host/"
"""Keys of what is learnt."""
_UNKNOWN, _UNBORN = -1, Birth({})


class Edge(msgspec.Struct, frozen=True, array_like=True):
    """The session of an edge node: the number of its last message, its birth's ``bdSeq`` (-1 where not known), and
    when it was last asked to be born again."""

    seq: int = _UNKNOWN
    session: int = _UNKNOWN
    asked: int = 0


class SparkplugTopic(msgspec.Struct, frozen=True, gc=False):
    """What a topic is about. ``edge`` is GROUP/NODE, ``native_id`` that or GROUP/NODE/DEVICE."""

    kind: str
    edge: str
    native_id: str
    device: str


class SparkplugDialect:
    """``namespace`` is the first level of its topics."""

    name = "sparkplug"

    def __init__(self, namespace: str = NAMESPACE) -> None:
        self._prefix = namespace + "/"
        self._addresses: dict[str, SparkplugTopic] = {}
        self._edges: dict[str, Edge] = {}
        self._births: dict[str, Birth] = {}
        self._former: dict[str, Birth] = {}  # of those that have died, until they are born again
        self._behind: dict[str, set[str]] = {}
        self._hosts: dict[str, int] = {}

    @property
    def filters(self) -> Sequence[str]:
        return [f"{self._prefix}#", f"{_STATE}+"]

    def owns(self, topic: str) -> bool:
        return topic.startswith(self._prefix) or (topic.startswith(_STATE) and topic.count("/") == 1)

    def decode(self, message: RawMessage, view: View) -> Result:
        address = self._addresses.get(message.topic) or self._address(message.topic)
        kind = address.kind
        if not message.payload or kind in ("NCMD", "DCMD"):
            return Result()  # something retained was taken back, or a host asks for something
        if kind == "STATE":
            return self._host(message, address)
        if len(message.payload) > MAX_BYTES:
            raise Rejected("too_large", f"A Sparkplug payload has at most {MAX_BYTES} bytes.")
        own, metrics = wire.payload(message.payload)
        if kind in ("NDATA", "DDATA"):
            return self._data(message, address, own, metrics, view)
        if kind in ("NBIRTH", "DBIRTH"):
            return self._birth(message, address, own, metrics, view)
        return self._death(message, address, own, metrics, view)

    def _room(self, kept: Sized) -> None:
        if len(kept) >= MAX_KEPT:
            raise Rejected("too_many_devices", f"At most {MAX_KEPT} Sparkplug nodes and devices are kept.")

    def _address(self, topic: str) -> SparkplugTopic:
        """Remembered, since a plant has few topics and many messages. Raises Rejected (``bad_topic``)."""
        levels = topic.removeprefix(self._prefix).split("/")
        if levels[0] == "STATE" and len(levels) == 2:
            address = SparkplugTopic("STATE", "", levels[1], slug(topic.removeprefix(self._prefix)))
        elif len(levels) < 2 or _TYPES.get(levels[1]) != len(levels) or not all(levels) or levels[0] == "STATE":
            raise Rejected("bad_topic", f"Sparkplug's topics are {self._prefix}GROUP/TYPE/NODE and …/NODE/DEVICE.")
        else:
            group, kind, *who = levels
            native_id = "/".join((group, *who))
            address = SparkplugTopic(kind, f"{group}/{who[0]}", native_id, slug(native_id))
        if len(self._addresses) >= MAX_REMEMBERED:
            self._addresses.clear()
        self._addresses[topic] = address
        return address

    # -- births and deaths ------------------------------------------------------------------------------------

    def _birth(
        self, message: RawMessage, address: SparkplugTopic, own: Fields, metrics: Sequence[Fields], view: View
    ) -> Result:
        if address.native_id not in self._births:
            self._room(self._births)
        group, _, who = address.native_id.partition("/")
        birth = declared(metrics, f"{self._prefix}{group}/{address.kind[0]}CMD/{who}")
        changes = [DialectState(_BIRTH + address.native_id, msgspec.json.encode(birth))]
        effects: Sequence[Action] = ()
        if message.retained:
            changes = [] if address.native_id in self._births else changes  # of unknown age: better than none
        elif address.kind == "NBIRTH":
            asked = self._edges.get(address.edge, Edge()).asked
            session = Edge(own.get(wire.SEQ, _UNKNOWN), _session(metrics), asked)
            # A new birth takes back all that was declared: the devices follow with births of their own.
            changes = [*self._forgotten(address.edge), *changes, _kept(address.edge, session)]
        else:
            counted, effects = self._counted(message, address, own)
            changes += counted
        read = decode_metrics(message, address.device, birth, own, metrics, born=True)
        online = Availability(address.device, True, message.retained, message.received, announces_offline=True)
        identities = (*self._gateway(address, view), self._identity(address, birth))
        before = self._births.get(address.native_id) or self._former.get(address.native_id, _UNBORN)
        expirations = _lapses(message, address, read.unknown)
        dropped = sorted(before.types.keys() - birth.types.keys())
        expirations += [ValueExpired(address.device, name, message.received, withdrawn=True) for name in dropped]
        return Result(read.records, identities, (online,), (), (), changes, effects, read.rejections, expirations)

    def _death(
        self, message: RawMessage, address: SparkplugTopic, own: Fields, metrics: Sequence[Fields], view: View
    ) -> Result:
        """An edge node takes its devices with it."""
        changes: list[DialectState] = []
        effects: Sequence[Action] = ()
        gone = {address.native_id}
        if address.kind == "DDEATH":
            changes, effects = self._counted(message, address, own)
            if address.native_id in self._births:
                changes.append(DialectState(_BIRTH + address.native_id, None))
        else:
            edge = self._edges.get(address.edge, Edge())
            died = _session(metrics)
            if _UNKNOWN not in (died, edge.session) and 0 < (edge.session - died) % 256 < 128:
                return Result()  # the will of a session that another has followed
            gone |= self._behind.get(address.edge, set())
            changes = [*self._forgotten(address.edge), _kept(address.edge, Edge(asked=edge.asked))]
        known = (slug(who) for who in sorted(gone) if who == address.native_id or view.known(slug(who)))
        offline = [Availability(device, False, message.retained, message.received) for device in known]
        heard = (slug(address.edge),) if address.kind == "DDEATH" else ()  # a will speaks for an edge node
        return Result((), self._introduced(address, view), offline, (), (), changes, effects, heard=heard)

    def _forgotten(self, edge: str) -> Iterator[DialectState]:
        return (DialectState(_BIRTH + who, None) for who in sorted(self._behind.get(edge, ())))

    # -- data -------------------------------------------------------------------------------------------------

    def _data(
        self, message: RawMessage, address: SparkplugTopic, own: Fields, metrics: Sequence[Fields], view: View
    ) -> Result:
        birth = self._births.get(address.native_id)
        read = decode_metrics(message, address.device, birth or _UNBORN, own, metrics)
        changes, effects = self._counted(message, address, own, lost=birth is None or read.lost)
        identities = () if view.known(address.device) or not read.records else self._introduced(address, view)
        expirations = _lapses(message, address, read.unknown)
        heard = () if read.records else (address.device,)
        return Result(read.records, identities, (), (), (), changes, effects, read.rejections, expirations, heard=heard)

    def _counted(
        self, message: RawMessage, address: SparkplugTopic, own: Fields, *, lost: bool = False
    ) -> tuple[list[DialectState], Sequence[Action]]:
        """Take note of the message's number; ask for a rebirth where it shows that something was missed."""
        if message.retained:
            return [], ()
        before = self._edges.get(address.edge)
        if before is None:
            self._room(self._edges)
            before = Edge()
        seq = own.get(wire.SEQ, _UNKNOWN)
        gap = _UNKNOWN not in (seq, before.seq) and seq != (before.seq + 1) & 0xFF
        asked, effects = before.asked, list[Action]()
        if (lost or gap or address.edge not in self._births) and abs(message.received - asked) >= REBIRTH_EVERY:
            asked, effects = message.received, [self._rebirth(address.edge, message.received)]
        return [_kept(address.edge, Edge(seq, before.session, asked))], effects

    def _rebirth(self, edge: str, now: int) -> Publish:
        group, _, node = edge.partition("/")
        return Publish(f"{self._prefix}{group}/NCMD/{node}", wire.command(REBIRTH, None, wire.BOOLEAN, True, now), 0)

    # -- who they are -----------------------------------------------------------------------------------------

    def _identity(self, address: SparkplugTopic, birth: Birth) -> Identity:
        node = address.native_id == address.edge
        info = birth.info(address.native_id.rpartition("/")[2], None if node else slug(address.edge))
        return Identity(address.device, address.native_id, self.name, info)

    def _introduced(self, address: SparkplugTopic, view: View) -> tuple[Identity, ...]:
        """A device that is met without a birth, and the edge node before it."""
        if view.known(address.device):
            return ()
        birth = self._births.get(address.native_id, _UNBORN)
        return (*self._gateway(address, view), self._identity(address, birth))

    def _gateway(self, address: SparkplugTopic, view: View) -> tuple[Identity, ...]:
        """The edge node of a device, where it has not spoken itself yet."""
        node = slug(address.edge)
        if address.native_id == address.edge or view.known(node):
            return ()
        return (Identity(node, address.edge, self.name, _UNBORN.info(address.edge.partition("/")[2], None)),)

    def _host(self, message: RawMessage, address: SparkplugTopic) -> Result:
        """``{"online": true, "timestamp": …}``, or ``ONLINE`` and ``OFFLINE`` before 3.0."""
        word = message.payload[:16].decode("utf-8", "replace").strip()
        plain, what = word in ("ONLINE", "OFFLINE"), "STATE, if not ONLINE or OFFLINE,"
        said = {"online": word == "ONLINE"} if plain else parse_object(message.payload, what)
        online, at = said.get("online"), said.get("timestamp", 0)
        if not isinstance(online, bool) or not isinstance(at, int):
            raise Rejected(
                "bad_value", f'STATE must be ONLINE, OFFLINE or {{"online": true, "timestamp": …}}, not {word!r}.'
            )
        before = self._hosts.get(address.native_id, 0)
        if 0 < at < before and not online:
            return Result()  # the will of a session that another has followed
        if address.native_id not in self._hosts:
            self._room(self._hosts)
        changes = () if at == before else (DialectState(_HOST + address.native_id, b"%d" % at),)
        info = Info(name=address.native_id[:200], model="Sparkplug host application")
        identity = Identity(address.device, address.native_id, self.name, info)
        there = Availability(address.device, online, message.retained, message.received, announces_offline=True)
        return Result(identities=(identity,), availability=(there,), changes=changes)

    # -- what was learnt --------------------------------------------------------------------------------------

    def apply(self, change: DialectState) -> Sequence[Action]:
        what, _, key = change.key.partition("/")
        if what == "edge":
            self._edges.pop(key, None)
            self._edges[key] = msgspec.json.decode(change.value or b"[]", type=Edge)
        elif what == "birth":
            self._learn(key, change.value)
        elif what == "host":
            self._hosts.pop(key, None)
            self._hosts[key] = int(change.value or b"0")
        return ()

    def _learn(self, who: str, value: bytes | None) -> None:
        edge = "/".join(who.split("/")[:2])
        before = self._births.pop(who, None)
        self._former.pop(who, None)
        self._behind.setdefault(edge, set()).discard(who)
        if value is not None:
            self._births[who] = msgspec.json.decode(value, type=Birth)
            self._behind[edge].add(who)
            return
        if before is not None and len(self._former) < MAX_KEPT:
            self._former[who] = before
        if not self._behind[edge]:
            del self._behind[edge]

    def tick(self, view: View, now: int) -> Result:
        return Result()


def _lapses(message: RawMessage, address: SparkplugTopic, unknown: Sequence[str]) -> list[ValueExpired]:
    return [ValueExpired(address.device, name, message.received) for name in unknown]


def _kept(edge: str, session: Edge) -> DialectState:
    return DialectState(_EDGE + edge, msgspec.json.encode(session))


def _session(metrics: Sequence[Fields]) -> int:
    """The ``bdSeq`` of a birth or a death."""
    name = SESSION.encode()
    metric = next((m for m in metrics if m.get(wire.NAME) == name), {})
    try:
        said = wire.value(metric, metric.get(wire.DATATYPE) or wire.INT64)
    except Rejected:
        return _UNKNOWN
    return int(said) if isinstance(said, float) else _UNKNOWN
