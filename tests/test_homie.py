"""Homie: vectors of real messages, and cases that they do not cover."""

import pytest

from conformance import disagreements, vectors
from dialect_run import NOW, DialectRun
from hub.dialects import HomieDialect
from hub.errors import Rejected

VECTORS = vectors("homie")
PUMP = "homie:boiler-7"


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_real_message_is_decoded_as_expected(vector):
    assert disagreements(vector, HomieDialect()) == []


class Home(DialectRun):
    """Dialect with one device of Homie 4, or 5 with ``five``; ``says`` publishes attributes and values as text."""

    def __init__(self, device: str = "boiler-7", *, five: bool = False, base: str = "homie") -> None:
        super().__init__(HomieDialect(base), f"{base}/5/" if five else f"{base}/")
        self.device = device

    def says(self, topic: str, text: str, **options):
        return self.say(f"{self.device}/{topic}", text.encode(), **options)

    def described(self, **properties: dict[str, str]) -> "Home":
        """Describe properties of the node ``water`` in Homie 4."""
        self.says("$homie", "4.0.0", retained=True)
        for name, attributes in properties.items():
            for attribute, text in attributes.items():
                self.says(f"water/{name}/${attribute}", text, retained=True)
        return self

    def document(self, device: str = "boiler-7", properties: dict | None = None, **more):
        nodes = {"water": {"name": "Water", "properties": properties or {}}}
        body = {"homie": "5.0", "version": 1, "name": device.title(), "nodes": nodes, **more}
        return self.say(f"{device}/$description", body, retained=True)

    @property
    def info(self):
        return self.registry.identities[f"homie:{self.device}"].info


def values_of(result) -> dict:
    return {name: value for record in result.records for name, value in record.values.items()}


