"""Which devices an account may see and act on: the one place that decides it.

The API sets the scope of each request and connection (:func:`viewing`). Everything that reads devices, alerts or the
history on behalf of people does so through the views of :mod:`hub.services.visible`, which ask :func:`current_scope`.
The hub's own tasks see everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256

import msgspec

from hub.model import Device

MAX_LIMITS = 50
"""Areas, and labels, that an account can be limited to."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of a person, an invitation or an API token: devices of these areas, and devices with these labels.

    ``areas`` are ids; the areas inside them are included. A deleted area includes no device.
    """

    areas: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


class DeviceScope(msgspec.Struct, frozen=True):
    """The devices that a request may see: those in all of the ``parts``. A part is a pair of area ids and labels.

    Only areas and labels that people have set count, not those that a device announces. ``key`` identifies
    the scope in stored data; it is empty for the whole hub.
    """

    parts: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()
    key: str = ""

    @property
    def whole(self) -> bool:
        """Return whether this is the whole hub."""
        return not self.parts

    def includes(self, device: Device) -> bool:
        """Return whether the device may be seen."""
        return all(
            device.area_id in areas or not labels.isdisjoint(device.labels or ()) for areas, labels in self.parts
        )


EVERYTHING = DeviceScope()
NOTHING = DeviceScope(((frozenset(), frozenset()),), "nobody")


def everything() -> DeviceScope:
    """Return the scope of accounts without limits: all devices."""
    return EVERYTHING


_viewer: ContextVar[Callable[[], DeviceScope]] = ContextVar("viewer", default=everything)


def scope_of(
    owner: str, limits: Iterable[Limits | None], within: Callable[[Iterable[str]], frozenset[str]]
) -> DeviceScope:
    """Return the scope of an account: the devices that are within each of these limits.

    ``within`` returns the ids of areas and of the areas inside them.
    """
    given = [each for each in limits if each is not None]
    if not given:
        return EVERYTHING
    digest = sha256(msgspec.json.encode(given)).hexdigest()[:12]
    return DeviceScope(tuple((within(each.areas), frozenset(each.labels)) for each in given), f"{owner}.{digest}")


def current_scope() -> DeviceScope:
    """Return the current scope of this request or connection; the whole hub for the hub's own tasks."""
    return _viewer.get()()


def current_viewer() -> Callable[[], DeviceScope]:
    """Return a function that returns this connection's current scope, for tasks that serve several connections."""
    return _viewer.get()


@contextmanager
def viewing(find: Callable[[], DeviceScope]) -> Iterator[None]:
    """Limit the views to the scope that ``find`` returns, in this task and the tasks that it starts."""
    token = _viewer.set(find)
    try:
        yield
    finally:
        _viewer.reset(token)
