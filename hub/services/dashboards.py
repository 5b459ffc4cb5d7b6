"""Manage the dashboards of people, which are stored in ``dashboards.json`` of the data folder.

People can read their own dashboards and those that are shared with their role, but change only their own.
Administrators can change all dashboards that they can read. Tiles of devices that a person may not see are returned
without content.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
from msgspec.structs import replace

from hub.accounts.account import ROLES
from hub.accounts.json_file import JsonFile
from hub.accounts.requester import current_requester
from hub.accounts.scope import current_scope
from hub.errors import Conflict, Forbidden, Invalid, NotFound
from hub.model import COLUMNS, Dashboard, SharedWith, Tile
from hub.registry.reader import DeviceReader

FILE = "dashboards.json"
MAX_DASHBOARDS = 200
MAX_OF_A_PERSON = 50
MAX_TILES = 200
MAX_BYTES = 64 << 10
"""Maximum size of one dashboard as JSON, in bytes."""
MAX_TOTAL_BYTES = 3 << 20
"""Maximum size of all dashboards in bytes. It is limited because each change writes the whole file."""
_ONE_SERIES = ("value", "gauge")
_MANY_SERIES = ("chart", "states")
_OF_A_DEVICE = ("control", "device")


class Dashboards:
    """Lists, creates, changes and deletes dashboards, on behalf of the current requester."""

    def __init__(self, data: Path, visible: DeviceReader, now: Callable[[], int]) -> None:
        """Read the file. ``visible`` are the devices that the current request may see.

        Dashboards that cannot be read are left out; :attr:`faults` says why.
        """
        self._file = JsonFile(data / FILE, Dashboard)
        stored, self.faults = self._file.read_usable()
        self._by_id = {each.id: each for each in stored}
        self._visible = visible
        self._now = now
        self._changing = asyncio.Lock()

    def readable(self) -> list[Dashboard]:
        """Return the dashboards that the requester may read, sorted by name."""
        return sorted((each for each in self._by_id.values() if _reads(each)), key=lambda each: each.name.casefold())

    def get(self, dashboard_id: str) -> Dashboard:
        """Return a dashboard. Raises NotFound if there is none, or if the requester may not read it."""
        found = self._by_id.get(dashboard_id)
        if found is None or not _reads(found):
            raise NotFound(f"There is no dashboard {dashboard_id[:64]!r}.", "GET /api/dashboards lists them.")
        return found

    def hides(self, tile: Tile) -> bool:
        """Return whether the tile shows a device that the requester may not see."""
        return not current_scope().whole and any(self._visible.get(each) is None for each in tile.devices)

    async def create(self, name: str, shared: SharedWith | None, tiles: tuple[Tile, ...]) -> Dashboard:
        """Store a new dashboard of the requester. Raises Invalid, Conflict if there are too many, StoreError."""
        owner = current_requester().account
        async with self._changing:
            if len(self._by_id) >= MAX_DASHBOARDS:
                raise Conflict(f"There are {MAX_DASHBOARDS} dashboards already.", "Delete one first.")
            if sum(each.owner == owner for each in self._by_id.values()) >= MAX_OF_A_PERSON:
                raise Conflict(f"You have {MAX_OF_A_PERSON} dashboards already.", "Delete one first.")
            made = Dashboard("b" + secrets.token_hex(8), name, owner, shared, 1, self._now(), tiles)
            await self._put(made)
        return made

    async def edit(
        self,
        dashboard_id: str,
        version: int,
        *,
        name: str,
        shared: SharedWith | None,
        tiles: tuple[Tile, ...],
        kept: frozenset[str] = frozenset(),
    ) -> Dashboard:
        """Replace a dashboard.

        Args:
            dashboard_id: Id of the dashboard.
            version: The version that the requester has edited.
            name: Name of the dashboard.
            shared: The lowest role that may read it, besides the owner; None if only the owner may.
            tiles: Tiles of the dashboard.
            kept: Ids of tiles that keep their content, because the requester may move them but not see what they show.

        Raises NotFound, Forbidden if another person owns it, Conflict if it has changed since, Invalid, StoreError.
        """
        async with self._changing:
            before = self._changeable(dashboard_id)
            if version != before.version:
                raise Conflict(
                    f"The dashboard {before.name!r} has been changed by somebody else.",
                    "Load it again and repeat your changes.",
                )
            contents = {each.id: each for each in before.tiles if each.id in kept and self.hides(each)}
            merged = tuple(_moved(contents[each.id], each) if each.id in contents else each for each in tiles)
            edited = replace(
                before, name=name, shared=shared, version=version + 1, updated_at=self._now(), tiles=merged
            )
            await self._put(edited)
        return edited

    async def delete(self, dashboard_id: str) -> Dashboard:
        """Delete a dashboard. Raises NotFound, Forbidden if another person owns it, StoreError."""
        async with self._changing:
            deleted = self._changeable(dashboard_id)
            await self._store(each for each in self._by_id.values() if each is not deleted)
        return deleted

    async def forget_person(self, account: str) -> None:
        """Delete the dashboards of a removed account, except shared ones, which administrators can change."""
        async with self._changing:
            if any(each.owner == account and each.shared is None for each in self._by_id.values()):
                await self._store(
                    each for each in self._by_id.values() if each.owner != account or each.shared is not None
                )

    def _changeable(self, dashboard_id: str) -> Dashboard:
        found = self.get(dashboard_id)
        if not current_requester().owns(found.owner):
            raise Forbidden("The dashboard belongs to somebody else.", "Make a copy of it, and change the copy.")
        return found

    async def _put(self, dashboard: Dashboard) -> None:
        _check_tiles(dashboard.tiles)
        if len(msgspec.json.encode(dashboard)) > MAX_BYTES:
            raise Invalid(f"The dashboard is larger than {MAX_BYTES >> 10} KiB.", "Divide it into two.")
        rest = [each for each in self._by_id.values() if each.id != dashboard.id]
        if len(msgspec.json.encode([*rest, dashboard])) > MAX_TOTAL_BYTES:
            raise Conflict(f"All dashboards together exceed {MAX_TOTAL_BYTES >> 20} MiB.", "Delete one first.")
        await self._store([*rest, dashboard])

    async def _store(self, dashboards: Iterable[Dashboard]) -> None:
        stored = list(dashboards)
        await self._file.write(stored)
        self._by_id = {each.id: each for each in stored}


def _reads(dashboard: Dashboard) -> bool:
    requester = current_requester()
    if dashboard.owner is None or dashboard.owner == requester.account:
        return True
    return dashboard.shared is not None and ROLES.index(requester.role) >= ROLES.index(dashboard.shared)


def _moved(tile: Tile, place: Tile) -> Tile:
    return replace(tile, x=place.x, y=place.y, w=place.w, h=place.h)


def _check_tiles(tiles: tuple[Tile, ...]) -> None:
    ids: set[str] = set()
    for index, tile in enumerate(tiles):
        if problem := _problem_of(tile, ids):
            raise Invalid(f"tiles[{index}] ({tile.kind}): {problem[0]}", problem[1])
        ids.add(tile.id)


def _problem_of(tile: Tile, ids: set[str]) -> tuple[str, str] | None:
    """Return the error in a tile and what is allowed instead; None if the tile is valid.

    ``ids`` are the ids of the tiles before it.
    """
    if tile.id in ids:
        return f"id {tile.id!r} is used twice.", "Each tile has its own id."
    if tile.x + tile.w > COLUMNS:
        return f"x {tile.x} and w {tile.w} reach beyond the grid.", f"Allowed: x + w up to {COLUMNS}."
    if tile.kind in _ONE_SERIES and len(tile.series) != 1:
        return f"series has {len(tile.series)} entries.", "Allowed: one."
    if tile.kind in _MANY_SERIES and not tile.series:
        return "series is empty.", "Allowed: 1 to 8 metrics of devices."
    if tile.kind in _OF_A_DEVICE and tile.device_id is None:
        return "device_id is missing.", "Give the id of a device."
    if tile.kind == "control" and not tile.command:
        return "command is missing.", "Give the name of one of the device's commands."
    if tile.kind == "gauge" and (tile.minimum is None or tile.maximum is None or tile.minimum >= tile.maximum):
        return "minimum and maximum are not a range.", "Allowed: minimum below maximum."
    return None
