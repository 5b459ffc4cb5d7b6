"""Calculated metrics in a running hub: history, fast path, rules, restart, HTTP and the diagnosis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, running_hub
from fake_ai import now_ms
from hub.calculated import Calculation, parse
from hub.diagnosis.investigation import Investigation
from hub.dialects import NativeDialect
from hub.ingest.batch import Batch
from hub.ingest.handler import IngestHandler
from hub.model import DeleteDevice, Device, Info, RawMessage, ReplaceCalculated, Tick
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.rules import parse as parse_rules

T0 = 1_700_000_000_000
HEAT = """
[[calculated]]
id = "heat"
name = "Heat output"
metric = "heat"
expression = "flow * (supply - back)"
unit = "kW"
every = "1s"

[[calculated]]
id = "site"
metric = "heat_total"
device = "site"
expression = 'sum(metric("heat", model="HP*"))'
every = "1s"
"""
RULES = """
[[rule]]
id = "strong"
metric = "heat"
above = 100

[[rule]]
id = "gone"
kind = "no_data"
metric = "heat"
silence = "30s"
"""


class Plant:
    """Registry, rules and calculated metrics behind a handler, without a store. Times are in seconds after T0."""

    def __init__(self, metrics: str = HEAT, rules: str = RULES) -> None:
        self.registry, self.engine = DeviceRegistry(), Engine(parse_rules(rules))
        calculation = Calculation(parse(metrics), self.engine.matcher)
        self.handler = IngestHandler([NativeDialect()], self.registry, self.engine, calculation)
        self.batch = Batch()

    def report(self, second: float, device: str = "hp1", **values: float) -> None:
        body = b"{%s}" % b",".join(b'"%s":%r' % (key.encode(), value) for key, value in values.items())
        self.handler.handle(self.batch, [RawMessage(f"devices/{device}/telemetry", body, T0 + round(1000 * second))])
        self.handler.flush(self.batch)

    def submit(self, item: Any) -> None:
        self.handler.handle(self.batch, [(item, None)])
        while more := self.handler.take_unfinished(T0):
            self.handler.handle(self.batch, [(each, None) for each in more])

    def tick(self, second: float) -> None:
        self.submit(Tick(T0 + round(1000 * second), T0))

    def run(self, seconds: int, flow: float = 2.0, start: int = 0) -> None:
        for second in range(start, start + seconds):
            self.report(second, flow=flow + second / 1000, supply=40.0, back=30.0)
            self.tick(second + 0.5)

    def stored(self, device: str, metric: str) -> list[float]:
        batches = [record for batch in self.batch.record_batches for record in batch.records()]
        records = [record for record in (*self.batch.records, *batches) if record.device == device]
        return [record.values[metric] for record in sorted(records, key=lambda r: r.ts) if metric in record.values]

    def device(self, name: str = "hp1") -> Device:
        return self.registry.require(name)


def test_device_stays_on_the_fast_path():
    plant = Plant()
    plant.run(40)
    assert "hp1" in plant.registry.fast_path
    assert len(plant.stored("hp1", "heat")) == 40
    device = plant.device()
    assert device.metrics["heat"].value == pytest.approx((2.0 + 0.039) * 10)
    assert device.unit("heat") == "kW"
    assert device.describe("heat").title == "Heat output"
    assert not plant.engine.open
    assert not plant.registry.known("site"), "hp1 has no model, so there is nothing to add up"


def test_device_is_created_for_a_single_result():
    plant = Plant()
    plant.run(5)
    plant.device().info = Info(model="HP 7")
    plant.run(20, start=5)
    site = plant.device("site")
    assert (site.dialect, site.presence) == ("calculated", "online")
    assert site.metrics["heat_total"].value == plant.device().metrics["heat"].value, "in the same round"
    assert plant.stored("site", "heat_total")


def test_rule_on_a_calculated_metric_raises_and_clears():
    plant = Plant()
    plant.run(20)
    plant.run(3, flow=15.0, start=20)
    (alert,) = plant.engine.open.values()
    assert (alert.rule, alert.metric, alert.unit) == ("strong", "heat", "kW")
    plant.run(3, flow=2.0, start=23)
    assert not plant.engine.open


def test_input_that_goes_missing_makes_the_metric_unknown():
    plant = Plant()
    plant.run(20)
    for second in range(20, 200):
        plant.tick(second)
    assert plant.device().presence == "stale"
    assert plant.device().metrics["heat"].quality == "unknown"
    assert [alert.rule for alert in plant.engine.open.values()] == ["gone"]
    plant.run(3, start=200)
    assert plant.device().metrics["heat"].quality == "good"
    assert not plant.engine.open, "a calculated value ends the alert about its absence"


def test_metric_ends_with_its_definition_and_survives_device_deletion():
    plant = Plant()
    plant.run(5)
    plant.submit(ReplaceCalculated((), T0 + 6_000))
    assert not plant.device().calculated
    assert plant.device().metrics["heat"].quality == "unknown"
    plant.submit(ReplaceCalculated(tuple(parse(HEAT)), T0 + 7_000))
    plant.run(3, start=8)
    plant.submit(DeleteDevice("hp1", T0 + 12_000, "somebody"))
    plant.run(3, start=13)
    assert plant.device().metrics["heat"].quality == "good"


# -- over HTTP -----------------------------------------------------------------------------------------------

FILE = """# Heat pumps of the site.