@pytest.mark.parametrize(
    ("datatype", "text", "value"),
    [
        ("integer", "-5", -5.0), ("float", "1e3", 1000.0), ("boolean", "true", True), ("boolean", "false", False),
        ("string", "42", "42"), ("string", "true", "true"), ("enum", "eco", "eco"), ("color", "255,0,7", "255,0,7"),
        ("datetime", "2026-11-22T22:20:00Z", "2026-11-22T22:20:00Z"), ("duration", "PT5M", "PT5M"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("five", [False, True])
def test_value_is_decoded_by_datatype(datatype, text, value, five):
    home = Home(five=five)
    if five:
        home.document(properties={"x": {"datatype": datatype}})
    else:
        home.described(x={"datatype": datatype})
    read = values_of(home.says("water/x", text))
    assert read == {"water.x": value}
    assert type(read["water.x"]) is type(value)


@pytest.mark.parametrize(
    ("datatype", "text"),
    [("integer", "1_0"), ("float", "inf"), ("float", "warm"), ("boolean", "TRUE"), ("boolean", "1")],
)
def test_value_of_wrong_datatype_is_refused(datatype, text):
    with pytest.raises(Rejected) as caught:
        Home().described(x={"datatype": datatype}).says("water/x", text)
    assert caught.value.reason == "bad_value"


def test_empty_payload_is_ignored_and_zero_byte_is_empty_text():
    home = Home(five=True)
    home.document(properties={"x": {"datatype": "string"}})
    assert home.says("water/x", "").records == ()
    assert values_of(home.says("water/x", "\x00")) == {"water.x": ""}


def test_homie_4_attributes_describe_device():
    home = Home().described(flow={"datatype": "float", "unit": "m3/h"})
    home.says("$name", "Boiler room")
    home.says("$fw/name", "boiler-fw")
    home.says("$fw/version", "1.2")
    assert (home.info.name, home.info.model, home.info.firmware) == ("Boiler room", "boiler-fw", "1.2")
    assert home.info.units == {"water.flow": "m³/h"}
    assert home.registry.identities[PUMP].native_id == "boiler-7"


def test_homie_4_attributes_can_arrive_in_any_order():
    home = Home()
    home.says("water/flow/$unit", "°C", retained=True)
    assert values_of(home.says("water/flow", "7")) == {"water.flow": 7.0}
    home.says("water/flow/$datatype", "string", retained=True)
    assert values_of(home.says("water/flow", "7")) == {"water.flow": "7"}
    assert home.info.units == {"water.flow": "°C"}


def test_type_of_undescribed_property_is_guessed():
    home = Home().described()
    assert values_of(home.says("water/on", "true")) == {"water.on": True}
    assert values_of(home.says("water/on", "3.5")) == {"water.on": 3.5}


def test_unlisted_properties_and_nodes_are_removed():
    home = Home().described(a={"unit": "V"}, b={"unit": "A"})
    home.says("water/$properties", "b")
    assert home.info.units == {"water.b": "A"}
    home.says("$nodes", "air,steam[]")
    assert home.info.units == {}


def test_device_statistics_are_metrics():
    home = Home().described()
    assert values_of(home.says("$stats/battery", "87")) == {"stats.battery": 87.0}
    assert home.info.units == {"stats.battery": "%"}
    assert home.says("$stats/lastupdate", "today").records == ()


@pytest.mark.parametrize(
    ("state", "online"),
    [("init", None), ("ready", True), ("alert", True), ("sleeping", None), ("disconnected", False), ("lost", False)],
)
@pytest.mark.parametrize("five", [False, True])
def test_device_state_sets_availability(state, online, five):
    availability = Home(five=five).says("$state", state, retained=True).availability
    assert [(a.online, a.retained) for a in availability] == ([] if online is None else [(online, True)])


def test_unknown_state_is_refused():
    with pytest.raises(Rejected):
        Home().says("$state", "fine")


def test_retained_value_has_quality_retained():
    home = Home().described(x={"datatype": "float"})
    (record,) = home.says("water/x", "5", retained=True).records
    assert (record.quality, record.ts) == ("retained", NOW)


def test_set_target_log_and_broadcast_topics_are_ignored():
    home = Home(five=True)
    home.document(properties={"x": {"datatype": "float", "settable": True}})
    for topic in ("water/x/set", "water/x/$target", "$log/warn", "water/unknown"):
        assert home.says(topic, "1").records == ()
    assert home.say("$broadcast/alert", b"fire").records == ()


def test_undescribed_device_is_refused_unless_retained():
    for home in (Home(), Home(five=True)):
        with pytest.raises(Rejected) as caught:
            home.says("water/x", "1")
        assert caught.value.reason == "unknown_device"
        assert home.says("water/x", "1", retained=True).records == ()


def test_homie_5_alert_is_metric():
    home = Home(five=True)
    home.document()
    assert values_of(home.says("$alert/battery", "Battery is low")) == {"alert.battery": "Battery is low"}
    assert values_of(home.says("$alert/battery", "")) == {"alert.battery": ""}


def test_children_follow_availability_of_their_parent():
    home = Home("bridge", five=True)
    home.document("bridge", children=["lamp", "door"])
    home.document("lamp", root="bridge", parent="bridge")
    home.document("door", root="bridge")
    home.say("door/$state", b"lost")
    assert home.registry.identities["homie:lamp"].info.via == "homie:bridge"
    lost = home.says("$state", "lost").availability
    assert {(a.device, a.online) for a in lost} == {(f"homie:{name}", False) for name in ("bridge", "lamp", "door")}
    back = home.says("$state", "ready").availability
    assert {(a.device, a.online) for a in back} == {(f"homie:{name}", True) for name in ("bridge", "lamp")}
    assert (
        len(home.says("$state", "ready", retained=True).availability) == 1
    )  # a retained message does not bring children online


def test_cyclic_parents_are_bounded():
    home = Home("a", five=True)
    home.document("a", parent="b")
    home.document("b", parent="a")
    assert len(home.says("$state", "lost").availability) < 20


def test_settable_properties_are_commands():
    home = Home(five=True)
    home.document(
        properties={
            "pump": {"datatype": "boolean", "settable": True},
            "mode": {"datatype": "enum", "format": "off,eco", "settable": True},
            "level": {"datatype": "float", "format": "0:10:0.5", "unit": "bar", "settable": True},
            "count": {"datatype": "integer", "format": ":9", "settable": True},
            "brew": {"datatype": "string", "settable": True, "retained": False},
            "flow": {"datatype": "float"},
        }
    )

    def command(name: str, **schema) -> dict:
        topic = f"homie/5/boiler-7/water/{name}/set"
        return {"topic": topic, "encoding": "text", "confirm_by": f"water.{name}", **schema}

    assert home.info.commands == {
        "water.pump": command("pump", type="boolean"),
        "water.mode": command("mode", type="enum", values=["off", "eco"]),
        "water.level": command("level", type="number", unit="bar", minimum=0.0, maximum=10.0, step=0.5),
        "water.count": command("count", type="number", maximum=9.0, step=1.0),
        "water.brew": {**command("brew", type="text"), "confirm_by": None},
    }


def test_base_topic_is_configurable():
    home = Home(base="plant/north")
    home.described(x={"datatype": "float"})
    assert values_of(home.says("water/x", "5")) == {"water.x": 5.0}
    assert home.dialect.filters[-1] == "plant/north/#"
    assert not home.dialect.owns("plant/south/x/$homie")


def test_withdrawn_description_removes_device():
    home = Home(five=True)
    home.document(properties={"x": {"datatype": "float"}})
    home.says("$description", "", retained=True)
    with pytest.raises(Rejected):
        home.says("water/x", "5")
