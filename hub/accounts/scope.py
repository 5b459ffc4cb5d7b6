"""Which devices an account may see and act on: the only module that decides it.

The API sets the scope of each request and connection (:func:`viewing`). Code that reads devices, alerts or the history
for people uses the views of :mod:`hub.services.visible`, which apply :func:`current_scope`. The hub's own tasks see all
devices.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256

import msgspec

from hub.model import Device

MAX_LIMITS = 50
"""Maximum number of areas in one set of limits. The maximum number of labels is the same."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of a person, an invitation or an API token: the devices in any of these areas or with any of these labels.

    ``areas`` are ids; the areas inside them are included. A deleted area includes no device.
    """

    areas: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


class DeviceScope(msgspec.Struct, frozen=True):
    """The devices that a request may see.

    Only areas and labels that people have set count. Areas and labels that a device announces do not.

    Attributes:
        parts: Pairs of a set of area ids and a set of labels. A pair selects the devices in any of the areas and the
            devices with any of the labels. The scope includes the devices that every pair selects. If there are no
            pairs, the scope includes all devices.
        key: Identifies the scope in stored data. It is empty if the scope includes all devices.
    """

    parts: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()
    key: str = ""

    @property
    def whole(self) -> bool:
        """Return whether the scope has all devices of the hub."""
        return not self.parts

    def includes(self, device: Device) -> bool:
        """Return whether the scope has this device."""
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
    """Return which devices an account may see: those that all of its ``limits`` allow.

    None among the limits allows all devices. ``within`` takes ids of areas, and returns them with the ids of all areas
    inside them. ``owner`` is the beginning of the scope's key, which is different for different limits.
    """
    given = [each for each in limits if each is not None]
    if not given:
        return EVERYTHING
    digest = sha256(msgspec.json.encode(given)).hexdigest()[:12]
    return DeviceScope(tuple((within(each.areas), frozenset(each.labels)) for each in given), f"{owner}.{digest}")


def current_scope() -> DeviceScope:
    """Return the devices that the current request or connection may see; for the hub's own tasks, all devices."""
    return _viewer.get()()


def current_viewer() -> Callable[[], DeviceScope]:
    """Return a function that returns the scope which the current connection has at the time of the call.

    A task that serves several connections keeps one such function for each.
    """
    return _viewer.get()


@contextmanager
def viewing(find: Callable[[], DeviceScope]) -> Iterator[None]:
    """Let :func:`current_scope` return what ``find`` returns, inside the block and in tasks that the block starts."""
    token = _viewer.set(find)
    try:
        yield
    finally:
        _viewer.reset(token)
