"""Error messages of the API: they name the field, the value or the position, and what is allowed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from api_hub import ApiHub, running_hub


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as hub:
        await hub.telemetry("pump", temperature=20)
        yield hub


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "expected"),
    [
        ("PATCH", "/api/devices/pump", b"{", 422, ["not valid JSON", "character 1"]),
        ("PATCH", "/api/devices/pump", b"", 422, ["body"]),
        ("PATCH", "/api/devices/pump", b"\xff{}", 400, ["UTF-8"]),
        ("PATCH", "/api/devices/pump", b"[]", 422, ["dictionary"]),
        ("PATCH", "/api/devices/pump", b'{"nme": "x"}', 422, ["'nme'", "Allowed: name, area, labels, metrics"]),
        (
            "PATCH",
            "/api/devices/pump",
            b'{"metrics": {"t": {"titel": "x"}}}',
            422,
            ["metrics.t", "'titel'", "Allowed: title, unit, hidden"],
        ),
        ("PATCH", "/api/devices/pump", b'{"name": 5}', 422, ["name", "string"]),
        ("POST", "/api/devices/pump/commands", b'{"name": "x", "valeu": 1}', 422, ["'valeu'", "value"]),
        ("POST", "/api/history/query", b'{"form": 1}', 422, ["'form'", "from, to"]),
        ("POST", "/login", b'{"tok": 1}', 422, ["'tok'", "Allowed: name, password, token"]),
        ("GET", "/api/devices?limit=x", b"", 422, ["limit", "integer"]),
        ("GET", "/api/devices?limit=99999999999999999999999", b"", 422, ["limit", "1000"]),
        ("GET", "/api/devices/pump/history?metric=a&shape=x", b"", 422, ["shape", "lttb"]),
        ("GET", "/api/rules/check", b"", 405, ["method"]),
    ],
)
async def test_error_names_field_and_allowed_values(
    hub: ApiHub, method: str, path: str, body: bytes, status: int, expected: list[str]
) -> None:
    answer = await hub.http.request(method, path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "hint"}
    for text in expected:
        assert text in error["message"]


async def test_wrong_method_is_405_with_allowed_methods(hub: ApiHub) -> None:
    for path, allowed in (
        ("/api/rules", "GET, POST, PUT"),
        ("/api/devices/pump", "DELETE, GET, PATCH"),
        ("/ask", "POST"),
    ):
        answer = await hub.http.request("TRACE", path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
