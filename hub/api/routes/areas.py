"""``/api/areas``: the areas of the site, and areas that devices suggest."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from hub.accounts.scope import current_scope
from hub.api.auth import By
from hub.api.change_log import Change, ChangeLog
from hub.api.errors import Json
from hub.api.field_changes import field_changes
from hub.api.schemas import area_requests as requests
from hub.api.schemas import areas as shapes
from hub.model import Area
from hub.registry.reader import DeviceReader
from hub.services.areas import Areas

AreaId = Annotated[str, Path(max_length=64)]


def routes(areas: Areas, registry: DeviceReader, changes: ChangeLog) -> APIRouter:
    router = APIRouter(prefix="/api/areas", tags=["devices"])

    def shape(area: Area) -> shapes.AreaShape:
        return shapes.AreaShape.of(area, devices=sum(device.area_id == area.id for device in registry.devices()))

    @router.get("", response_model=shapes.AreaList)
    async def list_areas() -> Response:
        """Return the tree of areas. `suggestions` are the areas that devices without an area announce.

        An account with limits gets the areas that it is limited to, and the areas of its devices.
        """
        assigned = Counter(device.area_id for device in registry.devices())
        found = [area for area in areas.tree if assigned[area.id] or _permitted(area.id)]
        ids = {area.id for area in found}
        items = [
            shapes.AreaShape.of(area, devices=assigned[area.id], parent=area.parent if area.parent in ids else None)
            for area in found
        ]
        suggestions = [shapes.SuggestedArea(name=name, devices=count) for name, count in areas.suggestions()]
        answer = shapes.AreaList(items=items, suggestions=suggestions)
        return Json(answer)

    @router.post("", status_code=201, response_model=shapes.AreaShape, responses={404: {}})
    async def create_area(body: requests.AreaWanted, by: By) -> Response:
        """Create an area after the other areas of its parent. Return 409 if its name is taken."""
        area = await areas.create(body.name, body.parent, adopt=body.adopt)
        await changes.write(by, _change("added", None, area))
        return Json(shape(area), status_code=201)

    @router.patch("/{area_id}", response_model=shapes.AreaShape)
    async def edit_area(area_id: AreaId, body: requests.AreaEdit, by: By) -> Response:
        """Rename an area, move it into another area, or change its position among its neighbours.

        Its devices stay in it. Accounts and tokens that are limited to the area stay limited to it. Return 409 if the
        name is taken.
        """
        before, given = areas.tree.require(area_id), body.model_fields_set
        parent = body.parent if "parent" in given else before.parent
        place = (parent, body.order) if given & {"parent", "order"} else None
        area = await areas.edit(area_id, name=body.name if body.name != before.name else None, place=place)
        if area != before:
            await changes.write(by, _change("changed", before, area))
        return Json(shape(area))

    @router.delete("/{area_id}", status_code=204)
    async def delete_area(area_id: AreaId, by: By) -> Response:
        """Delete an area. Its devices then have no area. Return 409 if there are areas inside it."""
        await changes.write(by, _change("removed", await areas.delete(area_id), None))
        return Response(status_code=204)

    return router


def _permitted(area_id: str) -> bool:
    scope = current_scope()
    return scope.whole or any(area_id in areas for areas, _ in scope.parts)


def _change(verb: str, before: Area | None, after: Area | None) -> Change:
    area = after or before
    name, area_id = (area.name, area.id) if area else ("", "")
    return Change(f"area.{verb}", f"{verb} the area {name}", {"name": name}, area_id, field_changes(before, after))
