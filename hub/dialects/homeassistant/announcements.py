"""What has been announced, by device and by topic: the only place where this dialect's knowledge changes.

Knows no message; an announcement comes here read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from hub.dialects.base import Action, Subscribe, Unsubscribe
from hub.dialects.homeassistant.discovery import Announced, is_wild
from hub.dialects.homeassistant.entities import Entity, Watched
from hub.dialects.homeassistant.names import titles
from hub.dialects.homeassistant.readings import EntityReading
from hub.dialects.homeassistant.template import ValueTemplate, template
from hub.errors import Rejected
from hub.model import Info
from hub.topics import covers, matches

MAX_PLACES = 50_000
"""Announcements kept; a Home Assistant of a large house has some thousands."""
MAX_METRICS = 256
"""Of one device."""
MAX_REMEMBERED = 50_000
"""Topics that filters with wildcards have been tried on."""


class StoredAnnouncement(msgspec.Struct, frozen=True):
    """One announcement, read: ``id`` and ``native_id`` of its device, ``digest`` of the payload that it came as."""

    id: str
    native_id: str
    digest: bytes
    device: Announced
    entities: tuple[Entity, ...]

    @property
    def topics(self) -> set[str]:
        heard = {reading.topic for each in self.entities for reading in each.readings}
        return heard | {watched.topic for each in self.entities for watched in each.watched}


class Route(msgspec.Struct, frozen=True):
    """What to do with a message on a topic: one reading of one device, with its compiled template."""

    device: str
    reading: EntityReading
    template: ValueTemplate | None


Pairs = list[tuple[str, Watched]]


class Listeners(NamedTuple):
    """What there is to do with a message on one topic."""

    routes: Sequence[Route] = ()
    watched: Sequence[tuple[str, Watched]] = ()


_UNHEARD = Listeners()


class Announcements:
    """All that is announced. ``place`` is the topic of an announcement without the prefix and ``/config``.

    ``routes`` and ``watched`` go by topics as they were announced, of which some have wildcards (``_filters``).
    """

    def __init__(self) -> None:
        self._places: dict[str, StoredAnnouncement] = {}
        self._members: dict[str, dict[str, StoredAnnouncement]] = {}
        self._aliases: dict[str, str] = {}
        self._status: dict[str, tuple[bool, int]] = {}
        self._turn = 0
        self.routes: dict[str, list[Route]] = {}
        self.watched: dict[str, Pairs] = {}
        self._filters: set[str] = set()
        self._matched: dict[str, Listeners] = {}

    def at(self, place: str) -> StoredAnnouncement | None:
        return self._places.get(place)

    def hears(self, topic: str) -> bool:
        """Return True for a topic that was announced in so many words."""
        return topic in self.routes or topic in self.watched

    def listeners(self, topic: str) -> Listeners:
        """Return what a message on ``topic`` means, by its own name and by all filters that match it."""
        if not self._filters:
            return Listeners(self.routes.get(topic, ()), self.watched.get(topic, ())) if self.hears(topic) else _UNHEARD
        found = self._matched.get(topic)
        if found is None:
            if len(self._matched) >= MAX_REMEMBERED:
                self._matched.clear()
            names = [topic, *sorted(each for each in self._filters if matches(each, topic))]
            routes = [route for name in names for route in self.routes.get(name, ())]
            watched = [pair for name in names for pair in self.watched.get(name, ())]
            found = self._matched[topic] = Listeners(routes, watched) if routes or watched else _UNHEARD
        return found

    def timed(self) -> Iterator[tuple[str, EntityReading]]:
        """The readings that the time alone may change, with their devices."""
        for routes in self.routes.values():
            for route in routes:
                if route.reading.expires or route.reading.falls:
                    yield route.device, route.reading

    # -- who is who -------------------------------------------------------------------------------------------------

    def whose(self, announced: Announced) -> tuple[str, str]:
        """The id and native id: those of the device that has one of these aliases already, else its own."""
        for alias in announced.aliases:
            known = self._aliases.get(alias)
            if known is not None and self._members.get(known):
                return known, self.native_id(known)
        return announced.id, announced.native_id

    def native_id(self, device: str) -> str:
        return next(iter(self._members[device].values())).native_id

    def beside(self, device: str, place: str) -> list[StoredAnnouncement]:
        """Return what is announced of a device elsewhere than at ``place``."""
        return [kept for at, kept in self._members.get(device, {}).items() if at != place]

    def info(self, device: str, place: str, kept: StoredAnnouncement | None) -> Info:
        """The description of a device once ``kept`` (or nothing) stands at ``place``; later words win."""
        members = {at: each for at, each in self._members.get(device, {}).items() if at != place}
        if kept is not None:
            members[place] = kept
        said: dict[str, Any] = {}
        units: dict[str, str] = {}
        commands: dict[str, dict[str, Any]] = {}
        for each in members.values():
            for field in ("name", "manufacturer", "model", "firmware", "area", "via"):
                if (value := getattr(each.device, field)) is not None:
                    said[field] = value
            for entity in each.entities:
                units |= entity.units
                commands |= entity.commands
        via = said.pop("via", None)
        names = [entity.names for each in members.values() for entity in each.entities]
        return Info(
            **said,
            via=self._via(via),
            units=units,
            commands=commands,
            titles=titles([said.get("name", ""), *(each.native_id for each in members.values())], names),
            classes={metric: found for each in names for metric, found in each.classes.items()},
            categories={metric: found for each in names for metric, found in each.categories.items()},
            max_silence=_max_silence([r for each in members.values() for e in each.entities for r in e.readings]),
        )

    def _via(self, native_id: str | None) -> str | None:
        if native_id is None:
            return None
        return self._aliases.get(f"id/{native_id}") or Announced(native_id).id

    def room(self, place: str, kept: StoredAnnouncement) -> None:
        """Raises Rejected (``too_many_devices``, ``too_many_metrics``) where it would be one too many."""
        if place not in self._places and len(self._places) >= MAX_PLACES:
            raise Rejected("too_many_devices", f"At most {MAX_PLACES} announcements are kept.")
        beside = [each for at, each in self._members.get(kept.id, {}).items() if at != place]
        metrics = {r.metric for each in (*beside, kept) for entity in each.entities for r in entity.readings}
        if len(metrics) > MAX_METRICS:
            raise Rejected("too_many_metrics", f"A device has at most {MAX_METRICS} metrics.")

    # -- who is there -------------------------------------------------------------------------------------------------

    def presence(self, device: str, now: dict[str, bool]) -> tuple[bool | None, list[str]]:
        """Whether a device is there, given what its topics say and ``now`` (by the keys of :func:`status_key`) says;
        None if they do not tell. And the metrics of those entities that are away while the device is not."""
        entities = [entity for kept in self._members.get(device, {}).values() for entity in kept.entities]
        there = [self._available(entity, now) for entity in entities]
        if entities and all(each is False for each in there):
            return False, []
        away = [
            r.metric for entity, each in zip(entities, there, strict=True) if each is False for r in entity.readings
        ]
        return (True if True in there else None), away

    def _available(self, entity: Entity, now: dict[str, bool]) -> bool | None:
        keys = [status_key(watched) for watched in entity.watched]
        fresh = next((now[key] for key in keys if key in now), None)
        if entity.mode == "latest":
            known = [self._status[key] for key in keys if key in self._status]
            return fresh if fresh is not None else max(known, key=lambda each: each[1])[0] if known else None
        said = [now[key] if key in now else self._status.get(key, (None, 0))[0] for key in keys]
        decided = entity.mode == "any"  # one of these words is enough for it
        if decided in said:
            return decided
        return (not decided) if said and None not in said else None

    def says(self, key: str, online: bool | None) -> None:
        """A topic has spoken; None forgets it."""
        self._status.pop(key, None)
        if online is not None:
            self._turn += 1
            self._status[key] = (online, self._turn)

    def said(self, key: str) -> bool | None:
        return self._status.get(key, (None, 0))[0]

    def alone(self, kept: StoredAnnouncement, watched: Watched) -> bool:
        """True if nobody else watches the same topic in the same words."""
        own = sum(entity.watched.count(watched) for entity in kept.entities)
        return sum(other == watched for _, other in self.watched[watched.topic]) == own

    # -- what changes -------------------------------------------------------------------------------------------------

    def put(self, place: str, kept: StoredAnnouncement | None) -> Iterable[Action]:
        """Let ``kept`` (or nothing) stand at ``place``; what has to be subscribed and given up for it."""
        before = self._places.pop(place, None)
        old = before.topics if before is not None else set()
        if before is not None:
            self._remove(place, before)
        if kept is not None:
            self._add(place, kept)
        new = kept.topics if kept is not None else set()
        self._matched.clear()
        gone = {topic for topic in old - new if not self.hears(topic)}
        wanted = new - old
        # A broker may send a message once for each filter that it fits: what a wider one brings is not asked for.
        wider, freed = set(filter(is_wild, wanted)), set(filter(is_wild, gone))
        self._filters = (self._filters | wider) - freed
        if wider or freed:
            heard = (self.routes.keys() | self.watched.keys()) - wanted
            gone |= {topic for topic in heard if _covered(topic, wider)}
            wanted |= {topic for topic in heard if _covered(topic, freed)}
        if self._filters:
            wanted = {topic for topic in wanted if not _covered(topic, self._filters)}
        effects: list[Action] = [Subscribe(tuple(sorted(wanted)))] if wanted else []
        return [*effects, Unsubscribe(tuple(sorted(gone)))] if gone else effects

    def _add(self, place: str, kept: StoredAnnouncement) -> None:
        self._places[place] = kept
        self._members.setdefault(kept.id, {})[place] = kept
        self._aliases |= dict.fromkeys(kept.device.aliases, kept.id)
        for entity in kept.entities:
            for reading in entity.readings:
                compiled = template(reading.template) if reading.template else None
                self.routes.setdefault(reading.topic, []).append(Route(kept.id, reading, compiled))
            for watched in entity.watched:
                self.watched.setdefault(watched.topic, []).append((kept.id, watched))

    def _remove(self, place: str, kept: StoredAnnouncement) -> None:
        members = self._members[kept.id]
        del members[place]
        if not members:
            del self._members[kept.id]
            for alias in [alias for alias, device in self._aliases.items() if device == kept.id]:
                del self._aliases[alias]
        for entity in kept.entities:
            for reading in entity.readings:
                left = [r for r in self.routes[reading.topic] if (r.device, r.reading) != (kept.id, reading)]
                _keep(self.routes, reading.topic, left)
            for watched in entity.watched:
                pairs = list(self.watched[watched.topic])
                pairs.remove((kept.id, watched))
                _keep(self.watched, watched.topic, pairs)


def _covered(topic: str, filters: set[str]) -> bool:
    return any(each != topic and covers(each, topic) for each in filters)


def _max_silence(readings: Sequence[EntityReading]) -> float | None:
    """Return for how many seconds a device may be silent all of whose states expire; None where one does not."""
    states = [reading.expires for reading in readings if not reading.happens]
    return min(states) / 1000 if states and all(states) else None


def _keep(index: dict[str, list[Any]], topic: str, left: list[Any]) -> None:
    if left:
        index[topic] = left
    else:
        index.pop(topic, None)


def status_key(watched: Watched) -> str:
    """What an availability topic's last word is kept by: two entities may understand one topic differently."""
    return hashlib.blake2b(msgspec.json.encode(watched), digest_size=12).hexdigest()