[[calculated]]
id = "heat"
name = "Heat output"
metric = "heat"
expression = "flow * (supply - back)"
unit = "kW"
every = "1s"
"""


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    (tmp_path / "calculated.toml").write_text(FILE)
    async with running_hub(tmp_path) as running:
        yield running


async def get(hub: ApiHub, path: str, **query: Any) -> Any:
    return (await hub.http.get(path, params=query)).json()


async def send(hub: ApiHub, method: str, path: str, **body: Any) -> Any:
    body["revision"] = (await get(hub, "/api/calculated-metrics/text"))["revision"]
    options = {"params": body} if method == "DELETE" else {"json": body}
    return await hub.http.request(method, path, **options)


async def calculated(hub: ApiHub, device: str, metric: str) -> dict[str, Any]:
    """Wait until a device has a current value of the metric, and return it."""

    async def found() -> Any:
        await hub.settled()
        answer = await hub.http.get(f"/api/devices/{device}")
        return answer.json().get("metrics", {}).get(metric) if answer.status_code == 200 else None

    async with asyncio.timeout(20):
        while (metric_now := await found()) is None or metric_now["quality"] != "good":
            await asyncio.sleep(0.05)
    return dict(metric_now)


async def test_values_are_in_the_history_and_survive_a_restart(tmp_path: Path):
    (tmp_path / "calculated.toml").write_text(FILE)
    async with running_hub(tmp_path) as hub:
        await hub.telemetry("hp1", flow=2.0, supply=40.0, back=30.0)
        metric = await calculated(hub, "hp1", "heat")
        assert (metric["value"], metric["unit"], metric["title"]) == (20.0, "kW", "Heat output")
        assert metric["calculated"] == "heat"
        assert (await get(hub, "/api/calculated-metrics"))["items"][0]["devices"] == 1
        parts = hub.services
        investigation = Investigation(registry=parts.registry, engine=parts.engine, store=parts.store)
        case = await investigation.case(parts.registry.require("hp1"), None, now_ms())
        assert "flow" in case.tracks
        assert "heat" not in case.tracks, "it says nothing that its inputs do not say"
    async with running_hub(tmp_path) as hub:
        device = await get(hub, "/api/devices/hp1")
        assert device["metrics"]["heat"]["value"] == 20.0
        page = await get(hub, "/api/devices/hp1/history", metric="heat", **{"from": 0, "to": now_ms() + 1_000})
        assert [point[1] for point in page["points"]] == [20.0]


async def test_draft_is_previewed_and_tried_over_the_history(hub: ApiHub):
    start = now_ms() - 600_000
    for second in range(0, 600, 10):
        body = {"power": 3_600.0, "ts": start + 1_000 * second}
        hub.publish("devices/meter/telemetry", body, at=start + 1_000 * second)
    await hub.settled()
    draft = {"id": "energy", "metric": "energy", "expression": "total(power)", "every": "10s"}
    preview = (await hub.http.post("/api/calculated-metrics/preview", json={"calculated": draft})).json()
    assert (preview["problem"], preview["devices"]) == (None, 1)
    period = {"from": start, "to": start + 600_000}
    trial = (await hub.http.post("/api/calculated-metrics/backtest", json={"calculated": draft, **period})).json()
    (series,) = trial["series"]
    assert series["device"] == "meter"
    assert series["points"][-1][1] == pytest.approx(590.0, abs=15), "3.6 kW for ten minutes are 600 Wh"
    assert trial["readings"] == 60
    assert "energy" not in (await get(hub, "/api/devices/meter"))["metrics"], "nothing was stored"


@pytest.mark.parametrize(
    ("expression", "keys", "warning"),
    [
        ("flwo * 2", {}, "No device has reported 'flwo' yet. Did you mean 'flow'?"),
        ("flow * 2", {"areas": ["Attic"]}, "There is no area 'Attic'. No areas have been created yet."),
        ("flow * 2", {"labels": ["x"]}, "No device has the label 'x'."),
        ("flow + speed", {}, "No device reports all of 'flow', 'speed'."),
        ('metric("flow", device="hp2")', {"device": "total"}, "There is no device 'hp2', which the expression reads."),
        ('metric("flo", device="hp1")', {"device": "total"}, "The device 'hp1' has not reported 'flo' yet."),
        ('sum(metric("flow", area="Attic"))', {"device": "total"}, "There is no area 'Attic'."),
        (
            'sum(metric("flo", model="HP"))',
            {"device": "total"},
            "None of the devices that sum() reads has reported 'flo' yet.",
        ),
        ("flow * 2", {}, None),
        ('sum(metric("flow", model="HP"))', {"device": "total"}, None),
    ],
)
async def test_preview_warns_of_what_does_not_exist(hub: ApiHub, expression: str, keys: Any, warning: str | None):
    hub.publish("devices/hp1/info", {"model": "HP"})
    await hub.telemetry("hp1", flow=2.0)
    await hub.telemetry("fan", speed=3.0)
    draft = {"id": "double", "metric": "double", "expression": expression, **keys}
    preview = (await hub.http.post("/api/calculated-metrics/preview", json={"calculated": draft})).json()
    assert preview["problem"] is None
    if warning is None:
        assert preview["warnings"] == []
    else:
        assert preview["warnings"][0].startswith(warning)


async def test_file_is_changed_one_table_at_a_time(hub: ApiHub, tmp_path: Path):
    draft = {"id": "double", "metric": "double", "expression": "flow * 2", "every": "1s"}
    answer = await send(hub, "POST", "/api/calculated-metrics", calculated=draft)
    assert answer.status_code == 201
    assert (tmp_path / "calculated.toml").read_text().startswith(FILE)
    await hub.telemetry("hp1", flow=2.0)
    assert (await calculated(hub, "hp1", "double"))["value"] == 4.0
    answer = await send(hub, "PUT", "/api/calculated-metrics/double", calculated={**draft, "expression": "double + 1"})
    assert answer.status_code == 422
    assert "from itself" in answer.json()["error"]["message"]
    assert (await send(hub, "DELETE", "/api/calculated-metrics/double")).status_code == 200
    assert (tmp_path / "calculated.toml").read_text() == FILE
    texts = [line["text"] for line in (await get(hub, "/api/activity"))["items"]]
    assert "operator removed the calculated metric double" in texts
    stale = await hub.http.put("/api/calculated-metrics", json={"text": "", "revision": "old"})
    assert stale.status_code == 409
