"""``/api/fleet-health``: low batteries, weak signals, silent devices, lost metrics and firmware versions."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.schemas import fleet_health as shapes
from hub.services.fleet_health import FleetHealthService


def routes(health: FleetHealthService) -> APIRouter:
    router = APIRouter(tags=["devices"])

    @router.get("/api/fleet-health", response_model=shapes.FleetHealthShape)
    async def get_fleet_health() -> Response:
        """Return low batteries, weak signals, silent devices and lost metrics, and the versions of the firmware."""
        found = await health.check()
        firmware = [
            shapes.ModelFirmwareShape.of(
                each, versions=[shapes.FirmwareVersion(version, devices) for version, devices in each.versions]
            )
            for each in found.firmware
        ]
        answer = shapes.FleetHealthShape.of(
            found,
            batteries=[shapes.LevelShape.of(each) for each in found.batteries],
            signals=[shapes.LevelShape.of(each) for each in found.signals],
            silent_devices=[shapes.SilentShape.of(each) for each in found.silent_devices],
            lost=[shapes.LostMetricShape.of(each) for each in found.lost],
            firmware=firmware,
        )
        return Json(answer)

    return router
