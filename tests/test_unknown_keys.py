"""Every JSON body of the API refuses an unknown key, and names it and the allowed ones."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, running_hub

UNKNOWN = "qestion"


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        await hub.telemetry("pump", x=1)
        yield hub


def resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = schema.get("anyOf", [schema])[0]  # a body that may be absent
    name = schema.get("$ref", "").rpartition("/")[2]
    return dict(schemas[name]) if name else schema


def bodies(found: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the method, the path and the schema of each JSON body."""
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" in content:
                yield method, path, resolved(content["application/json"]["schema"], found["components"]["schemas"])


async def test_every_json_body_refuses_unknown_key(hub: ApiHub) -> None:
    tried = 0
    for method, path, schema in bodies(hub.app.openapi()):
        if path in ("/mcp", "/api/telemetry"):  # defined elsewhere: JSON-RPC, and metrics of devices
            continue
        if "properties" not in schema:  # a twin: its keys are the device's
            assert path.endswith("/desired"), path
            continue
        assert schema["additionalProperties"] is False, path
        body = {"question": "Is everything in order?"} if path == "/ask" else {}
        answer = await hub.http.request(method, path.replace("{device_id}", "pump"), json=body | {UNKNOWN: 1})
        assert answer.status_code == 422, (path, answer.text)
        assert repr(UNKNOWN) in answer.text, path
        for name in schema["properties"]:
            assert name in answer.text.lower().partition("allowed: ")[2], (path, answer.text)
        tried += 1
    assert tried >= 18


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "/api/devices/pump", {"metrics": {"x": {UNKNOWN: 1}}}),
        ("POST", "/api/history/query", {"from": 0, "to": 1, "series": [{"device_id": "a", "metric": "b", UNKNOWN: 1}]}),
        ("POST", "/api/mappings/check", {"text": "", UNKNOWN: 1}),
    ],
)
async def test_nested_object_refuses_unknown_key(hub: ApiHub, method: str, path: str, body: dict[str, Any]) -> None:
    answer = await hub.http.request(method, path, json=body)
    assert answer.status_code == 422
    assert repr(UNKNOWN) in answer.text


async def test_unknown_key_is_truncated_and_quoted(hub: ApiHub) -> None:
    for path in ("/ask", "/ai/ask"):
        answer = await hub.http.post(path, json={"question": "Is everything in order?", "\x1b[2J" + "x" * 900: 1})
        assert answer.status_code == 422
        assert "\\x1b[2J" in str(answer.json())
        assert len(answer.text) < 400
