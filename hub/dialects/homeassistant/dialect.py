"""Home Assistant MQTT discovery: ``PREFIX/COMPONENT/[NODE/]OBJECT/config`` and ``PREFIX/device/OBJECT/config``.

All entities of a device become one device of the hub. A metric is named by its entity's ``unique_id``; parts of an
entity are metrics below it (``lamp.brightness``). Entities whose topics belong to another dialect are left to that
dialect, so that a device with two announcements exists only once. Announcements are stored with their original payload.

Source: the Home Assistant documentation, "MQTT".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import cast

import msgspec

from hub.dialects.base import Action, DialectState, Result, View
from hub.dialects.homeassistant.announcements import Announcements, StoredAnnouncement
from hub.dialects.homeassistant.availability import status_key
from hub.dialects.homeassistant.decoding import DecodedMessage
from hub.dialects.homeassistant.discovery import Component, is_wild, read_discovery
from hub.dialects.homeassistant.entities import Entity, Watched, entity
from hub.dialects.homeassistant.options import faults
from hub.dialects.payload import rejection, text_of
from hub.dialects.times import when
from hub.errors import Rejected, RejectionReason
from hub.model import Availability, Identity, RawMessage, Record, Rejection, ValueExpired
from hub.topics import covers, is_own, overlap

MAX_PAYLOAD = 65_536
"""Maximum size of a state message in bytes. It is low because a template may repeat the message several times."""
MAX_REJECTIONS = 64
"""Maximum number of rejections that are reported for one announcement."""
_PLACE, _STATUS = "place/", "status/"
"""Prefixes of the keys of the dialect's stored state: announcements by place, and states of availability topics."""


class _State(msgspec.Struct, frozen=True):
    id: str
    native_id: str
    payload: bytes


