"""Home Assistant MQTT discovery: ``PREFIX/COMPONENT/[NODE/]OBJECT/config`` and ``PREFIX/device/OBJECT/config``.

The entities of one device are one device of the hub; a metric is an entity's ``unique_id``, the parts of an entity
stand below it (``lamp.brightness``). Topics that belong to another dialect are left to it: what is announced both
ways is one device, and nobody takes the topics of another. An announcement is kept as it came.

Source: the Home Assistant documentation, "MQTT".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

import msgspec

from hub.dialects.base import Action, DialectState, Result, View
from hub.dialects.homeassistant.announcements import Announcements, StoredAnnouncement, status_key
from hub.dialects.homeassistant.decoding import DecodedMessage
from hub.dialects.homeassistant.discovery import Component, is_wild, read_discovery
from hub.dialects.homeassistant.entities import Entity, Watched, entity
from hub.dialects.homeassistant.options import faults
from hub.dialects.payload import rejection
from hub.dialects.times import when
from hub.errors import Rejected
from hub.model import Availability, Identity, RawMessage, Record, Rejection, ValueExpired
from hub.topics import covers, overlap

MAX_PAYLOAD = 65_536
"""Of a message to be read: a template may hold it some times over."""
MAX_REFUSED = 64
"""Rejections of one announcement that are shown."""
_PLACE, _STATUS = "place/", "status/"
"""Keys of what is learnt."""


class _Learnt(msgspec.Struct, frozen=True):
    id: str
    native_id: str
    payload: bytes


class HomeAssistantDialect:
    """``prefix`` is Home Assistant's discovery prefix. ``taken`` tells the topics that other dialects read, which they
    subscribe to by the filters ``reserved``."""

    name = "homeassistant"

    def __init__(
        self,
        prefix: str = "homeassistant",
        taken: Callable[[str], bool] = lambda topic: False,
        reserved: Sequence[str] = (),
    ) -> None:
        self._prefix = prefix + "/"
        self._taken = taken
        every = (*reserved, f"{prefix}/#")
        self._reserved = [one for one in every if not any(one != each and covers(each, one) for each in every)]
        self._devices = Announcements()

    @property
    def filters(self) -> Sequence[str]:
        return [f"{self._prefix}+/+/config", f"{self._prefix}+/+/+/config"]

    def owns(self, topic: str) -> bool:
        return self._heard(topic) or self._announces(topic)

    def _heard(self, topic: str) -> bool:
        """Return True for a topic of an entity; a filter with wildcards gives nobody the topics of announcements."""
        if self._devices.hears(topic):
            return True
        return not topic.startswith(self._prefix) and self._devices.listeners(topic) != ((), ())

    def _announces(self, topic: str) -> bool:
        return topic.startswith(self._prefix) and topic.endswith("/config") and topic.count("/", len(self._prefix)) < 4

    def decode(self, message: RawMessage, view: View) -> Result:
        if self._heard(message.topic):
            return self._says(message, view)
        return self._announcement(message, view)

    # -- who is there -----------------------------------------------------------------------------------------------

    def _announcement(self, sent: RawMessage, view: View) -> Result:
        place = sent.topic.removeprefix(self._prefix).removesuffix("/config")
        before = self._devices.at(place)
        digest = _digest(sent.payload)
        if before is not None and before.digest == digest and view.known(before.id):
            return Result()  # the broker or the device repeats itself
        told = read_discovery(place, sent.payload)
        if told.keeps:
            return Result()
        entities, refused = self._entities(sent, told.components)
        if refused and not entities and place.partition("/")[0] != "device":
            raise Rejected(refused[0].reason, refused[0].detail)
        if not entities:
            return self._withdrawn(sent, place, before, refused)
        kept = StoredAnnouncement(*self._devices.whose(told.device), digest, told.device, entities)
        self._devices.room(place, kept)
        changes = [DialectState(_PLACE + place, msgspec.msgpack.encode(_Learnt(kept.id, kept.native_id, sent.payload)))]
        identities = [self._identity(kept.id, kept.native_id, place, kept)]
        if before is None:
            return Result(identities=identities, changes=changes, rejections=refused)
        changes += self._unheard(before, kept)
        if before.id != kept.id:
            identities.append(self._identity(before.id, before.native_id, place, None))
        return self._left(sent, place, before, kept, Result((), identities, changes=changes, rejections=refused))

    def _entities(
        self, sent: RawMessage, components: Sequence[Component]
    ) -> tuple[tuple[Entity, ...], list[Rejection]]:
        found: list[Entity] = []
        refused: list[Rejection] = []
        for component in components:
            try:
                own = self._own(entity(component))
                if own is not None:
                    found.append(own)
                    refused += [rejection(sent, fault) for fault in faults(component.kind, component.config)]
            except Rejected as error:
                refused.append(rejection(sent, error))
        return tuple(found), refused[:MAX_REFUSED]

    def _own(self, found: Entity | None) -> Entity | None:
        """None for an entity that another dialect reads. Raises Rejected (``topic_taken``) for one in between."""
        if found is None:
            return None
        topics = {r.topic for r in found.readings} | {c["topic"] for c in found.commands.values()}
        for topic in filter(is_wild, topics):
            self._keep_apart(topic)
        foreign = {topic for topic in topics if self._foreign(topic)}
        if foreign == topics:
            return None
        if foreign:
            raise Rejected("topic_taken", f"{min(foreign)[:100]!r} belongs to another kind of device.")
        watched = tuple(each for each in found.watched if not self._foreign(each.topic))
        for topic in filter(is_wild, {each.topic for each in watched}):
            self._keep_apart(topic)
        return msgspec.structs.replace(found, watched=watched)

    def _keep_apart(self, topic: str) -> None:
        """Raises Rejected (``topic_taken``) for a filter that reaches into topics of other dialects.

        Where one of both begins with a wildcard it is not refused: it is heard where no other dialect reads.
        """
        for other in self._reserved:
            if (
                not other.startswith("+")
                and not ("#" in other and topic.startswith("+"))
                and overlap(topic, other)
                and not covers(other, topic)
            ):
                raise Rejected("topic_taken", f"{topic[:100]!r} reaches into {other}, which another dialect reads.")

    def _foreign(self, topic: str) -> bool:
        if is_wild(topic):
            one = topic.replace("+", "x").replace("#", "x")  # of those that it matches
            return self._taken(one) or any(covers(other, topic) for other in self._reserved)
        return self._announces(topic) or topic == f"{self._prefix}status" or self._taken(topic)

    def _withdrawn(
        self, sent: RawMessage, place: str, before: StoredAnnouncement | None, refused: list[Rejection]
    ) -> Result:
        """What it measured is not known any more; the device stays, with its history."""
        if before is None:
            return Result(rejections=refused)
        identities = (self._identity(before.id, before.native_id, place, None),)
        changes = (DialectState(_PLACE + place, None), *self._unheard(before, None))
        return self._left(sent, place, before, None, Result((), identities, changes=changes, rejections=refused))

    def _left(
        self, sent: RawMessage, place: str, before: StoredAnnouncement, after: StoredAnnouncement | None, result: Result
    ) -> Result:
        """Return ``result`` with what the device loses that was announced here before."""
        others = self._devices.beside(before.id, place)
        if after is not None and after.id == before.id:
            others.append(after)
        kept = {entity.metric for each in others for entity in each.entities}
        left = [entity.metric for entity in before.entities if entity.metric not in kept]
        expirations = [ValueExpired(before.id, metric, sent.received, parts=True, withdrawn=True) for metric in left]
        return msgspec.structs.replace(result, expirations=expirations, gone=() if others else (before.id,))

    def _unheard(self, before: StoredAnnouncement, after: StoredAnnouncement | None) -> list[DialectState]:
        """The last words of availability topics that nobody listens to any more."""
        kept = {watched for each in (after.entities if after else ()) for watched in each.watched}
        gone = {watched for each in before.entities for watched in each.watched} - kept
        return [DialectState(_STATUS + status_key(each), None) for each in gone if self._devices.alone(before, each)]

    def _identity(self, device: str, native_id: str, place: str, kept: StoredAnnouncement | None) -> Identity:
        return Identity(device, native_id, self.name, self._devices.info(device, place, kept))

    # -- what it says -----------------------------------------------------------------------------------------------

    def _says(self, sent: RawMessage, view: View) -> Result:
        if not sent.payload:
            return Result()  # something retained was taken back
        if len(sent.payload) > MAX_PAYLOAD:
            raise Rejected("too_large", f"At most {MAX_PAYLOAD} bytes are taken here.")
        try:
            text = sent.payload.decode().strip()
        except UnicodeDecodeError as error:
            raise Rejected("not_utf8", "The payload is not UTF-8 text.") from error
        routes, watched = self._devices.listeners(sent.topic)
        said = DecodedMessage(sent, text)
        for route in routes:
            said.read(route)
        ts, quality = when(None, sent.received, retained=sent.retained)
        # On a topic that several share, who is not spoken of has not spoken.
        alone = len({route.device for route in routes}) == 1
        speakers = {routes[0].device: said.values.get(routes[0].device, {})} if alone else said.values
        records = [Record(device, ts, sent.received, values, quality) for device, values in speakers.items()]
        present = list(self._present(said, watched)) if watched else []
        heard = {*speakers, *(each.device for each in present)} if present else speakers
        return Result(
            records=records,
            identities=[self._introduced(device) for device in heard if not view.known(device)],
            availability=present,
            changes=said.changes,
            expirations=() if sent.retained else said.expirations,
            rejections=said.rejections,
        )

    def _introduced(self, device: str) -> Identity:
        return Identity(device, self._devices.native_id(device), self.name, self._devices.info(device, "", None))

    def _present(self, said: DecodedMessage, pairs: Sequence[tuple[str, Watched]]) -> Iterator[Availability]:
        """What an availability topic means for the devices that watch it."""
        now: dict[str, bool] = {}
        for _, watched in pairs:
            online = said.available(watched)
            if online is not None:
                key = status_key(watched)
                now[key] = online
                if self._devices.said(key) != online:
                    said.changes.append(DialectState(_STATUS + key, b"1" if online else b"0"))
        for device in dict.fromkeys(device for device, _ in pairs) if now else ():
            online, away = self._devices.presence(device, now)
            said.expirations += [ValueExpired(device, metric, said.sent.received) for metric in away]
            if online is not None:
                yield Availability(device, online, said.sent.retained, said.sent.received, announces_offline=True)

    # -- what was learnt --------------------------------------------------------------------------------------------

    def apply(self, change: DialectState) -> Sequence[Action]:
        if change.key.startswith(_STATUS):
            self._devices.says(change.key.removeprefix(_STATUS), None if change.value is None else change.value == b"1")
            return ()
        place = change.key.removeprefix(_PLACE)
        try:
            kept = None if change.value is None else self._kept(place, change.value)
        except msgspec.MsgspecError:
            self._devices.put(place, None)
            raise
        return list(self._devices.put(place, kept))

    def _kept(self, place: str, value: bytes) -> StoredAnnouncement | None:
        """None for what this version would refuse: it is retained and comes again."""
        learnt = msgspec.msgpack.decode(value, type=_Learnt)
        try:
            told = read_discovery(place, learnt.payload)
        except Rejected:
            return None
        entities, _ = self._entities(RawMessage("", b"", 0), told.components)
        if not entities:
            return None
        return StoredAnnouncement(learnt.id, learnt.native_id, _digest(learnt.payload), told.device, entities)

    def tick(self, view: View, now: int) -> Result:
        """``expire_after`` has run out, or ``off_delay`` is over."""
        expirations: list[ValueExpired] = []
        records: list[Record] = []
        for device, reading in self._devices.timed():
            latest = view.latest(device, reading.metric)
            if latest is None or latest.quality in ("unknown", "retained"):
                continue
            if reading.expires and latest.ts + reading.expires <= now:
                expirations.append(ValueExpired(device, reading.metric, now))
            elif reading.falls and latest.value is True and latest.ts + reading.falls <= now:
                records.append(Record(device, now, now, {reading.metric: False}, live=False))
        return Result(records=records, expirations=expirations) if expirations or records else Result()


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=16).digest()
