"""State of the Home Assistant dialect: all announcements, by device and by topic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from hub.dialects.base import Action, Subscribe, Unsubscribe
from hub.dialects.homeassistant.availability import AvailabilityStates
from hub.dialects.homeassistant.discovery import Announced, is_wild
from hub.dialects.homeassistant.entities import Entity, Watched
from hub.dialects.homeassistant.names import titles
from hub.dialects.homeassistant.readings import EntityReading
from hub.dialects.homeassistant.reporting import device_reporting
from hub.dialects.homeassistant.template import ValueTemplate, template
from hub.errors import Rejected
from hub.model import Info
from hub.topics import covers, matches

MAX_ANNOUNCEMENTS = 50_000
"""Maximum number of announcements. A large house has some thousands."""
MAX_METRICS = 256
"""Maximum number of metrics of one device."""
MAX_CACHED = 50_000
"""Maximum number of topics in the cache of matching routes."""


class StoredAnnouncement(msgspec.Struct, frozen=True):
    """A parsed announcement, with the ids of its device and a hash of its payload."""

    id: str
    native_id: str
    digest: bytes
    device: Announced
    entities: tuple[Entity, ...]

    @property
    def topics(self) -> set[str]:
        state_topics = {reading.topic for each in self.entities for reading in each.readings}
        return state_topics | {watched.topic for each in self.entities for watched in each.watched}


class Route(msgspec.Struct, frozen=True):
    """How to decode messages on one topic as values of one device, with the compiled template if there is one."""

    device: str
    reading: EntityReading
    template: ValueTemplate | None


Pairs = list[tuple[str, Watched]]  # (device id, availability topic)


class Listeners(NamedTuple):
    """What a message on one topic reports: readings (``routes``), and the availability of devices (``watched``)."""

    routes: Sequence[Route] = ()
    watched: Sequence[tuple[str, Watched]] = ()


_NO_LISTENERS = Listeners()


class Announcements:
    """All announcements. Their ``place`` is their topic without the discovery prefix and ``/config``."""

    def __init__(self) -> None:
        self._places: dict[str, StoredAnnouncement] = {}
        self._members: dict[str, dict[str, StoredAnnouncement]] = {}  # by device, then by place
        self._aliases: dict[str, str] = {}  # device by alias
        self.states = AvailabilityStates()
        self.routes: dict[str, list[Route]] = {}  # by topic or filter as announced
        self.watched: dict[str, Pairs] = {}  # availability topics, keyed like routes
        self._filters: set[str] = set()  # keys of ``routes`` and ``watched`` with wildcards
        self._matched: dict[str, Listeners] = {}  # cache by topic

    def at(self, place: str) -> StoredAnnouncement | None:
        return self._places.get(place)

    def hears(self, topic: str) -> bool:
        """Return True if an announcement names exactly this topic. Filters with wildcards do not count."""
        return topic in self.routes or topic in self.watched

    def listeners(self, topic: str) -> Listeners:
        """Return the readings and availabilities announced for ``topic``, exactly or by a filter that matches it."""
        if not self._filters:
            return (
                Listeners(self.routes.get(topic, ()), self.watched.get(topic, ()))
                if self.hears(topic)
                else _NO_LISTENERS
            )
        found = self._matched.get(topic)
        if found is None:
            if len(self._matched) >= MAX_CACHED:
                self._matched.clear()
            names = [topic, *sorted(each for each in self._filters if matches(each, topic))]
            routes = [route for name in names for route in self.routes.get(name, ())]
            watched = [pair for name in names for pair in self.watched.get(name, ())]
            found = self._matched[topic] = Listeners(routes, watched) if routes or watched else _NO_LISTENERS
        return found

    def timed(self) -> Iterator[tuple[str, EntityReading]]:
        """Yield (device id, reading) for each reading with ``expire_after`` or ``off_delay``."""
        for routes in self.routes.values():
            for route in routes:
                if route.reading.expires or route.reading.off_delay:
                    yield route.device, route.reading

    # -- identity and description -----------------------------------------------------------------------------------

    def ids_of(self, announced: Announced) -> tuple[str, str]:
        """Return the id and the native id of the known device to which an announcement belongs.

        This is a device that shares an alias with ``announced``. If there is none, return the ids in ``announced``.
        """
        for alias in announced.aliases:
            known = self._aliases.get(alias)
            if known is not None and self._members.get(known):
                return known, self.native_id(known)
        return announced.id, announced.native_id

    def native_id(self, device: str) -> str:
        return next(iter(self._members[device].values())).native_id

    def others(self, device: str, place: str) -> list[StoredAnnouncement]:
        """Return the announcements of a device except the one at ``place``."""
        return [each for other, each in self._members.get(device, {}).items() if other != place]

    def info(self, device: str, place: str, new: StoredAnnouncement | None) -> Info:
        """Return a device's description from its announcements, with ``new`` (None: none) as the one at ``place``.

        If several announcements of the device set the same field, the last one applies.
        """
        members = {other: each for other, each in self._members.get(device, {}).items() if other != place}
        if new is not None:
            members[place] = new
        fields: dict[str, Any] = {}
        units: dict[str, str] = {}
        commands: dict[str, dict[str, Any]] = {}
        for each in members.values():
            for field in ("name", "manufacturer", "model", "firmware", "area", "via"):
                if (value := getattr(each.device, field)) is not None:
                    fields[field] = value
            for entity in each.entities:
                units |= entity.units
                commands |= entity.commands
        via = fields.pop("via", None)
        names = [entity.names for each in members.values() for entity in each.entities]
        return Info(
            **fields,
            via=self._via(via),
            units=units,
            commands=commands,
            titles=titles([fields.get("name", ""), *(each.native_id for each in members.values())], names),
            classes={metric: found for each in names for metric, found in each.classes.items()},
            categories={metric: found for each in names for metric, found in each.categories.items()},
            max_silence=_max_silence([r for each in members.values() for e in each.entities for r in e.readings]),
            reports=device_reporting(entity.reporting for each in members.values() for entity in each.entities),
        )

    def _via(self, native_id: str | None) -> str | None:
        if native_id is None:
            return None
        return self._aliases.get(f"id/{native_id}") or Announced(native_id).id

    def check_limits(self, place: str, new: StoredAnnouncement) -> None:
        """Raise Rejected (``too_many_devices``, ``too_many_metrics``) if adding ``new`` would exceed the limits."""
        if place not in self._places and len(self._places) >= MAX_ANNOUNCEMENTS:
            raise Rejected("too_many_devices", f"At most {MAX_ANNOUNCEMENTS} announcements are allowed.")
        announcements = (*self.others(new.id, place), new)
        metrics = {r.metric for each in announcements for entity in each.entities for r in entity.readings}
        if len(metrics) > MAX_METRICS:
            raise Rejected("too_many_metrics", f"A device may have at most {MAX_METRICS} metrics.")

    # -- availability -------------------------------------------------------------------------------------------------

    def presence(self, device: str, now: dict[str, bool]) -> tuple[bool | None, list[str]]:
        """Return whether a device is online, and the metrics of its unavailable entities.

        Args:
            device: The device's id.
            now: What the current message says about availability topics, by ``status_key``: True means available.

        Returns:
            A pair. The first item is True or False, or None if it is not known whether the device is online. The
            second item has the metrics; it is empty if the whole device is offline.
        """
        entities = self._entities(device)
        available = [self.states.available(entity, now) for entity in entities]
        if entities and all(each is False for each in available):
            return False, []
        unavailable = [
            r.metric for entity, each in zip(entities, available, strict=True) if each is False for r in entity.readings
        ]
        return (True if True in available else None), unavailable

    def _entities(self, device: str) -> list[Entity]:
        return [entity for each in self._members.get(device, {}).values() for entity in each.entities]

    def is_news(self, device: str, watched: Watched, online: bool, *, retained: bool) -> bool:
        """Return True if ``online``, a report on the availability topic ``watched`` of a device, has to be stored."""
        return self.states.is_news(watched, online, self._entities(device), retained=retained)

    def only_watcher(self, announcement: StoredAnnouncement, watched: Watched) -> bool:
        """Return True if no other announcement has the availability topic ``watched`` with the same payloads."""
        own = sum(entity.watched.count(watched) for entity in announcement.entities)
        return sum(other == watched for _, other in self.watched[watched.topic]) == own

    # -- changes ------------------------------------------------------------------------------------------------------

    def put(self, place: str, new: StoredAnnouncement | None) -> Iterable[Action]:
        """Store the announcement at ``place``; None for ``new`` removes it. Return the (un)subscriptions to make."""
        before = self._places.pop(place, None)
        old_topics = before.topics if before is not None else set()
        if before is not None:
            self._remove(place, before)
        if new is not None:
            self._add(place, new)
        new_topics = new.topics if new is not None else set()
        self._matched.clear()
        removed = {topic for topic in old_topics - new_topics if not self.hears(topic)}
        added = new_topics - old_topics
        # A broker may deliver a message once per matching filter, so topics that a wider filter covers are left out.
        wider, freed = set(filter(is_wild, added)), set(filter(is_wild, removed))
        self._filters = (self._filters | wider) - freed
        if wider or freed:
            existing = (self.routes.keys() | self.watched.keys()) - added
            removed |= {topic for topic in existing if _covered(topic, wider)}
            added |= {topic for topic in existing if _covered(topic, freed)}
        if self._filters:
            added = {topic for topic in added if not _covered(topic, self._filters)}
        effects: list[Action] = [Subscribe(tuple(sorted(added)))] if added else []
        return [*effects, Unsubscribe(tuple(sorted(removed)))] if removed else effects

    def _add(self, place: str, new: StoredAnnouncement) -> None:
        self._places[place] = new
        self._members.setdefault(new.id, {})[place] = new
        self._aliases |= dict.fromkeys(new.device.aliases, new.id)
        for entity in new.entities:
            for reading in entity.readings:
                compiled = template(reading.template) if reading.template else None
                self.routes.setdefault(reading.topic, []).append(Route(new.id, reading, compiled))
            for watched in entity.watched:
                self.watched.setdefault(watched.topic, []).append((new.id, watched))

    def _remove(self, place: str, old: StoredAnnouncement) -> None:
        members = self._members[old.id]
        del members[place]
        if not members:
            del self._members[old.id]
            for alias in [alias for alias, device in self._aliases.items() if device == old.id]:
                del self._aliases[alias]
        for entity in old.entities:
            for reading in entity.readings:
                routes = [r for r in self.routes[reading.topic] if (r.device, r.reading) != (old.id, reading)]
                _set_or_delete(self.routes, reading.topic, routes)
            for watched in entity.watched:
                pairs = list(self.watched[watched.topic])
                pairs.remove((old.id, watched))
                _set_or_delete(self.watched, watched.topic, pairs)


def _covered(topic: str, filters: set[str]) -> bool:
    return any(each != topic and covers(each, topic) for each in filters)


def _max_silence(readings: Sequence[EntityReading]) -> float | None:
    """Return the shortest expiry time of an entity's states, in seconds.

    Return None if there are no states, or if one of them never expires.
    """
    states = [reading.expires for reading in readings if not reading.is_event]
    return min(states) / 1000 if states and all(states) else None


def _set_or_delete(index: dict[str, list[Any]], topic: str, items: list[Any]) -> None:
    if items:
        index[topic] = items
    else:
        index.pop(topic, None)
