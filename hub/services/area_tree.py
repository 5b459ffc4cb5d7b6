"""The tree of areas, and how an edit changes it. A tree is never changed in place: an edit returns a new tree."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from hub.accounts.account import lookup_key
from hub.errors import Conflict, Invalid, NotFound
from hub.model import Area, Scope

MAX_AREAS = 1_000
MAX_DEPTH = 6
MAX_NAME_CHARS = 200
"""Maximum characters of an area's name. The same limit applies to an area that a device announces."""


class AreaTree:
    """All areas of the site.

    People can edit the file, so parents can be wrong. An area counts as top-level if its parent does not exist, or is
    inside the area itself.
    """

    def __init__(self, areas: Iterable[Area] = ()) -> None:
        self._areas = {area.id: area for area in areas}
        self._by_name = {lookup_key(area.name): area for area in self._areas.values()}

    def __len__(self) -> int:
        return len(self._areas)

    def __iter__(self) -> Iterator[Area]:
        """Yield all areas in their order, each area followed by the areas inside it."""
        waiting = list(reversed(self.children(None)))
        while waiting:
            area = waiting.pop()
            yield area
            waiting += reversed(self.children(area.id))

    def get(self, area_id: str | None) -> Area | None:
        """Return the area with this id; None if there is none."""
        return self._areas.get(area_id or "")

    def require(self, area_id: str) -> Area:
        """Return the area with this id. Raises NotFound."""
        if (area := self._areas.get(area_id)) is None:
            raise NotFound(f"There is no area {area_id[:64]!r}.", "GET /api/areas lists them.")
        return area

    def find(self, text: str) -> Area | None:
        """Return the area with this id or, ignoring case, this name; None if there is none."""
        return self._areas.get(text) or self._by_name.get(lookup_key(text))

    def ids(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Return the ids of areas that are given by id or name. Texts that are neither are returned unchanged."""
        return tuple(area.id if (area := self.find(text)) is not None else text for text in texts)

    def bound(self, scope: Scope) -> Scope:
        """Return the scope with ids in place of the names of areas, so that it does not depend on their names."""
        return msgspec.structs.replace(scope, areas=self.ids(scope.areas)) if scope.areas else scope

    def children(self, area_id: str | None) -> list[Area]:
        """Return the areas directly inside an area, in their order; the top-level areas if ``area_id`` is None."""
        return self._children.get(area_id, [])

    def within(self, area_ids: Iterable[str]) -> frozenset[str]:
        """Return the ids of these areas and of all areas inside them, at any depth. Unknown ids are left out."""
        found: set[str] = set()
        waiting = [area_id for area_id in area_ids if area_id in self._areas]
        while waiting:
            area_id = waiting.pop()
            if area_id not in found:
                found.add(area_id)
                waiting += [child.id for child in self.children(area_id)]
        return frozenset(found)

    def around(self) -> dict[str, frozenset[str]]:
        """Map the id of each area to the ids and names of this area and of all areas that contain it."""
        found: dict[str | None, frozenset[str]] = {}
        for area in self:  # parents come before the areas inside them
            found[area.id] = found.get(area.parent, frozenset()) | {area.id, area.name}
        return {area.id: found[area.id] for area in self}

    @cached_property
    def _children(self) -> dict[str | None, list[Area]]:
        found: dict[str | None, list[Area]] = {}
        for area in sorted(self._areas.values(), key=lambda area: (area.order, lookup_key(area.name))):
            found.setdefault(None if self._is_detached(area) else area.parent, []).append(area)
        return found

    def _is_detached(self, area: Area) -> bool:
        """Return True if the areas above ``area`` do not end at the top level.

        This happens if one of them has a parent that does not exist, or if they form a cycle. The parent of ``area`` is
        then ignored.
        """
        seen, parent = {area.id}, area.parent
        while parent is not None:
            if parent in seen or parent not in self._areas:
                return True
            seen.add(parent)
            parent = self._areas[parent].parent
        return False

    # -- edits ------------------------------------------------------------------------------------------------

    def added(self, name: str, parent: str | None = None) -> tuple[AreaTree, Area]:
        """Return a tree with a new area, and the new area.

        The area becomes the last area directly inside ``parent`` (an area id; None: the top level).

        Raises Invalid for a name or a position that is not allowed, NotFound if ``parent`` does not exist, and Conflict
        if the name is taken or there are too many areas.
        """
        if len(self._areas) >= MAX_AREAS:
            raise Conflict(f"There are {MAX_AREAS} areas.", "Delete one that is not needed.")
        area = Area(f"a-{secrets.token_hex(6)}", self._checked_name(name), parent, len(self.children(parent)))
        self._check_parent(area)
        return AreaTree([*self._areas.values(), area]), area

    def recovered(self, area_id: str, name: str) -> AreaTree:
        """Return a tree with a top-level area that has this id and name, or ``self`` if the name is taken."""
        if self.find(name) is not None:
            return self
        return self._with(Area(area_id, name, None, len(self.children(None))))

    def renamed(self, area_id: str, name: str) -> AreaTree:
        """Return a tree in which an area has the new name ``name``.

        Raises NotFound for an unknown area, Invalid if the name is not allowed, Conflict if it is taken.
        """
        area = self.require(area_id)
        return self._with(msgspec.structs.replace(area, name=self._checked_name(name, but=area_id)))

    def moved(self, area_id: str, parent: str | None, order: int) -> AreaTree:
        """Return a tree in which an area has the index ``order`` among the areas directly inside ``parent``.

        Raises NotFound for an unknown area, Invalid if the position is not allowed.
        """
        area = msgspec.structs.replace(self.require(area_id), parent=parent)
        self._check_parent(area)
        siblings = [each for each in self.children(parent) if each.id != area_id]
        siblings.insert(min(order, len(siblings)), area)
        return self._with(*(msgspec.structs.replace(each, order=place) for place, each in enumerate(siblings)))

    def without(self, area_id: str) -> AreaTree:
        """Return a tree without an area. Raises NotFound, Conflict if there are areas inside the area."""
        area = self.require(area_id)
        if self.children(area_id):
            raise Conflict(f"There are areas inside {area.name}.", "Move or delete them first.")
        return AreaTree(each for each in self._areas.values() if each.id != area_id)

    def _with(self, *changed: Area) -> AreaTree:
        return AreaTree((self._areas | {area.id: area for area in changed}).values())

    def _checked_name(self, text: str, but: str | None = None) -> str:
        name = " ".join(text.split())
        if not 1 <= len(name) <= MAX_NAME_CHARS or not name.isprintable():
            raise Invalid("The name of the area is not valid.", f"Allowed: 1 to {MAX_NAME_CHARS} visible characters.")
        other = self.find(name)
        if other is not None and other.id != but:
            raise Conflict(f"An area {other.name!r} exists already.", "Choose another name.")
        return name

    def _check_parent(self, area: Area) -> None:
        if area.parent is None:
            return
        self.require(area.parent)
        if area.parent in self.within([area.id]):
            raise Invalid(f"{area.name} cannot be inside itself.", "Choose another parent.")
        depth = self._height(area.id) + sum(1 for _ in self._lineage(area.parent))
        if depth > MAX_DEPTH:
            raise Invalid(f"Areas would be {depth} levels deep.", f"Allowed: {MAX_DEPTH} levels.")

    def _lineage(self, area_id: str | None) -> Iterator[Area]:
        """Yield an area, its parent, its grandparent, and so on up to the top level."""
        seen: set[str] = set()
        while (area := self.get(area_id)) is not None and area.id not in seen:
            seen.add(area.id)
            yield area
            area_id = area.parent

    def _height(self, area_id: str) -> int:
        return 1 + max((self._height(child.id) for child in self.children(area_id)), default=0)
