"""The scope of an account: the devices that it may see and act on. Only this module decides it.

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
"""Maximum number of areas in one set of limits, and maximum number of labels."""


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits of a person, an invitation or an API token: the areas and labels of the devices that it may see.

    A device is visible if it is in any of the areas or has any of the labels. ``areas`` are ids, and include the areas
    inside them. A deleted area includes no device.
    """

    areas: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


class DeviceScope(msgspec.Struct, frozen=True):
    """The devices that a request may see.

    Only the areas and labels that people have set count, not those that a device announces.

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
    """Return the devices that an account may see. A device must be allowed by every item of ``limits``.

    Args:
        owner: Prefix of the scope's key, such as the account's id. The rest of the key is a digest of the limits.
        limits: For example, the limits of the account and of its API token. An item that is ``None`` allows all
            devices.
        within: Returns the given area ids and the ids of all areas inside these areas.
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
    """Return a function that returns the devices that the current connection may see.

    The function can be called later and in another task. It then still answers for this connection, and takes changes
    of the account's limits into account.
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
