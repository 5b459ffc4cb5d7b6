"""The Home page: rooms with cards, states in words, controls that show what devices confirm, summary, start page."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from playwright.sync_api import Locator, Page, expect

from api_hub import RULES
from e2e.conftest import Errors
from e2e.in_thread import hub_in_thread
from e2e.running import Demo, eventually
from e2e.test_web_accessibility import CUT_OFF, TOO_WIDE, axe_violations
from signed_in import TOKEN, person

ON_OFF = {"name": "state", "property": "state", "type": "binary", "value_on": "ON", "value_off": "OFF", "access": 7}
BRIGHTNESS = {
    "name": "brightness",
    "property": "brightness",
    "label": "Brightness",
    "type": "numeric",
    "value_min": 0,
    "value_max": 254,
    "access": 7,
}
CONTACT = {
    "name": "contact",
    "property": "contact",
    "label": "Contact",
    "type": "binary",
    "value_on": False,
    "value_off": True,
    "access": 1,
}


def measured(name: str, unit: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "property": name,
        "label": name.capitalize(),
        "type": "numeric",
        "unit": unit,
        "access": 1,
        **more,
    }


BATTERY = measured("battery", "%", category="diagnostic")
LINK = measured("linkquality", "lqi", category="diagnostic")
HOUSE: dict[str, tuple[str | None, list[Any], dict[str, Any]]] = {
    "Kitchen lamp": (
        "Kitchen",
        [{"type": "light", "features": [ON_OFF, BRIGHTNESS]}, LINK],
        {"state": "OFF", "brightness": 127, "linkquality": 71},
    ),
    "Front door": ("Hall", [CONTACT, BATTERY], {"contact": True, "battery": 12}),
    "Bedroom climate": (
        "Bedroom",
        [measured("temperature", "°C"), measured("humidity", "%"), BATTERY],
        {"temperature": 18.4, "humidity": 55, "battery": 80},
    ),
    "Meter": (None, [measured("power", "W"), measured("energy", "kWh")], {"power": 1893, "energy": 12}),
}
"""Area, exposed properties and state of each Zigbee device."""


class House:
    """Zigbee2MQTT with the devices of ``HOUSE``. Commands are collected; a device confirms when the test says so."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.asked: list[tuple[str, Any]] = []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.on_message = lambda client, data, message: self.asked.append(
            (message.topic.split("/")[1], json.loads(message.payload))
        )
        host, _, port = demo.mqtt.partition(":")
        self._client.connect(host, int(port))
        self._client.subscribe("zigbee2mqtt/+/set", 1)
        self._client.loop_start()
        announced = [
            {
                "friendly_name": name,
                "ieee_address": f"0x{place:016x}",
                "type": "Router",
                "power_source": "Mains (single phase)",
                "definition": {"vendor": "ACME", "model": "X", "exposes": exposes},
            }
            for place, (name, (_, exposes, _)) in enumerate(HOUSE.items(), 1)
        ]
        demo.publish("zigbee2mqtt/bridge/state", {"state": "online"})
        demo.publish("zigbee2mqtt/bridge/devices", announced)
        for name in HOUSE:
            self.report(name)
        self.ids = eventually(self._found, 20, "the devices of the house")
        for name, (area, _, _) in HOUSE.items():  # creates the areas in this order
            if area:
                demo.api.patch(f"/api/devices/{self.ids[name]}", json={"area": area}).raise_for_status()

    def _found(self) -> dict[str, str] | None:
        found = {device["name"]: device["id"] for device in self.demo.get("/api/devices")["items"]}
        ready = HOUSE.keys() <= found.keys() and all(
            self.demo.get(f"/api/devices/{found[name]}")["metrics"] for name in HOUSE
        )
        return found if ready else None

    def report(self, name: str, **changed: Any) -> None:
        """Publish the state of a device."""
        self.demo.publish(f"zigbee2mqtt/{name}", {**HOUSE[name][2], **changed})

    def end(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(scope="module")
def house(shared_demo: Demo) -> Iterator[House]:
    house = House(shared_demo)
    yield house
    house.end()


@pytest.fixture
def home(house: House, page: Page) -> Page:
    page.goto(f"http://{house.demo.http}/home")
    expect(page.get_by_role("article", name="Front door")).to_be_visible()
    return page


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name, exact=True)


