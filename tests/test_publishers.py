"""The publishers of docs/publishers.md, installed and running, on a hub without configuration."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from publisher_table import RUNNING, Publisher
from running_publishers import running
from serving import Serving, served, until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]
START_S = 90


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with served(tmp_path_factory.mktemp("hub")) as hub:
        yield hub


def shown(hub: Serving, name: str) -> dict:
    """Return the device with this name, empty if there is none."""
    for each in hub.get("/api/devices")["items"]:
        if each["name"] == name:
            return hub.get(f"/api/devices/{quote(each['id'], safe='')}")
    return {}


def readings(hub: Serving, name: str) -> dict[str, str | None]:
    return {each["title"]: each["unit"] for each in shown(hub, name).get("metrics", {}).values()}


@pytest.mark.parametrize("publisher", RUNNING, ids=lambda each: each.name)
def test_device_is_shown_as_the_page_says(tmp_path: Path, hub: Serving, publisher: Publisher) -> None:
    name = publisher.device.replace("{host}", socket.gethostname())
    with running(tmp_path, hub.broker.host, hub.broker.port, publisher.name, publisher.package) as process:
        try:
            if publisher.name == "Zigbee2MQTT":
                until(lambda: "ready" in (tmp_path / "output.log").read_text(), START_S)
                assert process.stdin is not None
                process.stdin.write(b"2150\n")
                process.stdin.flush()
            until(lambda: publisher.readings.keys() <= readings(hub, name).keys(), START_S)
        except AssertionError:
            print((tmp_path / "output.log").read_text()[-3_000:], hub.get("/api/devices"), readings(hub, name))
            raise
        found = readings(hub, name)
        assert {title: found[title] for title in publisher.readings} == publisher.readings
        assert shown(hub, name)["dialect"] == publisher.dialect
        until(lambda: shown(hub, name)["presence"] == "online")
