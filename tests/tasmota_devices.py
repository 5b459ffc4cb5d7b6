"""Simulated Tasmota devices: an announcement, and a dialect that has received some."""

from dialect_run import DialectRun
from hub.dialects import TasmotaDialect

MAC = "A4CF12B03C01"


def config(mac: str = MAC, topic: str = "plug", **more) -> dict:
    return {
        "dn": "Desk plug",
        "md": "NOUS A1T",
        "sw": "14.2.0",
        "mac": mac,
        "hn": "plug-1234",
        "t": topic,
        "ft": "%prefix%/%topic%/",
        "tp": ["cmnd", "stat", "tele"],
        "onln": "Online",
        "ofln": "Offline",
        "state": ["OFF", "ON", "TOGGLE", "HOLD"],
        "rl": [1, 0, 0, 0],
        **more,
    }


def announced(*configs: dict) -> DialectRun:
    hub = DialectRun(TasmotaDialect())
    for body in configs:
        hub.say(f"tasmota/discovery/{body['mac']}/config", body, retained=True)
    return hub
