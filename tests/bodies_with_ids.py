"""Requests without an id in the path whose body may name devices or alerts, for the tests of scopes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from sample_files import machine, pdf, plate, png, sound

Ids = Mapping[str, str]
"""The ids of one device and of what belongs to it, by their name in the table of operations, such as ``alert_id``."""
Requests = Callable[[Ids], list[dict[str, Any]]]
"""Makes requests, each as the options of an httpx request."""

_LATER = 2**41
_ACTIONS = (
    *({"action": action} for action in ("acknowledge", "unacknowledge", "mute", "unmute", "close", "assign")),
    {"action": "acknowledge", "note": "seen", "until": _LATER},
    {"action": "mute", "until": _LATER},
    {"action": "close", "note": "over"},
    {"action": "comment", "text": "seen"},
)


def _json(*bodies: Any) -> list[dict[str, Any]]:
    return [{"json": body} for body in bodies]


def _actions(ids: Ids) -> list[dict[str, Any]]:
    return _json(*({**action, "alerts": [ids["alert_id"]]} for action in _ACTIONS))


def _questions(ids: Ids) -> list[dict[str, Any]]:
    texts = (f"What is the temperature of {ids['device_id']}?", f"Why did alert {ids['alert_id']} occur?")
    return _json(*({"question": text} for text in texts))


def _series(ids: Ids) -> list[dict[str, Any]]:
    series = [{"device_id": ids["device_id"], "metric": "temperature"}]
    return _json({"series": series, "from": 0, "to": 2**50})


def _dashboard(ids: Ids) -> list[dict[str, Any]]:
    place = {"x": 0, "y": 0, "w": 4, "h": 4}
    series = [{"device_id": ids["device_id"], "metric": "temperature"}]
    tiles = (
        {"kind": "value", "series": series},
        {"kind": "chart", "series": series},
        {"kind": "device", "device_id": ids["device_id"]},
        {"kind": "control", "device_id": ids["device_id"], "command": "start"},
        {"kind": "alerts", "device_id": ids["device_id"]},
    )
    return _json(*({"name": "Hall", "tiles": [{"id": "a", **place, **tile}]} for tile in tiles))


def _model_context(ids: Ids) -> list[dict[str, Any]]:
    device = ids["device_id"]
    calls = (
        ("device_state", {"device": device}),
        ("history", {"device": device, "metric": "temperature"}),
        ("activity", {"device": device}),
        ("propose_command", {"device": device, "command": "start"}),
    )
    uris = (f"devices/{device}", *(f"{kind}s/{ids[f'{kind}_id']}" for kind in ("alert", "incident")))
    messages = [("tools/call", {"name": name, "arguments": arguments}) for name, arguments in calls]
    messages += [("resources/read", {"uri": f"watchkeeper://{uri}"}) for uri in uris]
    return _json(*({"jsonrpc": "2.0", "id": 1, "method": name, "params": params} for name, params in messages))


def _upload(name: str, data: bytes) -> Requests:
    return lambda ids: [{"files": {"file": (name, data)}, "data": {"device_id": ids["device_id"]}}]


WITH_IDS: Mapping[str, Requests] = {
    "POST /api/alert-actions": _actions,
    "POST /api/history/query": _series,
    "POST /api/dashboards": _dashboard,
    "POST /ask": _questions,
    "POST /ai/ask": _questions,
    "POST /ai/stream": _questions,
    "POST /mcp": _model_context,
    "POST /analyze/image": _upload("plate.png", png(plate("PUMP"))),
    "POST /analyze/audio": _upload("hum.wav", sound(machine(None, seconds=0.5))),
    "POST /analyze/document": _upload("manual.pdf", pdf("Replace the seal.")),
}
"""The requests of each operation that reads ids of devices or alerts from its body."""

WITHOUT_IDS = frozenset(
    {
        *("POST /logout", "POST /api/account/password", "POST /api/account/tokens", "POST /api/account/openid"),
        *("PATCH /api/account", "PUT /api/account/notifications"),
        *("POST /api/account/passkeys", "POST /api/account/passkeys/challenge"),
    }
)
"""Operations of one's own account, whose bodies name no device and no alert."""


def without_ids(text: str, ids: Ids) -> str:
    """Return an answer with ``ID`` in place of each id, to compare the answers to different ids."""
    for value in sorted(ids.values(), key=len, reverse=True):
        text = text.replace(value, "ID").replace(json.dumps(value)[1:-1], "ID")
    return text