def test_rooms_show_their_devices_with_states_in_words(house: House, home: Page):
    rooms = home.get_by_test_id("home-area")
    expect(rooms.get_by_role("heading", level=2)).to_have_text(
        [re.compile(room) for room in ("Kitchen", "Hall", "Bedroom", "No area")]
    )
    door = card(home, "Front door")
    expect(door).to_contain_text("Closed")
    expect(door).to_contain_text("Battery 12\u00a0%")
    climate = card(home, "Climate")  # without the name of its room
    expect(climate).to_contain_text(re.compile(r"18\.4\s°C.*Humidity\s*55\.0\s%", re.DOTALL))
    expect(climate).not_to_contain_text("Battery")
    climate.get_by_role("button", name="More about Bedroom climate").press("Enter")
    expect(climate).to_contain_text("Battery")

    summary = home.get_by_role("group", name="Summary")
    expect(summary.get_by_role("button")).to_have_text(
        [
            re.compile(text)
            for text in ("0 on of 1", "Closed", r"18\.4\s°C", r"1\.9\skW 1 device", "Open alerts.*0 no alerts")
        ]
    )
    house.report("Front door", contact=False)
    expect(door).to_contain_text("Open")
    expect(summary).to_contain_text("1 open of 1")
    summary.get_by_role("button", name="Doors and windows").press("Enter")
    expect(home.get_by_role("article")).to_have_count(1)
    assert "show=openings" in home.url
    house.report("Front door")


def test_switch_and_slider_show_what_the_device_confirms(house: House, home: Page):
    lamp = card(home, "Lamp")
    switch = lamp.get_by_role("switch", name="Lamp")
    slider = lamp.get_by_role("slider", name="Brightness")
    expect(switch).not_to_be_checked()
    expect(slider).to_have_value("0")  # the lamp is off
    switch.press("Space")
    eventually(lambda: ("Kitchen lamp", {"state": "ON"}) in house.asked, 15, "the command")
    expect(lamp.get_by_role("status").first).to_have_text(re.compile("On: (queued|sent)"))
    expect(switch).not_to_be_checked()
    house.report("Kitchen lamp", state="ON")
    expect(switch).to_be_checked()
    expect(lamp.get_by_role("status").first).to_be_empty()
    expect(slider).to_have_attribute("aria-valuetext", "50\u00a0%")

    slider.press("End")
    eventually(lambda: ("Kitchen lamp", {"brightness": 254}) in house.asked, 15, "the command")
    expect(lamp).to_contain_text(re.compile(r"50\s%\s*→\s*100\s%"))
    house.report("Kitchen lamp", state="ON", brightness=254)
    expect(lamp).not_to_contain_text("→")
    expect(lamp).to_contain_text("100\u00a0%")


def test_failed_command_is_shown_and_the_switch_keeps_its_state(house: House, home: Page):
    demo = house.demo
    commands = {"valve": {"type": "boolean", "title": "Valve", "confirm_by": "valve"}}
    demo.publish("devices/boiler/info", {"name": "Boiler", "commands": commands, "units": {"temperature": "°C"}})
    demo.publish("devices/boiler/telemetry", {"temperature": 60, "valve": False})
    boiler = card(home, "Boiler")
    valve = boiler.get_by_role("switch", name="Valve")
    expect(valve).not_to_be_checked()
    valve.click()
    sent = eventually(lambda: demo.get("/api/devices/boiler/commands")["items"], 15, "the command")[0]
    demo.publish("devices/boiler/replies", {"id": sent["id"], "status": "failed", "error": "The valve is stuck."})
    expect(boiler).to_contain_text(re.compile(r"failed\s+The valve is stuck\."))
    expect(valve).not_to_be_checked()
    expect(valve).to_be_enabled()


def test_start_page_is_home_for_a_hub_of_a_home(house: House, page: Page):
    own = f"http://{house.demo.http}"
    page.goto(own)
    expect(page).to_have_url(f"{own}/home")
    page.get_by_role("link", name="Fleet").first.click()
    expect(page.get_by_test_id("device-row").first).to_be_visible()
    page.reload()
    expect(page.get_by_test_id("device-row").first).to_be_visible()
    page.goto(f"{own}/settings")
    page.get_by_label("Start page").select_option("Fleet")
    page.goto(own)
    expect(page.get_by_test_id("device-row").first).to_be_visible()


