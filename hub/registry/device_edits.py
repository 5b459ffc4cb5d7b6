"""Apply users' edits and twin updates to a device, within bounds. Pure."""

from __future__ import annotations

import msgspec

from hub.errors import Rejected
from hub.model import Device, EditDevice, FleetLimits, TwinUpdate, merged
from hub.registry.capacity import Capacity


def apply_edit(device: Device, edit: EditDevice) -> None:
    """Set the fields of a device that a user edited.

    A field that is UNSET in the edit leaves the device's field unchanged. None in place of a metric's edits removes all
    earlier edits of that metric.
    """
    for field in ("name", "labels", "kinds"):
        if (value := getattr(edit, field)) is not msgspec.UNSET:
            setattr(device, field, value)
    if edit.area is not msgspec.UNSET:
        area = edit.area
        device.area, device.area_id = (None, None) if area is None else (area.name, area.id)
    if edit.metrics:
        edits = device.metric_edits | edit.metrics
        device.metric_edits = {name: each for name, each in edits.items() if each is not None}


def apply_twin_update(device: Device, update: TwinUpdate, limits: FleetLimits, capacity: Capacity) -> None:
    """Merge values into the desired or reported side of a device's twin. A value of None removes its key.

    Raises Rejected if the side would have too many keys or bytes.
    """
    before = getattr(device, update.side)
    after = merged(before, update.values)
    if len(after) > limits.twin_keys:
        raise Rejected("too_many_metrics", f"A twin has at most {limits.twin_keys} keys per side.")
    if len(msgspec.msgpack.encode(after)) > limits.twin_bytes:
        raise Rejected("too_large", f"A twin has at most {limits.twin_bytes} bytes per side.")
    capacity.exchange(before, after)
    setattr(device, update.side, after)
