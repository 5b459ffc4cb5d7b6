"""``/api/devices``: find, read, edit, delete and diagnose devices."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from hub.api import cursors
from hub.api.audit_draft import note, note_model
from hub.api.auth import By
from hub.api.change_log import Change, ChangeLog, DeviceBefore, device_changes
from hub.api.concurrency_limit import ConcurrencyLimit
from hub.api.errors import Json
from hub.api.field_changes import field_changes
from hub.api.schemas import diagnoses as diagnosis_schemas
from hub.api.schemas import requests, responses, serializers
from hub.diagnosis import DiagnosisService
from hub.model import Device, Presence, Severity
from hub.services.alerts import Alerts
from hub.services.areas import Areas
from hub.services.desired_state import DesiredState
from hub.services.devices import DeviceFilter, Devices

Limit = Annotated[int, Query(ge=1, le=1000)]


def routes(
    devices: Devices,
    desired_state: DesiredState,
    alerts: Alerts,
    diagnosis: DiagnosisService,
    slots: ConcurrencyLimit,
    changes: ChangeLog,
    areas: Areas,
) -> APIRouter:
    router = APIRouter(prefix="/api/devices", tags=["devices"])

    async def detail(device: Device) -> Response:
        device = devices.get(device.id)
        found = await alerts.open(device.id)
        read = devices.semantics(device)
        return Json(serializers.device_detail(device, devices.severity(device), found, devices.bounds(device), read))

    @router.get("", response_model=responses.DevicePage)
    async def list_devices(
        q: Annotated[
            str, Query(max_length=200, description="Text to find in id, native id, name, area, model or labels.")
        ] = "",
        area: str | None = None,
        label: str | None = None,
        severity: Severity | None = None,
        presence: Presence | None = None,
        cursor: str | None = None,
        limit: Limit = 100,
    ) -> Response:
        """Return a page of devices by ascending id. All given filters have to match.

        If there are more, `next` is the `cursor` of the following page.
        """
        where = DeviceFilter(q, area, label, severity, presence)
        found, more = devices.find(where, after=cursors.unpack(cursor, str), limit=limit)
        # Encoded directly: validating a thousand devices would take too long.
        items = [serializers.device(device, devices.severity(device)) for device in found]
        return Json({"items": items, "next": cursors.pack(found[-1].id) if more else None})

    @router.get("/{device_id}", response_model=responses.DeviceDetail)
    async def get_device(device_id: str) -> Response:
        """Return a device with its latest values, open alerts, thresholds and twin."""
        return await detail(devices.get(device_id))

    @router.patch("/{device_id}", response_model=responses.DeviceDetail)
    async def edit_device(device_id: str, body: requests.DeviceEdit, by: By) -> Response:
        """Change name, area, labels, metrics or kinds of machine of a device.

        These edits override what the device reports. To remove an edit, send null: the device's own value is shown
        again. `area` is the id or the name of an area; a new name creates an area.
        """
        given, before = body.model_fields_set, DeviceBefore.of(devices.get(device_id))
        area = await areas.named(body.area) if body.area is not None else None
        changed = await devices.edit(
            device_id,
            name=body.name if "name" in given else msgspec.UNSET,
            area=area if "area" in given else msgspec.UNSET,
            labels=_unique(body.labels) if "labels" in given else msgspec.UNSET,
            metrics={name: edit.given() if edit else None for name, edit in body.metrics.items()},
            kinds=_unique(body.kinds) if "kinds" in given else msgspec.UNSET,
        )
        if made := device_changes(before, changed):
            note(changes=field_changes(before, DeviceBefore.of(changed)))
            await changes.write(by, *made, device=device_id)
        return await detail(changed)

    @router.patch("/{device_id}/desired", response_model=responses.DeviceDetail)
    async def edit_desired_state(device_id: str, body: requests.Desired, by: By) -> Response:
        """Merge values into the desired state of a device. Null removes a key.

        The hub publishes the state as a retained message, which the device gets now or when it connects. In the
        response, `differs` lists the keys whose values the device has not reported yet.
        """
        before = {key: devices.get(device_id).desired.get(key) for key in body.root}
        device = await desired_state.set(device_id, body.root)
        note(changes=field_changes(before, body.root))
        text = f"changed the desired state of {device.display_name}: {', '.join(body.root)}"
        params = {"name": device.display_name, "keys": list(body.root)}
        await changes.write(by, Change("device.desired", text, params), device=device_id)
        return await detail(device)

    @router.delete("/{device_id}", status_code=204)
    async def delete_device(device_id: str, by: By) -> None:
        """Delete a device with all its history. It is discovered again if it sends another message."""
        await devices.delete(device_id, by)

    @router.post("/{device_id}/diagnose", response_model=diagnosis_schemas.DiagnosisShape)
    async def diagnose_device(device_id: str) -> Response:
        """Diagnose the present state of a device, and store the diagnosis. The device need not have an alert."""
        devices.get(device_id)
        with slots.acquire():
            found = await diagnosis.diagnose_device(device_id)
        note_model(found.generated_by, found.tokens_used)
        return Json(serializers.diagnosis(found))

    return router


def _unique(given: list[str] | None) -> tuple[str, ...] | None:
    """Return labels or kinds in their order, without duplicates. None stays None."""
    return None if given is None else tuple(dict.fromkeys(given))
