"""The OpenAPI document, and tests of a running hub against it with schemathesis."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import running_hub
from brokers import HOST, Mosquitto
from openapi import description
from serving import Serving, Thing

TOKEN = "correct horse battery staple"
STREAM = "/events/devices"
CHECKS = (
    "ignored_auth",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
# "ignored_auth" sends wrong tokens: each must come from another client, or the hub answers 429 after ten.
HOOKS = """
import secrets

import schemathesis


@schemathesis.hook
def before_call(ctx, case, kwargs):
    case.headers["X-Forwarded-For"] = f"2001:db8:{secrets.token_hex(2)}:{secrets.token_hex(2)}::1"
"""


@pytest.fixture(scope="module", params=["open", "token"])
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Run a hub with a device and an alert, once without and once with a token."""
    directory = tmp_path_factory.mktemp(request.param)
    broker = Mosquitto(directory)
    broker.start()
    config = directory / "hub.toml"
    config.write_text(f'[http]\ntoken = "{TOKEN}"\ntrusted_proxies = ["{HOST}"]\n' if request.param == "token" else "")
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


async def test_openapi_document_is_valid(tmp_path: Path) -> None:
    from openapi_spec_validator import (
        OpenAPIV31SpecValidator,
    )  # here, as it takes 2 s in each process that collects tests

    async with running_hub(tmp_path) as hub:
        found = (await hub.http.get("/openapi.json")).json()
    assert "prefixItems" not in str(found)
    errors = OpenAPIV31SpecValidator(found).iter_errors()
    assert not [f"{list(error.absolute_path)}: {error.message}" for error in errors]


async def test_every_operation_documents_its_errors(tmp_path: Path) -> None:
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


@pytest.mark.timeout(620)
def test_schemathesis_finds_no_violation(hub: Serving, tmp_path: Path) -> None:
    """Find no status 500, undocumented status or body that does not match its schema, with and without a token.

    The coverage phase (three thousand boundary cases) runs once: a token changes nothing in the validation of values.
    """
    url = f"http://{HOST}:{hub.port}/openapi.json"
    headers = dict(hub.http.headers)
    command = [sys.executable, "-m", "schemathesis.cli", "run", url, "--checks", ",".join(CHECKS)]
    command += [
        "--phases",
        "coverage,fuzzing" if "authorization" in headers else "fuzzing",
        "--max-examples",
        "2",
        "--generation-deterministic",
        "--workers",
        "1",  # with two threads, CPython 3.11 can fail with "AST constructor recursion depth mismatch"
    ]
    command += ["--exclude-path", STREAM, "--request-timeout", "20", "--no-color"]
    environ = dict(os.environ)
    if "authorization" in headers:
        command += ["--header", f"Authorization: {headers['authorization']}"]
        (tmp_path / "hooks.py").write_text(HOOKS)
        environ["SCHEMATHESIS_HOOKS"] = str(tmp_path / "hooks.py")
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=600, check=False, env=environ)
    assert done.returncode == 0, done.stdout[:30_000]
    status: Any = hub.get("/api/status")
    assert status["counters"]["stored"] > 0


def test_event_stream_matches_openapi_document(hub: Serving) -> None:
    """The stream is endless, so schemathesis cannot test it: read only the headers or the first event."""
    responses = hub.get("/openapi.json")["paths"][STREAM]["get"]["responses"]
    requests: list[tuple[str, dict[str, str], int]] = [
        ("?all=true", {}, 200),
        ("", {"Last-Event-ID": "x" * 1_000}, 200),
        ("", {"Last-Event-ID": "-1-x"}, 200),
        ("?all=perhaps", {}, 422),
        ("?all=", {}, 422),
    ]
    if "authorization" in hub.http.headers:
        requests += [("", {"Authorization": "Bearer wrong"}, 401), ("", {"Authorization": ""}, 401)]
    for query, headers, status in requests:
        with hub.http.stream("GET", STREAM + query, headers=headers, timeout=20) as answer:
            assert answer.status_code == status, (query, headers)
            response = responses[str(status)]
            kind = answer.headers["content-type"].partition(";")[0]
            assert "$ref" in response or kind in response["content"], (query, headers)
            assert kind == ("text/event-stream" if status == 200 else "application/json")
            if status == 200 and headers:
                assert next(answer.iter_lines()).startswith("event: gap")
