"""How the hub interprets metrics and devices; corrections of people override this, and teach it for other devices."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api_hub import ApiHub, running_hub
from hub.diagnosis.investigation import Investigation

TEXTS = Path(__file__).parents[1] / "web" / "src" / "texts"
UNITS = {"p2": "bar", "x1": "bar", "flow": "l/min", "moisture": "%"}


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[ApiHub]:
    async with running_hub(tmp_path) as running:
        yield running


async def device(hub: ApiHub, name: str, model: str | None = "P-7", **info: Any) -> None:
    hub.publish(f"devices/{name}/info", {"units": UNITS, "model": model, **info})
    await hub.telemetry(name, p2=4.1, x1=1.0, flow=20.0, q7=3.0)


async def detail(hub: ApiHub, name: str) -> dict[str, Any]:
    found: dict[str, Any] = (await hub.http.get(f"/api/devices/{name}")).json()
    return found


async def correct(hub: ApiHub, name: str, **edit: Any) -> dict[str, Any]:
    answer = await hub.http.patch(f"/api/devices/{name}", json=edit)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def read_as(found: dict[str, Any], metric: str) -> tuple[Any, ...]:
    each = found["semantics"][metric]
    return each["quantity"], each["places"], each["role"], each["source"]


async def test_device_shows_what_its_metrics_are_read_as_and_why(hub: ApiHub) -> None:
    hub.publish("devices/a/info", {"units": UNITS, "titles": {"z9": "Tank level"}})
    await hub.telemetry("a", p_disch=4.1, x1=1.0, flow_setpoint=20.0, q7=3.0, z9=1.5)
    found = await detail(hub, "a")
    assert read_as(found, "p_disch") == ("pressure", ["discharge"], "measured", "name")
    assert read_as(found, "x1") == ("pressure", [], "measured", "unit")
    assert read_as(found, "flow_setpoint") == ("flow", [], "setpoint", "name")
    assert read_as(found, "z9") == ("level", ["tank"], "measured", "title")
    assert read_as(found, "q7") == (None, [], "measured", "unknown")
    assert found["semantics"]["q7"]["likely"][0] == "flow"  # q is short for flow
    assert found["semantics"]["x1"]["likely"] == []


async def test_device_shows_its_kind_of_machine_and_why(hub: ApiHub) -> None:
    hub.publish("devices/a/info", {"name": "Feed pump", "units": {"flow": "l/min", "current": "A"}})
    await hub.telemetry("a", flow=3.0, current=2.0)
    assert (await detail(hub, "a"))["kinds"] == {"ids": ["pump"], "source": "name"}
    assert (await correct(hub, "a", kinds=["fan"]))["kinds"] == {"ids": ["fan"], "source": "person"}
    assert (await correct(hub, "a", kinds=[]))["kinds"] == {"ids": [], "source": "person"}
    assert (await correct(hub, "a", kinds=None))["kinds"] == {"ids": ["pump"], "source": "name"}


async def test_correction_overrides_the_reading_until_it_is_cleared(hub: ApiHub) -> None:
    await device(hub, "a", model=None)
    edit = {"quantity": "flow", "places": ["discharge", "pump"], "role": "limit"}
    found = await correct(hub, "a", metrics={"q7": edit})
    assert read_as(found, "q7") == ("flow", ["discharge", "pump"], "limit", "person")
    assert {key: found["metric_edits"]["q7"][key] for key in edit} == edit
    found = await correct(hub, "a", metrics={"q7": {"title": "Seven"}})
    assert read_as(found, "q7")[3] == "unknown"


async def test_one_corrected_field_leaves_the_others_to_the_hub(hub: ApiHub) -> None:
    await device(hub, "a")
    found = await correct(hub, "a", metrics={"x1": {"places": ["suction"]}})
    assert read_as(found, "x1") == ("pressure", ["suction"], "measured", "person")


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"metrics": {"q7": {"quantity": "presure"}}}, ("quantity 'presure'", "pressure")),
        ({"metrics": {"q7": {"places": ["outlet", "moon"]}}}, ("place 'moon'", "suction")),
        ({"metrics": {"q7": {"role": "king"}}}, ("role 'king'", "setpoint")),
        ({"kinds": ["pump", "toaster"]}, ("machine type 'toaster'", "cold_room")),
    ],
)
async def test_unknown_term_is_refused_with_the_known_ones(hub: ApiHub, edit: Any, said: tuple[str, str]) -> None:
    await device(hub, "a")
    answer = await hub.http.patch("/api/devices/a", json=edit)
    assert answer.status_code == 422
    assert said[0] in answer.json()["error"]["message"]
    assert said[1] in answer.json()["error"]["hint"]


async def test_every_known_term_is_accepted(hub: ApiHub) -> None:
    await device(hub, "a")
    terms = (await hub.http.get("/api/terms")).json()
    assert {"id": "differential_pressure", "title": "Differential pressure"} in terms["quantities"]
    for term in terms["quantities"]:
        await correct(hub, "a", metrics={"q7": {"quantity": term["id"]}})
    for term in terms["places"]:
        await correct(hub, "a", metrics={"q7": {"places": [term["id"]]}})
    for term in terms["roles"]:
        await correct(hub, "a", metrics={"q7": {"role": term["id"]}})
    for term in terms["kinds"]:
        await correct(hub, "a", kinds=[term["id"]])


async def test_correction_teaches_other_devices_of_the_model(hub: ApiHub) -> None:
    for name, model in (("a", "P-7"), ("b", "P-7"), ("c", "P-8"), ("d", None)):
        await device(hub, name, model)
    await correct(hub, "a", metrics={"q7": {"quantity": "torque", "places": ["motor"]}}, kinds=["motor"])
    taught = await detail(hub, "b")
    assert read_as(taught, "q7") == ("torque", ["motor"], "measured", "model")
    assert taught["kinds"] == {"ids": ["motor"], "source": "model"}
    assert taught["metric_edits"] == {}
    for name in ("c", "d"):
        assert read_as(await detail(hub, name), "q7")[3] == "unknown"
    await correct(hub, "b", metrics={"q7": {"quantity": "weight"}})
    assert read_as(await detail(hub, "b"), "q7")[0] == "weight"
    assert read_as(await detail(hub, "a"), "q7")[0] == "torque"


async def test_majority_teaches_and_a_tie_teaches_nothing(hub: ApiHub) -> None:
    for name in "abcd":
        await device(hub, name)
    await correct(hub, "a", metrics={"q7": {"quantity": "torque"}})
    await correct(hub, "b", metrics={"q7": {"quantity": "weight"}})
    assert read_as(await detail(hub, "d"), "q7")[3] == "unknown"
    await correct(hub, "c", metrics={"q7": {"quantity": "weight"}})
    assert read_as(await detail(hub, "d"), "q7")[::3] == ("weight", "model")


async def test_corrections_of_deleted_device_no_longer_apply_to_others(hub: ApiHub) -> None:
    await device(hub, "a")
    await device(hub, "b")
    await correct(hub, "a", metrics={"q7": {"quantity": "torque"}})
    await hub.http.delete("/api/devices/a")
    assert read_as(await detail(hub, "b"), "q7")[3] == "unknown"


async def test_corrections_survive_a_restart_and_still_teach(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        await device(hub, "a")
        await device(hub, "b")
        await correct(hub, "a", metrics={"q7": {"quantity": "torque"}}, kinds=["motor"])
    async with running_hub(tmp_path) as hub:
        assert read_as(await detail(hub, "a"), "q7")[::3] == ("torque", "person")
        assert read_as(await detail(hub, "b"), "q7")[::3] == ("torque", "model")
        assert (await detail(hub, "b"))["kinds"]["ids"] == ["motor"]


async def test_corrections_are_in_the_activity_log(hub: ApiHub) -> None:
    await device(hub, "a")
    await correct(hub, "a", metrics={"q7": {"quantity": "flow", "places": ["discharge"]}}, kinds=["pump"])
    await correct(hub, "a", kinds=None)
    items = (await hub.http.get("/api/activity")).json()["items"]
    texts = [item["text"] for item in items if item["kind"] == "settings"]
    assert texts == [
        "operator reset the machine type of a",
        "operator set the machine type of a to Pump; set what Q7 of a measures to Flow, Discharge",
    ]


async def test_diagnosis_uses_corrections(hub: ApiHub) -> None:
    await device(hub, "a")
    await device(hub, "b")
    await correct(hub, "a", metrics={"q7": {"quantity": "torque"}}, kinds=["motor"])
    services = hub.services
    investigation = Investigation(registry=services.registry, engine=services.engine, store=services.store)
    for name in ("a", "b"):
        case = await investigation.case(services.registry.require(name), None, services.now())
        assert (case.semantics["q7"].quantity, case.kinds) == ("torque", {"motor"})
        assert case.semantics["x1"].quantity == "pressure"


async def test_dashboard_has_a_title_for_each_term(hub: ApiHub) -> None:
    terms = (await hub.http.get("/api/terms")).json()
    for code in ("en", "de", "es"):
        known = json.loads((TEXTS / code / "terms.json").read_text("utf-8"))
        assert {name: set(titles) for name, titles in known.items()} == {
            name: {term["id"] for term in found} for name, found in terms.items()
        }
    english = json.loads((TEXTS / "en" / "terms.json").read_text("utf-8"))
    assert english == {name: {term["id"]: term["title"] for term in found} for name, found in terms.items()}
