"""``/api/dashboards``: the requester's own dashboards, and dashboards that other people share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from hub.accounts import Account
from hub.accounts.requester import current_requester
from hub.api.audit_draft import note
from hub.api.errors import Json
from hub.api.schemas import dashboard_requests as requests
from hub.api.schemas import dashboards as shapes
from hub.model import Dashboard, Tile
from hub.services.dashboards import Dashboards

DashboardId = Annotated[str, Path(max_length=64)]


def routes(dashboards: Dashboards, accounts: Iterable[Account]) -> APIRouter:
    router = APIRouter(prefix="/api/dashboards", tags=["dashboards"])

    def facts(found: Dashboard) -> dict[str, Any]:
        requester = current_requester()
        return {
            "owner": next((each.name for each in accounts if each.id == found.owner), None),
            "mine": found.owner is None or found.owner == requester.account,
            "editable": requester.owns(found.owner),
            "tile_count": len(found.tiles),
        }

    def shape(found: Dashboard) -> shapes.DashboardShape:
        tiles = [_tile(each, hidden=dashboards.hides(each)) for each in found.tiles]
        return shapes.DashboardShape.of(found, **facts(found), tiles=tiles)

    @router.get("", response_model=shapes.DashboardList)
    async def list_dashboards() -> Response:
        """Return your dashboards and those that are shared with your role, sorted by name, without their tiles."""
        items = [shapes.DashboardItem.of(each, **facts(each)) for each in dashboards.readable()]
        return Json(shapes.DashboardList(items=items))

    @router.post("", status_code=201, response_model=shapes.DashboardShape)
    async def create_dashboard(body: requests.DashboardWanted) -> Response:
        """Create a dashboard. Return 409 if you have 50 dashboards, or the hub has 200."""
        made = await dashboards.create(body.name, body.shared, body.wanted_tiles())
        note(object=made.id, name=made.name)
        return Json(shape(made), status_code=201)

    @router.get("/{dashboard_id}", response_model=shapes.DashboardShape)
    async def get_dashboard(dashboard_id: DashboardId) -> Response:
        """Return a dashboard with its tiles."""
        return Json(shape(dashboards.get(dashboard_id)))

    @router.put("/{dashboard_id}", response_model=shapes.DashboardShape)
    async def edit_dashboard(dashboard_id: DashboardId, body: requests.DashboardEdit) -> Response:
        """Replace a dashboard of your own. Return 409 if it has changed since this `version`."""
        edited = await dashboards.edit(
            dashboard_id,
            body.version,
            name=body.name,
            shared=body.shared,
            tiles=body.wanted_tiles(),
            kept=body.kept(),
        )
        note(name=edited.name)
        return Json(shape(edited))

    @router.delete("/{dashboard_id}", status_code=204)
    async def delete_dashboard(dashboard_id: DashboardId) -> Response:
        """Delete a dashboard of your own."""
        note(name=(await dashboards.delete(dashboard_id)).name)
        return Response(status_code=204)

    return router


def _tile(tile: Tile, *, hidden: bool) -> shapes.TileShape:
    if hidden:
        tile = Tile(tile.id, tile.kind, tile.x, tile.y, tile.w, tile.h)
    series = [shapes.TileSeriesShape.of(each) for each in tile.series]
    return shapes.TileShape.of(tile, series=series, no_access=hidden)