def test_cards_are_arranged_and_hidden_in_this_browser_without_an_account(house: House, home: Page):
    path = f"/api/devices/{house.ids['Front door']}"
    area = house.demo.get(path)["area"]
    house.demo.api.patch(path, json={"area": "Kitchen"}).raise_for_status()
    try:
        kitchen = home.get_by_test_id("home-area").filter(has=card(home, "Lamp"))
        names = kitchen.get_by_role("heading", level=3)
        expect(names).to_have_text(["Lamp", "Front door"])
        home.get_by_role("button", name="Arrange").click()
        assert axe_violations(home) == []
        forward = home.get_by_role("button", name="Move Front door forward")
        forward.click()
        expect(names).to_have_text(["Front door", "Lamp"])
        expect(forward).to_be_disabled()
        home.get_by_role("button", name="Hide Kitchen lamp").click()
        home.set_viewport_size({"width": 390, "height": 844})
        assert [*home.evaluate(TOO_WIDE), *home.evaluate(CUT_OFF)] == []
        home.get_by_role("button", name="Done").click()
        home.reload()
        front = home.get_by_test_id("home-area").filter(has=card(home, "Front door"))
        expect(front.get_by_role("heading", level=3)).to_have_text(["Front door"])
    finally:
        house.demo.api.patch(path, json={"area": area}).raise_for_status()


def test_arranged_cards_belong_to_the_account(tmp_path: Path, visit: Callable[..., Page], errors: Errors):
    errors.expected = ("401", "WebSocket")
    (tmp_path / "rules.toml").write_text(RULES)
    with hub_in_thread(tmp_path, token=TOKEN) as running:
        hub = running.hub

        async def invite() -> str:
            async with person(hub, "Ada", "administrator") as ada:
                for name in ("attic", "cellar", "hall"):
                    await hub.telemetry(name, temperature=20)
                answer = await ada.http.post("/api/people/invitations", json={"role": "viewer"})
                return str(answer.json()["url"])

        page = visit(running.do(invite()))
        page.get_by_label(re.compile(r"^\s*Name\s*You sign in")).fill("Val")
        page.get_by_label("New password").fill("a quiet lighthouse 7")
        page.get_by_role("button", name="Create account").click()
        page.get_by_role("link", name="Home").first.click()
        expect(page.get_by_role("article")).to_have_count(3)
        page.get_by_role("button", name="Arrange").click()
        page.get_by_role("button", name="Move hall forward").click()
        page.get_by_role("button", name="Hide attic").click()

        profile = "async () => (await (await fetch('/api/session')).json()).account.profile"
        wanted = {"home_order": ["attic", "hall", "cellar"], "home_hidden": ["attic"]}
        eventually(lambda: page.evaluate(profile).items() >= wanted.items(), 10, "the arrangement in the account")
        other = visit(f"{running.url}/home", storage_state={"cookies": page.context.cookies(), "origins": []})
        expect(other.get_by_role("article").get_by_role("heading")).to_have_text(["hall", "cellar"])
        running.do(hub.telemetry("attic", temperature=95))
        expect(other.get_by_role("article", name="attic")).to_be_visible()  # its alert is open
        page.close()  # before the hub ends
        other.close()


def test_limited_viewer_sees_devices_of_the_area_without_controls(
    tmp_path: Path, visit: Callable[..., Page], errors: Errors
):
    errors.expected = ("401", "WebSocket")
    commands = {"valve": {"type": "boolean", "confirm_by": "valve"}}
    (tmp_path / "rules.toml").write_text(RULES)
    with hub_in_thread(tmp_path, token=TOKEN) as running:
        hub = running.hub

        async def invite() -> str:
            async with person(hub, "Ada", "administrator") as ada:
                for name in ("cellar", "attic"):
                    hub.publish(f"devices/{name}/info", {"name": f"Boiler {name}", "commands": commands})
                    await hub.telemetry(name, valve=True, temperature=95)
                    answer = await ada.http.patch(f"/api/devices/{name}", json={"area": name})
                    assert answer.status_code == 200, answer.text
                areas = (await ada.http.get("/api/areas")).json()["items"]
                limits = {"areas": [area["id"] for area in areas if area["name"] == "cellar"]}
                wanted = {"role": "viewer", "limits": limits}
                answer = await ada.http.post("/api/people/invitations", json=wanted)
                assert answer.status_code == 201, answer.text
                return str(answer.json()["url"])

        page = visit(running.do(invite()))
        page.get_by_label(re.compile(r"^\s*Name\s*You sign in")).fill("Val")
        page.get_by_label("New password").fill("a quiet lighthouse 7")
        page.get_by_role("button", name="Create account").click()
        page.get_by_role("link", name="Home").first.click()
        expect(page.get_by_role("article")).to_have_count(1)
        boiler = page.get_by_role("article", name="Boiler cellar")
        expect(boiler.get_by_role("list", name="Alerts of this device")).to_contain_text("above 80")
        expect(boiler).to_contain_text(re.compile(r"valve\s*On", re.IGNORECASE))
        expect(page.get_by_role("switch")).to_have_count(0)
        page.close()  # before the hub ends
