"""The description of the API, and what a running hub answers to others' tools that read it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from api_hub import running_hub
from brokers import HOST, Mosquitto
from openapi import description
from serving import Serving, Thing

TOKEN = "correct horse battery staple"
# Not "ignored_auth": it guesses tokens until the hub answers 429; test_auth.py tries every route without the token.
CHECKS = (
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
)


@pytest.fixture(scope="module", params=["open", "token"])
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A hub with a device and an alert, once without and once with a token."""
    directory = tmp_path_factory.mktemp(request.param)
    broker = Mosquitto(directory)
    broker.start()
    config = directory / "hub.toml"
    config.write_text(f'[http]\ntoken = "{TOKEN}"\n' if request.param == "token" else "")
    hub = Serving(directory / "data", broker, config)
    hub.start()
    if request.param == "token":
        hub.http.headers["Authorization"] = f"Bearer {TOKEN}"
    device = Thing(broker)
    device.say(
        "devices/0/info", {"name": "Pump", "units": {"temperature": "°C"}, "commands": {"run": {"kind": "bool"}}}
    )
    device.say("devices/0/telemetry", {"temperature": 300, "running": True, "mode": "auto"})
    device.leave()
    yield hub
    hub.stop()
    broker.stop()


async def test_the_description_is_valid(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        found = (await hub.http.get("/openapi.json")).json()
    assert "prefixItems" not in str(found)
    errors = OpenAPIV31SpecValidator(found).iter_errors()
    assert not [f"{list(error.absolute_path)}: {error.message}" for error in errors]


async def test_every_operation_says_how_it_fails(tmp_path: Path) -> None:
    found = await description(tmp_path)
    assert found["servers"]
    assert {each["type"] for each in found["components"]["securitySchemes"].values()} == {"http", "apiKey"}
    names: set[str] = set()
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            statuses = set(operation["responses"])
            assert "503" in statuses
            if operation.get("security") != []:
                assert {"401", "403", "421", "429"} <= statuses, path
            if "{" in path:
                assert "404" in statuses, path
            if "requestBody" in operation:
                assert {"400", "413", "422"} <= statuses, path
            assert operation["operationId"].startswith(method)
            names.add(operation["operationId"])
    assert len(names) == sum(map(len, found["paths"].values()))


@pytest.mark.timeout(320)
def test_schemathesis_finds_nothing(hub: Serving, tmp_path: Path) -> None:
    """No 500, no undocumented status, no body that is not as described; without and with the token."""
    url = f"http://{HOST}:{hub.port}/openapi.json"
    headers = dict(hub.http.headers)
    words = [sys.executable, "-m", "schemathesis.cli", "run", url, "--checks", ",".join(CHECKS)]
    words += [
        "--phases",
        "coverage,fuzzing",
        "--max-examples",
        "2",
        "--max-time",
        "40",
        "--generation-deterministic",
        "--workers",
        "2",
    ]
    words += ["--exclude-path", "/events/devices", "--request-timeout", "20", "--no-color"]
    if "authorization" in headers:
        words += ["--header", f"Authorization: {headers['authorization']}"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[:30_000]
    status: Any = hub.get("/api/status")
    assert status["counters"]["stored"] > 0
