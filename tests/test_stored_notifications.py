"""Stored notification settings that are partly invalid: what is invalid is left out, and the rest is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.notifications.routes import DEFAULT_ROUTE
from hub.notifications.settings import NotificationConfig

HOOK = {"id": "hook", "kind": "webhook", "name": "Hook", "values": {"url": "https://a.example/x"}}
MAIL = {"id": "mail", "kind": "mail", "name": "Mail", "values": {"host": "b.example"}}
NIGHT = {"days": [0], "start": 0, "end": 60, "zone": "Europe/Berlin"}
STORED: dict[str, Any] = {
    "channels": [HOOK, MAIL],
    "routes": [{"name": "All", "steps": [{"channels": ["*"]}]}, {"name": "Night", "hours": [NIGHT]}],
    "people": {"ada": {"addresses": [{"channel": "mail", "address": "a@b.example"}], "quiet": [NIGHT]}},
    "heartbeat_url": "https://c.example/beat",
    "reports": [{"name": "Day", "kind": "weekly_digest", "days": [0], "at": 480, "zone": "UTC"}],
}


def changed(where: str, value: Any) -> dict[str, Any]:
    """Return ``STORED`` with another value at the path ``where``, such as ``channels/0/name``."""
    document = json.loads(json.dumps(STORED))
    *path, last = (int(part) if part.isdecimal() else part for part in where.split("/"))
    inner = document
    for part in path:
        inner = inner[part]
    inner[last] = value
    return dict(document)


def load(folder: Path, document: Any) -> NotificationConfig:
    (folder / "notifications.json").write_text(json.dumps(document))
    return NotificationConfig(folder)


def contents(config: NotificationConfig) -> dict[str, int]:
    found = config.settings
    ada = found.people.get("ada")
    return {
        "channels": len(found.channels),
        "routes": len(found.routes),
        "people": len(found.people),
        "addresses": len(ada.addresses) if ada else 0,
        "quiet": len(ada.quiet) if ada else 0,
        "reports": len(found.reports),
        "heartbeat": bool(found.heartbeat_url),
    }


WHOLE = {"channels": 2, "routes": 2, "people": 1, "addresses": 1, "quiet": 1, "reports": 1, "heartbeat": True}


def test_valid_settings_are_used_as_they_are(tmp_path: Path) -> None:
    config = load(tmp_path, STORED)
    assert (contents(config), config.faults) == (WHOLE, [])
    assert [file.name for file in tmp_path.iterdir()] == ["notifications.json"]


@pytest.mark.parametrize(
    "where", ["colour", "channels/0/colour", "routes/0/colour", "people/ada/colour", "people/ada/addresses/0/colour",
              "routes/0/steps/0/colour", "reports/0/colour", "channels/0/template"],
)  # fmt: skip
def test_unknown_key_costs_only_itself(tmp_path: Path, where: str) -> None:
    config = load(tmp_path, changed(where, {"colour": 1}))
    assert contents(config) == WHOLE
    (fault,) = config.faults
    assert "'colour'" in fault


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("routes/0/scope", {"machines": ["pump"]}),
        ("routes/0/hours", [{"zone": "Nowhere/Land"}]),
        ("routes/0/steps", [{"people": 7}]),
    ],
)
def test_route_is_not_used_without_a_part_that_limits_it(tmp_path: Path, where: str, value: Any) -> None:
    config = load(tmp_path, changed(where, value))
    assert contents(config)["routes"] == WHOLE["routes"] - 1
    assert any("more alerts match" in fault for fault in config.faults)


@pytest.mark.parametrize(
    ("where", "value", "lost"),
    [
        ("channels/0/name", 7, {"channels": 1}),
        ("channels/0/kind", "pigeon", {"channels": 1}),
        ("channels/0", "hook", {"channels": 1}),
        ("channels/1/template", {"title": 5}, {"channels": 1}),
        ("channels", "none", {"channels": 0}),
        ("routes/1/severities", ["loud"], {"routes": 1}),
        ("people/ada/addresses/0/address", None, {"addresses": 0}),
        ("people/ada/quiet/0/zone", "Mars/Base", {"quiet": 0}),
        ("people/ada/quiet_critical", "yes", {"people": 0, "addresses": 0, "quiet": 0}),
        ("reports/0/zone", "Mars/Base", {"reports": 0}),
        ("reports/0/at", 5_000, {"reports": 0}),
        ("heartbeat_url", 7, {"heartbeat": False}),
    ],
)
async def test_invalid_value_costs_only_what_contains_it(
    tmp_path: Path, where: str, value: Any, lost: dict[str, int]
) -> None:
    document = changed(where, value)
    config = load(tmp_path, document)
    assert contents(config) == WHOLE | lost
    (fault,) = config.faults
    assert where.partition("/")[0] in fault
    await config.put_general(mqtt_events=True)
    assert json.loads((tmp_path / "notifications.unreadable").read_text()) == document, "nothing is lost by a change"
    again = NotificationConfig(tmp_path)
    assert (contents(again), again.faults) == (WHOLE | lost, [])


def test_alerts_are_sent_by_the_default_route_if_no_stored_one_is_valid(tmp_path: Path) -> None:
    assert load(tmp_path, changed("routes", [{"name": 7}])).settings.routes == (DEFAULT_ROUTE,)
    assert load(tmp_path, changed("routes", [])).settings.routes == ()


@pytest.mark.parametrize("content", [b"{", b"[]", b'"x"', b"\xff", b'{"x":' + b"[" * 100_000], ids=range(5))
def test_unreadable_settings_are_kept_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "notifications.json").write_bytes(content)
    config = NotificationConfig(tmp_path)
    assert (config.settings.channels, len(config.faults)) == ((), 1)
    assert (tmp_path / "notifications.unreadable").read_bytes() == content


def test_earlier_file_that_was_kept_aside_is_not_overwritten(tmp_path: Path) -> None:
    for colour in (1, 2, 1):
        load(tmp_path, changed("channels/0/colour", colour))
    assert sorted(each.name for each in tmp_path.glob("*.unreadable")) == [
        "notifications-2.unreadable",
        "notifications.unreadable",
    ]
