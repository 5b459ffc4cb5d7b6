"""Manage the areas of the site (``areas.json`` in the data folder), and the devices that people assign to them.

An area that a device announces is only a suggestion. It is shown, but does not affect permissions.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from hub.accounts.json_file import JsonFile
from hub.errors import HubError, NotFound
from hub.model import Area, Device, EditDevice, Input, ReplaceAreas
from hub.registry.registry import DeviceRegistry
from hub.runtime.set_aside import is_set_aside
from hub.services.area_tree import AreaTree
from hub.services.visible import VisibleDevices

log = logging.getLogger(__name__)

FILE = "areas.json"
MAX_SUGGESTIONS = 100
AT_ONCE = 200
"""Maximum devices that are edited in one commit when their area changes."""


def stored_areas(data: Path) -> AreaTree:
    """Return the areas in the data folder ``data``, without those that cannot be read."""
    return AreaTree(JsonFile(data / FILE, Area).usable()[0])


class Areas:
    """Creates, changes and deletes areas, and finds them by id or name.

    Changes of devices go through the ingest queue: ``submit`` queues a change, and returns after its commit.
    """

    def __init__(
        self, data: Path, registry: DeviceRegistry, submit: Callable[[Input], Awaitable[Any]], now: Callable[[], int]
    ) -> None:
        self._file = JsonFile(data / FILE, Area)
        self._registry = registry
        self._submit = submit
        self._now = now
        self._changing = asyncio.Lock()
        stored, self.faults = self._file.read_usable()  # the faults are error messages
        self.tree = AreaTree(stored)
        self._restore()

    def within(self, area_ids: Iterable[str]) -> frozenset[str]:
        """Return the ids of these areas and of all areas inside them, at any depth."""
        return self.tree.within(area_ids)

    def suggestions(self) -> list[tuple[str, int]]:
        """Return the areas that devices without an assigned area announce.

        Each item is (name of the area, number of devices that announce it). The area with the most devices is first.
        """
        devices = VisibleDevices(self._registry).devices()
        found = Counter(device.info.area for device in devices if device.area is None and device.info.area)
        return found.most_common(MAX_SUGGESTIONS)

    async def create(self, name: str, parent: str | None = None, *, adopt: bool = False) -> Area:
        """Add an area. With ``adopt``, assign the area to the devices that announce its name and have no assigned area.

        Raises Invalid, NotFound for the parent, Conflict if the name is taken, StoreError.
        """
        async with self._changing:
            tree, area = self.tree.added(name, parent)
            await self._store(tree)
        if adopt:
            await self._assign(area, lambda device: device.area is None and device.info.area == name)
        return area

    async def edit(self, area_id: str, *, name: str | None, place: tuple[str | None, int | None] | None) -> Area:
        """Change the name of an area, or move it to ``place``: a parent, and an index among its children (None: last).

        If ``name`` or ``place`` is None, it stays unchanged. Raises NotFound, Invalid, Conflict if the name is taken,
        StoreError.
        """
        async with self._changing:
            tree = self.tree
            if place is not None:
                parent, order = place
                tree = tree.moved(area_id, parent, len(tree) if order is None else order)
            if name is not None:
                tree = tree.renamed(area_id, name)
            await self._store(tree)
            area = tree.require(area_id)
            if name is not None:
                await self._assign(area, lambda device: device.area_id == area_id)
        return area

    async def delete(self, area_id: str) -> Area:
        """Delete an area. Its devices then have no area. Raises NotFound, Conflict if it contains areas, StoreError."""
        async with self._changing:
            area = self.tree.require(area_id)
            await self._store(self.tree.without(area_id))
            await self._assign(None, lambda device: device.area_id == area_id)
        return area

    async def named(self, text: str) -> Area:
        """Return the area with this id or name. If there is none, create an area with this name."""
        return self.tree.find(text) or await self.create(text)

    async def _assign(self, area: Area | None, matches: Callable[[Device], bool]) -> None:
        devices = [device.id for device in self._registry.devices() if matches(device)]
        for start in range(0, len(devices), AT_ONCE):
            edits = [EditDevice(device, self._now(), area=area) for device in devices[start : start + AT_ONCE]]
            results = await asyncio.gather(*map(self._submit, edits), return_exceptions=True)
            for error in results:
                if isinstance(error, BaseException) and not isinstance(error, NotFound):  # deleted in the meantime
                    raise error

    async def _store(self, tree: AreaTree) -> None:
        await self._file.write(list(tree))
        self.tree = tree
        await self._submit(ReplaceAreas(tree.around(), self._now()))

    def _restore(self) -> None:
        """Correct the areas of the devices that were restored from the store. Call this before all other methods.

        There are three reasons: earlier versions stored only the name of an area, the hub may have been killed after
        it had changed an area, but not yet the devices in it, and areas in a damaged file are known only by their
        devices.
        """
        tree = self.tree
        is_incomplete = bool(self.faults) or is_set_aside(self._file.path)
        assigned: list[tuple[str, Area | None]] = []
        for device in self._registry.devices():
            area = tree.get(device.area_id)
            if area is None and device.area_id and device.area and is_incomplete:
                tree = tree.recovered(device.area_id, device.area)
                area = tree.get(device.area_id)
            if device.area is not None and device.area_id is None and (area := tree.find(device.area)) is None:
                try:
                    tree, area = tree.added(device.area)
                except HubError as error:
                    log.warning("The area %r of device %s was removed: %s", device.area, device.id, error)
            if (device.area_id, device.area) != (area and area.id, area and area.name):
                assigned.append((device.id, area))
        if tree is not self.tree:
            try:
                self._file.write_blocking(list(tree))
            except HubError as error:
                log.error("%s Areas from an earlier version or a damaged file will be added at the next start.", error)
                return
            self.tree = tree
        for device_id, area in assigned:
            self._registry.edit(EditDevice(device_id, self._now(), area=area))
