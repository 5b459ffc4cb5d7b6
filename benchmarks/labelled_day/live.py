"""One live run: the day is published to a real broker, and a hub and Prometheus with Alertmanager watch it."""

from __future__ import annotations

import asyncio
import heapq
import json
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import aiomqtt
import httpx

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from benchmarks.ingest.peers import hub
from benchmarks.labelled_day.day import WARM_UP_S, Day, Report
from benchmarks.labelled_day.devices import MODELS, Device
from benchmarks.labelled_day.exporter import running_exporter
from benchmarks.labelled_day.gateway import GatewayOutage, GatewayOutcome
from benchmarks.labelled_day.hub_side import HubRecorder, all_of, hub_settings, notify
from benchmarks.labelled_day.prometheus import PrometheusRecorder, free_ports, prometheus
from benchmarks.labelled_day.rules import hub_rules
from benchmarks.labelled_day.score import GRACE_S, RaisedAlert
from http_receiver import Posted, http_receiver
from hub.mqtt.demo_broker import DemoBroker

WINDOW = 1_000
"""Maximum number of messages that the hub has not acknowledged yet."""


class Scale(NamedTuple):
    """Converts between the seconds of the day and the clock. ``start`` is the epoch second at which the day begins."""

    start: float
    compress: float

    def clock(self, t: float) -> float:
        return self.start + t / self.compress

    def day(self, at: float) -> float:
        return (at - self.start) * self.compress


class Outcome(NamedTuple):
    """The alerts and messages of both systems. ``late_s`` is the largest delay of the publisher, in real seconds."""

    hub: list[RaisedAlert]
    hub_messages: int
    prometheus: list[RaisedAlert]
    prometheus_messages: int
    hub_gateway: GatewayOutcome
    prometheus_gateway: GatewayOutcome
    late_s: float


async def describe(client: aiomqtt.Client, devices: Iterable[Device]) -> None:
    """Publish the descriptions of the devices."""
    for device in devices:
        info: dict[str, Any] = {"name": device.id, "model": device.model}
        if device.model in MODELS:
            info["units"] = MODELS[device.model].units
        if device.via:
            info["via"] = device.via
        await client.publish(f"devices/{device.id}/info", json.dumps(info), qos=1, retain=True)


async def publish(client: aiomqtt.Client, reports: Iterable[Report], scale: Scale) -> float:
    """Publish each message at its time. Return the largest delay in real seconds."""
    late = 0.0
    for report in reports:
        wait = scale.clock(report.at) - time.time()
        late = max(late, -wait)
        if wait > 0:
            await asyncio.sleep(wait)
        body = {"ts": round(1_000 * scale.clock(report.measured)), "metrics": report.values}
        await client.publish(f"devices/{report.device}/telemetry", json.dumps(body), qos=1)
    return late


async def follow_outage(
    publisher: aiomqtt.Client, client: httpx.AsyncClient, outage: GatewayOutage, scale: Scale
) -> list[Any]:
    """Publish the descriptions of the big gateway's devices, and return the hub's alerts about them.

    The descriptions are published a minute before the devices begin to report. The alerts are read half a minute before
    the gateway returns. Both are minutes of the simulated day.
    """
    await asyncio.sleep(scale.clock(outage.start - 60) - time.time())
    await describe(publisher, outage.devices())
    await asyncio.sleep(scale.clock(outage.returns - 30) - time.time())
    return [each for each in await all_of(client, "/api/alerts") if each["device_id"].startswith("big-")]


