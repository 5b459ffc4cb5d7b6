"""The publishers that the hub reads without configuration: ``publisher_table.py`` writes docs/publishers.md.

``tests/test_publisher_table.py`` checks the page and the recorded messages, ``tests/test_publishers.py`` runs the
programs.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "publishers.md"


@dataclass(frozen=True)
class Publisher:
    """A publisher, and what the hub shows of one of its devices.

    Attributes:
        package: The package that runs in the tests; empty if only messages are tested.
        dialect: The dialect that reads it.
        device: Name of the device; ``{host}`` is the name of the machine.
        readings: Unit of some of its readings, by their title.
        vectors: Beginning of the source of its vectors, if there is no package.
        online: Whether the last message says that the device is online.
    """

    name: str
    package: str
    dialect: str
    device: str
    readings: dict[str, str | None]
    vectors: str = ""
    online: bool = True


RUNNING = (
    Publisher("Zigbee2MQTT", "npm zigbee2mqtt 2.14.1", "zigbee2mqtt", "cellar", {"Temperature": "°C"}),
    Publisher("Eclipse Tahu", "npm sparkplug-client 3.2.4", "sparkplug", "press", {"Force": "kN", "Strokes": None}),
    Publisher("Homie4", "PyPI homie4", "homie", "Greenhouse", {"Temperature": "°C", "Switch": None}),
    Publisher("eBus", "PyPI ebus-sdk", "homie", "Kitchen", {"Power": "W", "Relay": None}),
    Publisher("collectd", "Debian collectd-core", "mapping", "server3", {"Load shortterm": None, "Memory used": "B"}),
    Publisher("glances", "PyPI glances 4.5.8", "mapping", "server2", {"CPU total": "%", "Load min1": None}),
    Publisher("psmqtt", "PyPI psmqtt 2.6.2", "homeassistant", "Server", {"CPU": "%", "Memory": "%"}),
    Publisher("ps2mqtt", "PyPI ps2mqtt 0.0.8", "homeassistant", "{host}", {"CPU percent": "%", "Bytes sent": "MiB"}),
    Publisher(
        "linux2mqtt", "PyPI linux2mqtt 1.7.0", "homeassistant", "server1 Linux", {"CPU": "%", "Virtual Memory": "MB"}
    ),
    Publisher("MQTT IO", "PyPI mqtt-io 2.7.0", "homeassistant", "MQTT IO", {"Cellar temperature": "°C"}),
    Publisher(
        "ha-mqtt-discoverable", "PyPI ha-mqtt-discoverable 0.26.0", "homeassistant", "Nursery",
        {"Air temperature": "°C", "Door": None},
    ),
    Publisher("ThingsBoard gateway", "PyPI tb-mqtt-client 1.13.14", "thingsboard", "Boiler 7", {"Temperature": None}),
)  # fmt: skip
"""Publishers that run in the tests, each by its own package."""

RECORDED = (
    Publisher(
        "Tasmota", "", "tasmota", "Tasmota", {"Temperature": "°C", "Speed act": "km/h"},
        "home-assistant/core tests/components/tasmota",
    ),
    Publisher(
        "Shelly Plus 1PM", "", "shelly", "shellyplus1pm-aabbccddeeff",
        {"Power": "W", "Energy": "Wh", "Current": "A", "Input": None}, "home-assistant-libs/aioshelly",
    ),
    Publisher(
        "Shelly Pro 3EM", "", "shelly", "shellypro3em-aabbccddeeff",
        {"Phase A power": "W", "Phase A current": "A", "Phase A frequency": "Hz"}, "home-assistant-libs/aioshelly",
    ),
    Publisher("ESPHome", "", "homeassistant", "livingroom", {"Living Temp": "°C"}, "constructed from esphome", False),
    Publisher(
        "OpenMQTTGateway", "", "homeassistant", "A4C138C38EE5", {"LYWSD03MMC-tempc": "°C"}, "OpenMQTTGateway sample"
    ),
    Publisher(
        "ha-mqtt-device", "", "homeassistant", "Roof Weather", {"Temperature": "°C", "Rain": "mm", "Frost": None},
        "capture: PyPI ha-mqtt-device", False,
    ),
    Publisher(
        "homie-device", "", "homie", "Greenhouse One", {"Temperature": "°C", "Humidity": "%"},
        "capture: npm homie-device", False,
    ),
    Publisher(
        "rtl_433", "", "mapping", "Nexus-TH 92", {"Temperature": "°C", "Humidity": "%", "Battery ok": None},
        "capture: Debian rtl-433",
    ),
    Publisher(
        "OwnTracks", "", "mapping", "jane/phone", {"Location latitude": "°", "Location accuracy": "m"}, "OwnTracks"
    ),
    Publisher(
        "ChirpStack v4", "", "mapping", "Test device", {"RSSI": "dBm", "SNR": "dB", "Battery": "%"}, "chirpstack/"
    ),
    Publisher("The Things Stack v3", "", "mapping", "dev1", {"RSSI": "dBm", "SNR": "dB"}, "TheThingsIndustries/"),
    Publisher("AWS IoT shadow", "", "mapping", "myLightBulb", {"Color": None, "On": None}, "AWS IoT"),
    Publisher("OpenDTU", "", "mapping", "solar/116180400144", {"0 power": "W", "1 voltage": "V"}, "OpenDTU"),
    Publisher("evcc", "", "mapping", "evcc/loadpoints/1", {"Charge power": "W", "Charging": None}, "evcc"),
    Publisher("Victron Energy", "", "mapping", "battery 512", {"State of charge": "%"}, "dbus-mqtt"),
    Publisher("Meshtastic", "", "meshtastic", "Meshtastic !7efeee00", {"Battery level": "%"}, "Meshtastic"),
    Publisher(
        "SenML", "", "mapping", "urn:dev:ow:10e2073a01080063", {"Voltage": "V", "Current": "A"},
        "RFC 8428 section 5.1.2",
    ),
)  # fmt: skip
"""Publishers whose recorded or documented messages are tested."""

HEAD = """\
# Publishers

What these programs and devices publish is read without configuration, or by a mapping that a new hub has
([config/mappings.toml](../config/mappings.toml)). `make test-integrations` installs and runs those with a package, and
checks name, readings, titles, units and presence of the device; of the others, `make test` checks recorded or
documented messages.

| publisher | tried with | read by | device | some readings |
|---|---|---|---|---|
"""


def page() -> str:
    rows = [_row(each) for each in (*RUNNING, *RECORDED)]
    return HEAD + "\n".join(rows) + "\n"


def _row(each: Publisher) -> str:
    readings = ", ".join(f"{title} ({unit})" if unit else title for title, unit in each.readings.items())
    device = each.device.replace("{host}", "name of the computer")
    tried = f"its package: {each.package}" if each.package else "messages"
    return f"| {each.name} | {tried} | [{each.dialect}](dialects/{each.dialect}.md) | {device} | {readings} |"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.exit(0)
