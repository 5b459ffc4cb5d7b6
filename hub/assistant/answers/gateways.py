"""Answers about which devices are connected through a gateway."""

from __future__ import annotations

from hub.assistant.answers.context import CannotAnswer, ComputedAnswer, Context, names, shown_rows
from hub.assistant.answers.current import MAX_ABOUT
from hub.assistant.answers.slices import in_slices
from hub.model import Device

_SHOWN = 20


async def behind(context: Context) -> ComputedAnswer:
    """Answer which devices are connected through gateways, directly or through other gateways."""
    gateways = {device.id for device in context.devices}
    via = {device.id: device.info.via async for device in in_slices(context.all_devices)}
    found = [each async for each in in_slices(context.all_devices) if _is_behind(each.id, gateways, via)]
    gateway = names(context.devices, 3)
    if not found:
        raise CannotAnswer(context.say("none_behind", gateway=gateway))

    def line(device: Device) -> str:
        place = f" ({device.display_area})" if device.display_area else ""
        return f"{device.display_name}{place}{context.stale_note(device)}"

    lines = [] if context.question.has("how_many") else shown_rows(found, line, _SHOWN)
    head = context.count("behind", len(found), gateway=gateway) + (":" if lines else ".")
    return ComputedAnswer(context.lines(head, lines, _SHOWN), tuple((each.id, None) for each in found[:MAX_ABOUT]))


def _is_behind(device: str, gateways: set[str], via: dict[str, str | None]) -> bool:
    """Return whether ``device`` is connected through one of ``gateways``, directly or through other gateways.

    ``via`` maps a device to its gateway. The function also ends if gateways refer to each other in a circle.
    """
    seen: set[str] = set()
    above = via.get(device)
    while above is not None and above not in seen:
        if above in gateways:
            return True
        seen.add(above)
        above = via.get(above)
    return False
