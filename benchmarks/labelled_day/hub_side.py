"""The hub of the labelled day: its settings with scaled times, and the alerts and notifications that it sent."""

from __future__ import annotations

import time
from typing import Any

import httpx

from benchmarks.labelled_day.prometheus import GROUP_INTERVAL_S
from benchmarks.labelled_day.sent_messages import SentMessages


def hub_settings(compress: float) -> dict[str, str]:
    """Return the hub's settings as environment variables: scaled times of at least 1 s; only errors are logged."""
    defaults = {
        "HUB_PRESENCE_STALE_MINIMUM_S": 15,
        "HUB_PRESENCE_STALE_UNKNOWN_S": 600,
        "HUB_INCIDENTS_GROUP_WINDOW_S": 600,
        "HUB_INCIDENTS_MAX_AGE_S": 14_400,
        "HUB_INCIDENTS_FLAPPING_WINDOW_S": 600,
    }
    scaled = {name: str(max(1.0, seconds / compress)) for name, seconds in defaults.items()}
    return {**scaled, "HUB_LOG_LEVEL": "error"}


async def notify(client: httpx.AsyncClient, receiver: str, compress: float) -> None:
    """Configure the hub to send all alerts to a webhook, one message an incident, with Alertmanager's waiting times."""
    channel = {"kind": "webhook", "name": "recorder", "values": {"url": receiver}}
    (await client.put("/api/notifications/channels/recorder", json=channel)).raise_for_status()
    route = {
        "name": "all",
        "steps": [{"channels": ["*"]}],
        "group_by": "incident",
        "group_wait_s": 1,
        "diagnosis_wait_s": 0,
        "group_interval_s": max(1, round(GROUP_INTERVAL_S / compress)),
        "repeat_s": 0,
    }
    (await client.put("/api/notifications/routes", json={"routes": [route]})).raise_for_status()


class HubRecorder:
    """Receives the hub's notifications.

    ``notified`` has the time (epoch seconds) of the first notification by alert id. ``critical`` are the ids of alerts
    that were critical in a notification. ``messages`` are the notifications of new alerts.
    """

    def __init__(self) -> None:
        self.notified: dict[str, float] = {}
        self.critical: set[str] = set()
        self.messages = SentMessages()

    def sent(self, body: Any) -> None:
        if body["status"] != "firing":
            return
        fresh = [each for each in body["alerts"] if each["id"] not in self.notified]
        if fresh:
            self.messages.add(fresh[0]["device"])
        self.critical.update(each["id"] for each in body["alerts"] if each["severity"] == "critical")
        self.notified.update({each["id"]: time.time() for each in fresh})


async def all_of(client: httpx.AsyncClient, path: str) -> list[Any]:
    """Return all items of a paginated list of the API."""
    found: list[Any] = []
    cursor = None
    while True:
        query = {"limit": 1_000, **({"cursor": cursor} if cursor else {})}
        page = (await client.get(path, params=query)).raise_for_status().json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found