async def run(day: Day, compress: float) -> Outcome:
    """Run the day and then the outage of the big gateway."""
    outage = GatewayOutage(day.ends + GRACE_S)
    sent_by_hub, sent_by_prometheus = HubRecorder(), PrometheusRecorder()

    def receive(posted: Posted) -> str:
        if posted.path == "/hub":
            sent_by_hub.sent(posted.json)
        elif posted.path == "/alertmanager":
            sent_by_prometheus.sent(posted.json)
        else:
            sent_by_prometheus.fired(posted.json)
        return "200 OK\r\n"

    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="labelled-day-")))
        broker = await DemoBroker.start("127.0.0.1", 0, kind="mosquitto")
        stack.push_async_callback(broker.stop)
        rules, settings = hub_rules(compress), hub_settings(compress)
        running = await stack.enter_async_context(hub(broker.port, WINDOW, rules, settings=settings))
        client = httpx.AsyncClient(base_url=f"http://{running.http}", timeout=60)
        await stack.enter_async_context(client)
        receiver = await stack.enter_async_context(http_receiver())
        receiver.answer = receive
        await notify(client, f"{receiver.url}/hub", compress)
        (port,) = free_ports(1)
        await stack.enter_async_context(running_exporter(broker.port, port))
        await stack.enter_async_context(prometheus(folder, port, receiver.port, compress))
        publisher = aiomqtt.Client("127.0.0.1", broker.port, identifier="plant")
        await stack.enter_async_context(publisher)
        await describe(publisher, day.devices.values())
        scale = Scale(time.time() + WARM_UP_S / compress + 1, compress)
        reports = heapq.merge(day.reports(outage.end), outage.reports(), key=lambda report: report.at)
        async with asyncio.TaskGroup() as tasks:
            following = tasks.create_task(follow_outage(publisher, client, outage, scale), name="outage")
            publishing = tasks.create_task(publish(publisher, reports, scale), name="publisher")
        during, after, late = following.result(), await all_of(client, "/api/alerts"), publishing.result()
    of_day, of_outage = (
        (scale.clock(0), scale.clock(outage.start)),
        (scale.clock(outage.down), scale.clock(outage.returns)),
    )
    return Outcome(
        hub_alerts(after, sent_by_hub, scale),
        len(sent_by_hub.messages.between(*of_day)),
        prometheus_alerts(sent_by_prometheus, scale),
        len(sent_by_prometheus.messages.between(*of_day)),
        hub_gateway(during, after, sent_by_hub, *of_outage),
        prometheus_gateway(sent_by_prometheus, *of_outage),
        late,
    )


def hub_alerts(found: list[Any], sent: HubRecorder, scale: Scale) -> list[RaisedAlert]:
    """Return the alerts of the hub, without those of the big gateway and its devices."""
    alerts = []
    for each in found:
        at = sent.notified.get(each["id"])
        heard = None if at is None else scale.day(at)
        incident = each["incident_id"] if heard is not None else None
        raised = scale.day(each["raised_at"] / 1_000)
        severity = "critical" if each["id"] in sent.critical else each["severity"]
        alerts.append(RaisedAlert(each["device_id"], each["rule_id"], raised, heard, incident, severity))
    return [each for each in alerts if not each.device.startswith("big-")]


def prometheus_alerts(sent: PrometheusRecorder, scale: Scale) -> list[RaisedAlert]:
    """Return the alerts of Prometheus, without those of the big gateway and its devices."""
    alerts = []
    for key in sent.raised:
        at, group = sent.notified.get(key, (None, None))
        heard = None if at is None else scale.day(at)
        alerts.append(RaisedAlert(key.device, key.rule, scale.day(key.starts / 1_000), heard, group, key.severity))
    return [each for each in alerts if not each.device.startswith("big-")]


def hub_gateway(during: list[Any], after: list[Any], sent: HubRecorder, down: float, returns: float) -> GatewayOutcome:
    """Return how the hub reacted to the outage of the big gateway.

    ``down`` and ``returns`` are the beginning and the end of the outage in epoch seconds.
    """
    loud = [each for each in during if each["suppressed_by"] is None]
    diagnoses = {each["diagnosis"]["id"] for each in during if each["diagnosis"]}
    later = [each for each in after if each["device_id"].startswith("big-")]
    return GatewayOutcome(
        alerts=len(during),
        suppressed=len(during) - len(loud),
        incidents=len({each["incident_id"] for each in during}),
        messages=sum(device.startswith("big-") for device in sent.messages.between(down, returns)),
        diagnoses=len(diagnoses),
        alerts_after=sum(sent.notified.get(each["id"], 0) >= returns for each in later),
    )


def prometheus_gateway(sent: PrometheusRecorder, down: float, returns: float) -> GatewayOutcome:
    """Return how Prometheus and Alertmanager reacted to the outage of the big gateway."""
    keys = [key for key in sent.raised if key.device.startswith("big-")]
    during = [key for key in keys if key.starts < 1_000 * returns]
    loud = {key: sent.notified[key] for key in during if key in sent.notified and sent.notified[key][0] < returns}
    return GatewayOutcome(
        alerts=len(during),
        suppressed=len(during) - len(loud),
        incidents=len({group for _, group in loud.values()}),
        messages=sum(device.startswith("big-") for device in sent.messages.between(down, returns)),
        diagnoses=None,
        alerts_after=sum(key in sent.notified and sent.notified[key][0] >= returns for key in keys),
    )
