"""Run Prometheus and Alertmanager (Debian packages) on loopback with the rules of the day, and record their alerts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import time
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from benchmarks.labelled_day.rules import prometheus_rules
from benchmarks.labelled_day.sent_messages import SentMessages

PORTS = range(34_100, 34_900)
SCRAPE_S = 15.0
"""Interval of scraping and evaluating in simulated seconds, as in Debian's prometheus.yml."""
GROUP_INTERVAL_S = 300.0
RESEND_S = 60.0
START_S = 60.0


def free_ports(count: int) -> list[int]:
    """Return free ports of the loopback interface above 34,000."""
    found = []
    for port in PORTS:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"Fewer than {count} of the ports {PORTS.start} to {PORTS.stop - 1} are free.")


class AlertKey(NamedTuple):
    """An alert of Prometheus. ``starts`` is when it fired, in epoch ms."""

    rule: str
    device: str
    severity: str
    starts: int


class PrometheusRecorder:
    """Receives alerts from Prometheus, as a second Alertmanager would, and notifications from Alertmanager.

    Attributes:
        raised: All alerts that fired, each with the time at which it ended (epoch ms); None if it is still firing.
        notified: By alert, the time of Alertmanager's first notification (epoch seconds), and the incident.
        messages: Alertmanager's notifications of new alerts.
    """

    def __init__(self) -> None:
        self.raised: dict[AlertKey, int | None] = {}
        self.notified: dict[AlertKey, tuple[float, str]] = {}
        self.messages = SentMessages()
        self._groups: dict[str, bool] = {}
        self._lives: dict[str, int] = {}

    def fired(self, alerts: list[Any]) -> None:
        """Record the alerts that Prometheus posts to its Alertmanagers."""
        for each in alerts:
            ends = _ms(each["endsAt"])
            self.raised[_key(each)] = ends if ends <= 1_000 * time.time() else None

    def sent(self, body: Any) -> None:
        """Record a notification of Alertmanager. A group that was resolved and fires again is another incident."""
        group, firing = body["groupKey"], body["status"] == "firing"
        if firing and not self._groups.get(group):
            self._lives[group] = self._lives.get(group, 0) + 1
        self._groups[group] = firing
        fresh = [_key(each) for each in body["alerts"] if each["status"] == "firing"]
        fresh = [key for key in fresh if key not in self.notified]
        if fresh:
            self.messages.add(fresh[0].device)
        for key in fresh:
            self.notified[key] = (time.time(), f"{group}#{self._lives[group]}")


def _key(alert: Any) -> AlertKey:
    labels = alert["labels"]
    return AlertKey(labels["alertname"], labels["device"], labels["severity"], _ms(alert["startsAt"]))


def _ms(text: str) -> int:
    return round(1_000 * datetime.fromisoformat(text).timestamp())


def alertmanager_config(receiver: str, compress: float) -> dict[str, Any]:
    """Return alertmanager.yml: one group a device; alerts that follow from a more severe one are inhibited."""
    interval = f"{round(1_000 * GROUP_INTERVAL_S / compress)}ms"
    route = {"receiver": "recorder", "group_by": ["device"], "group_wait": "1s", "group_interval": interval}
    return {
        "route": {**route, "repeat_interval": "48h"},
        "receivers": [{"name": "recorder", "webhook_configs": [{"url": receiver, "send_resolved": True}]}],
        "inhibit_rules": [
            {
                "source_matchers": ['alertname="gateway-silent"'],
                "target_matchers": ['alertname="silent"'],
                "equal": ["gateway"],
            },
            {
                "source_matchers": ['severity="critical"'],
                "target_matchers": ['severity="warning"'],
                "equal": ["alertname", "device"],
            },
        ],
    }


def prometheus_config(exporter: int, alertmanagers: list[str], compress: float) -> dict[str, Any]:
    """Return prometheus.yml."""
    interval = f"{round(1_000 * SCRAPE_S / compress)}ms"
    return {
        "global": {"scrape_interval": interval, "scrape_timeout": interval, "evaluation_interval": interval},
        "rule_files": ["rules.yml"],
        "scrape_configs": [{"job_name": "plant", "static_configs": [{"targets": [f"127.0.0.1:{exporter}"]}]}],
        "alerting": {"alertmanagers": [{"api_version": "v2", "static_configs": [{"targets": alertmanagers}]}]},
    }


@contextlib.asynccontextmanager
async def prometheus(folder: Path, exporter: int, receiver: int, compress: float) -> AsyncIterator[None]:
    """Run both programs. They scrape the port ``exporter`` and report to the port ``receiver``."""
    web, alerts = (f"127.0.0.1:{port}" for port in free_ports(2))
    files = {  # JSON is YAML
        "alertmanager.yml": alertmanager_config(f"http://127.0.0.1:{receiver}/alertmanager", compress),
        "prometheus.yml": prometheus_config(exporter, [alerts, f"127.0.0.1:{receiver}"], compress),
        "rules.yml": prometheus_rules(compress),
    }
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content, indent=1))
    async with (
        _program(
            "prometheus-alertmanager",
            f"http://{alerts}/-/ready",
            folder,
            f"--config.file={folder}/alertmanager.yml",
            f"--storage.path={folder}/alertmanager",
            f"--web.listen-address={alerts}",
            "--cluster.listen-address=",
        ),
        _program(
            "prometheus",
            f"http://{web}/-/ready",
            folder,
            f"--config.file={folder}/prometheus.yml",
            f"--storage.tsdb.path={folder}/prometheus",
            f"--web.listen-address={web}",
            f"--rules.alert.resend-delay={round(1_000 * RESEND_S / compress)}ms",
            f"--query.lookback-delta={round(300_000 / compress)}ms",
        ),
    ):
        yield


@contextlib.asynccontextmanager
async def _program(name: str, ready: str, folder: Path, *arguments: str) -> AsyncIterator[None]:
    """Run a program, and wait until it answers."""
    path = shutil.which(name)
    assert path, f"this benchmark needs {name}: apt install prometheus prometheus-alertmanager"
    with (folder / f"{name}.log").open("wb") as log:
        child = await asyncio.create_subprocess_exec(path, *arguments, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(START_S), httpx.AsyncClient() as client:
            while not await _answers(client, ready):
                assert child.returncode is None, (folder / f"{name}.log").read_text()[-2_000:]
                await asyncio.sleep(0.1)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        await child.wait()


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return (await client.get(url)).is_success
    return False
