"""``/api/devices``: find, look at, rename, relabel, delete, diagnose."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.api import cursors
from hub.api.change_log import ChangeLog, DeviceBefore, device_changes
from hub.api.concurrency_limit import Turns
from hub.api.errors import Json
from hub.api.schemas import requests, responses, serializers
from hub.diagnosis import DiagnosisService
from hub.model import Device, Presence, Severity
from hub.services.alerts import Alerts
from hub.services.desired_state import DesiredState
from hub.services.devices import DeviceFilter, Devices

Limit = Annotated[int, Query(ge=1, le=1000)]


def routes(
    devices: Devices,
    desired_state: DesiredState,
    alerts: Alerts,
    diagnosis: DiagnosisService,
    turns: Turns,
    changes: ChangeLog,
) -> APIRouter:
    router = APIRouter(prefix="/api/devices", tags=["devices"])

    async def detail(device: Device) -> Response:
        found = await alerts.open(device.id)
        return Json(serializers.device_detail(device, devices.severity(device), found, devices.bounds(device)))

    @router.get("", response_model=responses.DevicePage)
    async def listing(
        q: Annotated[str, Query(max_length=200)] = "",
        area: str | None = None,
        label: str | None = None,
        severity: Severity | None = None,
        presence: Presence | None = None,
        cursor: str | None = None,
        limit: Limit = 100,
    ) -> Response:
        """By rising id. ``q`` is looked for in id, native id, name, area, model and labels."""
        wanted = DeviceFilter(q, area, label, severity, presence)
        found, more = devices.find(wanted, after=cursors.unpack(cursor, str), limit=limit)
        # Straight to JSON: a thousand devices must not be validated one by one.
        items = [serializers.device(device, devices.severity(device)) for device in found]
        return Json({"items": items, "next": cursors.pack(found[-1].id) if more else None})

    @router.get("/{device_id}", response_model=responses.DeviceDetail)
    async def one(device_id: str) -> Response:
        return await detail(devices.get(device_id))

    @router.patch("/{device_id}", response_model=responses.DeviceDetail)
    async def edit(device_id: str, body: requests.DeviceEdit) -> Response:
        """What a person sets wins over what the device says of itself; null gives a field back to the device."""
        given, before = body.model_fields_set, DeviceBefore.of(devices.get(device_id))
        changed = await devices.edit(
            device_id,
            name=body.name if "name" in given else msgspec.UNSET,
            area=body.area if "area" in given else msgspec.UNSET,
            labels=_labels(body.labels) if "labels" in given else msgspec.UNSET,
            metrics={name: edit.given() if edit else None for name, edit in body.metrics.items()},
        )
        if said := device_changes(before, changed):
            await changes.write(said, device_id)
        return await detail(changed)

    @router.patch("/{device_id}/desired", response_model=responses.DeviceDetail)
    async def desire(device_id: str, body: requests.Desired) -> Response:
        """Merge into what the device should be; null takes a key away. The device is told by a retained message, now
        or when it comes back; ``differs`` says what it has not reported yet."""
        device = await desired_state.set(device_id, body.root)
        await changes.write(f"changed the desired state of {device.display_name}: {', '.join(body.root)}", device_id)
        return await detail(device)

    @router.delete("/{device_id}", status_code=204)
    async def delete(device_id: str) -> None:
        """With all its history. It comes back by itself if it speaks again."""
        await devices.delete(device_id)

    @router.post("/{device_id}/diagnose", response_model=responses.DiagnosisShape)
    async def diagnose(device_id: str) -> Response:
        """Explain how the device is now, with or without an alert. The diagnosis is stored."""
        devices.get(device_id)
        with turns.turn():
            return Json(serializers.diagnosis(await diagnosis.diagnose_device(device_id)))

    return router


def _labels(given: list[str] | None) -> tuple[str, ...] | None:
    """Each once, in the order given."""
    return None if given is None else tuple(dict.fromkeys(given))