class HomeAssistantDialect:
    """Dialect of Home Assistant MQTT discovery.

    Args:
        prefix: Home Assistant's discovery prefix.
        taken: Returns True for a topic that another dialect owns.
        reserved: The topic filters of the other dialects.
    """

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
        return self._is_entity_topic(topic) or self._is_announcement(topic)

    def _is_entity_topic(self, topic: str) -> bool:
        """Return True for a topic of an entity. Below the discovery prefix, filters with wildcards do not count."""
        if self._devices.hears(topic):
            return True
        return not topic.startswith(self._prefix) and self._devices.listeners(topic) != ((), ())

    def _is_announcement(self, topic: str) -> bool:
        return topic.startswith(self._prefix) and topic.endswith("/config") and topic.count("/", len(self._prefix)) < 4

    def decode(self, message: RawMessage, view: View) -> Result:
        if self._is_entity_topic(message.topic):
            return self._entity_message(message, view)
        return self._announcement(message, view)

    # -- announcements ----------------------------------------------------------------------------------------------

    def _announcement(self, message: RawMessage, view: View) -> Result:
        place = message.topic.removeprefix(self._prefix).removesuffix("/config")
        before = self._devices.at(place)
        digest = _digest(message.payload)
        if before is not None and before.digest == digest and view.known(before.id):
            return Result()  # unchanged
        parsed = read_discovery(place, message.payload)
        if parsed.migrating:
            return Result()
        entities, rejected = self._entities(message, parsed.components)
        if rejected and not entities and place.partition("/")[0] != "device":
            raise Rejected(cast(RejectionReason, rejected[0].reason), rejected[0].detail)
        if not entities:
            return self._withdrawn(message, place, before, rejected)
        new = StoredAnnouncement(*self._devices.ids_of(parsed.device), digest, parsed.device, entities)
        self._devices.check_limits(place, new)
        changes = [DialectState(_PLACE + place, msgspec.msgpack.encode(_State(new.id, new.native_id, message.payload)))]
        identities = [self._identity(new.id, new.native_id, place, new)]
        if before is None:
            return Result(identities=identities, changes=changes, rejections=rejected)
        changes += self._unused_states(before, new)
        if before.id != new.id:
            identities.append(self._identity(before.id, before.native_id, place, None))
        result = Result((), identities, changes=changes, rejections=rejected)
        return self._with_removed(message, place, before, new, result)

    def _entities(
        self, message: RawMessage, components: Sequence[Component]
    ) -> tuple[tuple[Entity, ...], list[Rejection]]:
        """Return the announced entities that this dialect can decode, and a rejection for each invalid one."""
        found: list[Entity] = []
        rejected: list[Rejection] = []
        for component in components:
            try:
                own = self._without_foreign_topics(entity(component))
                if own is not None:
                    found.append(own)
                    rejected += [rejection(message, fault) for fault in faults(component.kind, component.config)]
            except Rejected as error:
                rejected.append(rejection(message, error))
        return tuple(found), rejected[:MAX_REJECTIONS]

    def _without_foreign_topics(self, found: Entity | None) -> Entity | None:
        """Return ``found``; None if other dialects own its topics. Raises Rejected if they own only some of them."""
        if found is None:
            return None
        topics = {r.topic for r in found.readings} | {c["topic"] for c in found.commands.values()}
        for topic in filter(is_wild, topics):
            self._check_overlap(topic)
        foreign = {topic for topic in topics if self._foreign(topic)}
        if foreign == topics:
            return None
        if foreign:
            raise Rejected("topic_taken", f"The topic {min(foreign)[:100]!r} belongs to another dialect of the hub.")
        watched = tuple(each for each in found.watched if not self._foreign(each.topic))
        for topic in filter(is_wild, {each.topic for each in watched}):
            self._check_overlap(topic)
        return msgspec.structs.replace(found, watched=watched)

    def _check_overlap(self, topic: str) -> None:
        """Raise Rejected (``topic_taken``) if the filter ``topic`` partly overlaps the filters of other dialects."""
        # An overlap in which either filter begins with a wildcard is accepted: this dialect then gets only the topics
        # that no other owns.
        for other in self._reserved:
            if (
                not other.startswith("+")
                and not ("#" in other and topic.startswith("+"))
                and overlap(topic, other)
                and not covers(other, topic)
            ):
                problem = f"The topic {topic[:100]!r} overlaps with {other}"
                raise Rejected("topic_taken", f"{problem}, which belongs to another dialect of the hub.")

    def _foreign(self, topic: str) -> bool:
        if is_wild(topic):
            one = topic.replace("+", "x").replace("#", "x")  # one topic that it matches
            return self._taken(one) or any(covers(other, topic) for other in self._reserved)
        return topic == f"{self._prefix}status" or self._is_announcement(topic) or is_own(topic) or self._taken(topic)

    def _withdrawn(
        self, message: RawMessage, place: str, before: StoredAnnouncement | None, rejected: list[Rejection]
    ) -> Result:
        """Return the result of removing an announcement: its metrics lose their values. Device and history are kept."""
        if before is None:
            return Result(rejections=rejected)
        identities = (self._identity(before.id, before.native_id, place, None),)
        changes = (DialectState(_PLACE + place, None), *self._unused_states(before, None))
        result = Result((), identities, changes=changes, rejections=rejected)
        return self._with_removed(message, place, before, None, result)

    def _with_removed(
        self,
        message: RawMessage,
        place: str,
        before: StoredAnnouncement,
        after: StoredAnnouncement | None,
        result: Result,
    ) -> Result:
        """Add to ``result`` an event that ends the value of each metric that was announced before but is not now."""
        others = self._devices.others(before.id, place)
        if after is not None and after.id == before.id:
            others.append(after)
        current = {entity.metric for each in others for entity in each.entities}
        removed = [entity.metric for entity in before.entities if entity.metric not in current]
        expirations = [ValueExpired(before.id, each, message.received, parts=True, withdrawn=True) for each in removed]
        return msgspec.structs.replace(result, expirations=expirations, gone=() if others else (before.id,))

    def _unused_states(self, before: StoredAnnouncement, after: StoredAnnouncement | None) -> list[DialectState]:
        """Return changes that delete the stored states of availability topics which no remaining entity uses."""
        used = {watched for each in (after.entities if after else ()) for watched in each.watched}
        removed = {watched for each in before.entities for watched in each.watched} - used
        unused = [each for each in removed if self._devices.only_watcher(before, each)]
        return [DialectState(_STATUS + status_key(each), None) for each in unused]

    def _identity(self, device: str, native_id: str, place: str, new: StoredAnnouncement | None) -> Identity:
        return Identity(device, native_id, self.name, self._devices.info(device, place, new))

    # -- messages of entities ---------------------------------------------------------------------------------------

    def _entity_message(self, message: RawMessage, view: View) -> Result:
        if not message.payload:
            return Result()  # a retained message was deleted
        if len(message.payload) > MAX_PAYLOAD:
            raise Rejected("too_large", f"The payload is too large: at most {MAX_PAYLOAD} bytes are allowed.")
        # An object may have single texts that are not UTF-8. Only those are rejected, not the whole message.
        is_object = message.payload[:1] == b"{"
        text = (message.payload.decode(errors="replace") if is_object else text_of(message.payload)).strip()
        routes, watched = self._devices.listeners(message.topic)
        decoded = DecodedMessage(message, text)
        for route in routes:
            decoded.read(route)
        ts, quality = when(None, message.received, retained=message.retained)
        # If several devices share the topic, only those with a value in the message have sent it.
        single = len({route.device for route in routes}) == 1
        senders = {routes[0].device: decoded.values.get(routes[0].device, {})} if single else decoded.values
        records = [Record(device, ts, message.received, values, quality) for device, values in senders.items()]
        availability = list(self._availability(decoded, watched)) if watched else []
        devices = {*senders, *(each.device for each in availability)} if availability else senders
        return Result(
            records=records,
            identities=[self._known_identity(device) for device in devices if not view.known(device)],
            availability=availability,
            changes=decoded.changes,
            expirations=() if message.retained else decoded.expirations,
            rejections=decoded.rejections,
        )

    def _known_identity(self, device: str) -> Identity:
        return Identity(device, self._devices.native_id(device), self.name, self._devices.info(device, "", None))

    def _availability(self, decoded: DecodedMessage, pairs: Sequence[tuple[str, Watched]]) -> Iterator[Availability]:
        """Yield the new availability of each device in ``pairs`` (device id and availability topic)."""
        now: dict[str, bool] = {}
        message = decoded.message
        for device, watched in dict.fromkeys(pairs):
            if (online := decoded.available(watched)) is not None:
                key = status_key(watched)
                now[key] = online
                if self._devices.is_news(device, watched, online, retained=message.retained):
                    decoded.changes.append(DialectState(_STATUS + key, b"1" if online else b"0"))
        for device in dict.fromkeys(device for device, _ in pairs) if now else ():
            online, unavailable = self._devices.presence(device, now)
            decoded.expirations += [ValueExpired(device, metric, message.received) for metric in unavailable]
            if online is not None:
                yield Availability(device, online, message.retained, message.received, announces_offline=True)

    # -- state ------------------------------------------------------------------------------------------------------

    def apply(self, change: DialectState) -> Sequence[Action]:
        if change.key.startswith(_STATUS):
            online = None if change.value is None else change.value == b"1"
            self._devices.states.set(change.key.removeprefix(_STATUS), online)
            return ()
        place = change.key.removeprefix(_PLACE)
        try:
            stored = None if change.value is None else self._parse_state(place, change.value)
        except msgspec.MsgspecError:
            self._devices.put(place, None)
            raise
        return list(self._devices.put(place, stored))

    def _parse_state(self, place: str, value: bytes) -> StoredAnnouncement | None:
        """Decode a stored announcement. Return None if this version of the hub considers it invalid."""
        state = msgspec.msgpack.decode(value, type=_State)
        try:
            parsed = read_discovery(place, state.payload)
        except Rejected:
            return None
        entities, _ = self._entities(RawMessage("", b"", 0), parsed.components)
        if not entities:
            return None
        return StoredAnnouncement(state.id, state.native_id, _digest(state.payload), parsed.device, entities)

    def tick(self, view: View, now: int) -> Result:
        """Return values that expire now by ``expire_after``, and booleans that become false now by ``off_delay``."""
        expirations: list[ValueExpired] = []
        records: list[Record] = []
        for device, reading in self._devices.timed():
            latest = view.latest(device, reading.metric)
            if latest is None or latest.quality in ("unknown", "retained"):
                continue
            if reading.expires and latest.ts + reading.expires <= now:
                expirations.append(ValueExpired(device, reading.metric, now))
            elif reading.off_delay and latest.value is True and latest.ts + reading.off_delay <= now:
                records.append(Record(device, now, now, {reading.metric: False}, live=False))
        return Result(records=records, expirations=expirations) if expirations or records else Result()


def _digest(payload: bytes) -> bytes:
    return hashlib.blake2b(payload, digest_size=16).digest()
