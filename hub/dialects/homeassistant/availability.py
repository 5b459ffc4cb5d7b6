"""Store the last state of each availability topic, and determine from these states whether an entity is available."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from hub.dialects.homeassistant.entities import Entity, Watched


def status_key(watched: Watched) -> str:
    """Return the key under which the state of an availability topic is stored; it depends on topic and payloads."""
    return hashlib.blake2b(msgspec.json.encode(watched), digest_size=12).hexdigest()


class AvailabilityStates:
    """The last state of each availability topic, in the order in which they were reported."""

    def __init__(self) -> None:
        self._states: dict[str, tuple[bool, int]] = {}  # by status_key: (online, sequence number)
        self._turn = 0

    def set(self, key: str, online: bool | None) -> None:
        """Store whether the topic with this :func:`status_key` last reported online. None deletes the stored value."""
        self._states.pop(key, None)
        if online is not None:
            self._turn += 1
            self._states[key] = (online, self._turn)

    def is_news(self, watched: Watched, online: bool, entities: Iterable[Entity], *, retained: bool) -> bool:
        """Return True if a report on the topic ``watched`` has to be stored.

        This is so if the state of the topic changes. It is also so if the latest report on any of an entity's topics
        counts, and the last such report was on another topic.
        """
        state, turn = self._states.get(status_key(watched), (None, 0))
        if retained or state != online:
            return state != online  # a retained message only repeats an earlier report
        others = {
            other
            for entity in entities
            if entity.mode == "latest" and len(entity.watched) > 1 and watched in entity.watched
            for other in entity.watched
        }
        return any(self._states.get(status_key(other), (None, 0))[1] > turn for other in others)

    def available(self, entity: Entity, now: dict[str, bool]) -> bool | None:
        """Return whether ``entity`` is available, None if it is not known.

        ``now`` has what the current message says about availability topics, by :func:`status_key`: True means
        available.
        """
        keys = [status_key(watched) for watched in entity.watched]
        current = next((now[key] for key in keys if key in now), None)
        if entity.mode == "latest":
            known = [self._states[key] for key in keys if key in self._states]
            return current if current is not None else max(known, key=lambda each: each[1])[0] if known else None
        states = [now[key] if key in now else self._states.get(key, (None, 0))[0] for key in keys]
        decisive = entity.mode == "any"  # "any": one True is enough; "all": one False is enough
        if decisive in states:
            return decisive
        return (not decisive) if states and None not in states else None
