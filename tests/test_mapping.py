"""The mapping dialect: recorded messages as vectors, and cases that those do not cover."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import MAPPINGS, disagreements, vectors
from dialect_run import DialectRun, json_values, run_hub
from examples import examples
from hub.dialects import MappingDialect, Subscribe, Unsubscribe, parse_mappings
from hub.errors import ConfigError, Rejected
from hub.model import Identity, Info

VECTORS = vectors("mapping")


def mapped(text: str) -> DialectRun:
    return DialectRun(MappingDialect(parse_mappings(text)))


def rule(**keys: Any) -> str:
    """Return one mapping as TOML. JSON strings, lists and numbers are valid TOML."""
    flat = {key: value for key, value in keys.items() if not isinstance(value, dict)}
    lines = ["[[mapping]]", *(f"{key} = {json.dumps(value)}" for key, value in flat.items())]
    for key in keys.keys() - flat.keys():
        lines.append(f"[mapping.{key}]")
        lines += [f"{json.dumps(name)} = {_inline(value)}" for name, value in keys[key].items()]
    return "\n".join(lines) + "\n"


def _inline(value: object) -> str:
    if not isinstance(value, dict):
        return json.dumps(value)
    return "{ " + ", ".join(f"{key} = {json.dumps(each)}" for key, each in value.items()) + " }"


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_real_message_is_decoded_as_expected(vector):
    assert disagreements(vector, MappingDialect(parse_mappings(MAPPINGS))) == []


def test_partial_message_keeps_units_of_other_metrics():
    station = mapped(rule(topic="weather/{device}", units={"*_C": "C", "rain": "mm"}))
    station.say("weather/roof", {"air_C": 4.5})
    station.say("weather/roof", {"rain": 2})
    station.say("weather/roof", {"ground_C": {"value": 3, "unit": "ºC"}})
    info = station.registry.identities["roof"].info
    assert info.units == {"air_C": "°C", "rain": "mm", "ground_C": "°C"}
    assert station.say("weather/roof", {"air_C": 5}).identities == (), "nothing new, so no identity"


def test_metrics_select_paths_and_convert_kinds():
    picked = mapped(
        rule(
            topic="weather/{device}/state",
            time="at",
            model="{payload.type}",
            metrics={
                "temperature": {"path": "outdoor.temp", "unit": "°C", "kind": "number"},
                "raining": {"path": "outdoor.raining", "kind": "boolean"},
                "second": "list.1.v",
                "a.b": "dotted\\.key",
            },
        )
    )
    body = {
        "at": "2026-11-22T21:04:04Z",
        "type": "WS-3",
        "outdoor": {"temp": "4.5", "raining": 1, "other": 9},
        "list": [{"v": 1}, {"v": 2}],
        "dotted.key": None,
    }
    result = picked.say("weather/roof/state", body)
    (record,) = result.records
    assert record.values == {"temperature": 4.5, "raining": True, "second": 2}
    assert record.ts == 1_795_381_444_000
    assert [expiration.metric for expiration in result.expirations] == ["a.b"], (
        "null means unknown, unlike a missing key"
    )
    assert picked.registry.identities["roof"].info == Info(model="WS-3", units={"temperature": "°C"})
    with pytest.raises(Rejected, match="not a number"):
        picked.say("weather/roof/state", {"outdoor": {"temp": "warm"}})


@pytest.mark.parametrize(
    ("time", "body", "values"),
    [
        ("at", {"at": 1_795_386_000, "t": 4}, {"t": 4}),
        ("at", {"at": 1_795_386_000, "value": 4}, {"value": 4}),
        ("at", {"at": "noon", "t": 4}, {"t": 4}),
        ("head.at", {"head": {"at": 1_795_386_000, "n": 2}, "t": 4}, {"head.n": 2, "t": 4}),
        ("at", {"at": 1_795_386_000, "time": "morning"}, {"time": "morning"}),
        ("0.at", [{"at": 1_795_386_000}], None),
    ],
)
def test_time_key_is_no_metric(time: str, body: object, values: dict[str, object] | None) -> None:
    site = mapped(rule(topic="site/{device}", time=time))
    if values is None:
        with pytest.raises(Rejected, match="The payload is a list"):
            site.say("site/a", body)
    else:
        assert site.values("site/a", body) == values


@pytest.mark.parametrize("form", ["plain", "json"])
@pytest.mark.parametrize(
    ("text", "number"), [("true", 1), ("false", 0), ("on", 1), ("OFF", 0), ("4.5", 4.5), ("maybe", None)]
)
def test_kind_number_accepts_on_and_off(form: str, text: str, number: float | None) -> None:
    site = mapped(rule(topic="site/{device}/{metric}", kinds={"*": "number"}))
    for written in (text, json.loads(text) if text in ("true", "false") else text):
        body = text.encode() if form == "plain" else {"value": written}
        if number is None:
            with pytest.raises(Rejected, match="'pump' is not a number: 'maybe'"):
                site.say("site/a/pump", body)
        else:
            found = site.values("site/a/pump", body)["pump"]
            assert (found, type(found)) == (number, float)


def test_collectd_message_has_several_values():
    box = DialectRun(MappingDialect(parse_mappings(MAPPINGS)))
    assert box.values("collectd/nas/load/load", b"1795386000.000:0.24:0.31:0.30\0") == {
        "load.shortterm": 0.24,
        "load.midterm": 0.31,
        "load.longterm": 0.30,
    }
    assert box.values("collectd/nas/cpu-0/cpu-idle", b"1795386000.000:99.5\0") == {"cpu-0.cpu-idle": 99.5}
    result = box.say("collectd/nas/sensors-coretemp/temperature-core", b"1795386000.000:nan\0")
    assert (result.records, [expiration.metric for expiration in result.expirations]) == (
        (),
        ["sensors-coretemp.temperature-core"],
    )
    with pytest.raises(Rejected, match="EPOCH:VALUE"):
        box.say("collectd/nas/cpu-0/cpu-idle", b"99.5")


@pytest.mark.parametrize(
    ("pack", "reason"),
    [
        ([{"n": "a/t", "v": 1, "vs": "x"}], "only one of"),
        ([{"n": "a/t", "v": "1"}], "a number"),
        ([{"n": "a/t", "v": 1, "danger_": True}], "must not be ignored"),
        ([{"bver": 11, "n": "a/t", "v": 1}], "version"),
        ([{"n": "ä/t", "v": 1}], "not a valid SenML name"),
        ({"n": "a/t", "v": 1}, "list of records"),
    ],
)
def test_invalid_senml_is_rejected(pack, reason):
    with pytest.raises(Rejected, match=reason):
        mapped(rule(topic="senml/{device...}", form="senml")).say("senml/gw", pack)


def test_senml_times_below_2_to_the_28_are_relative():
    home = mapped(rule(topic="senml/{device...}", form="senml"))
    pack = [{"bn": "urn:dev:mac:0024befffe804ff1:", "bu": "Cel", "bv": 20, "n": "in", "v": 1.5}, {"n": "in", "t": -60}]
    result = home.say("senml/gw", pack)
    assert [(r.device, r.values, r.received - r.ts) for r in result.records] == [
        ("urn:dev:mac:0024befffe804ff1", {"in": 21.5}, 0),
        ("urn:dev:mac:0024befffe804ff1", {"in": 20}, 60_000),
    ]


def test_message_for_device_of_another_dialect_is_rejected():
    radio = mapped(rule(topic="radio/events", device="{payload.id}"))
    radio.registry.identities["boiler-7"] = Identity("boiler-7", "boiler-7", "native", Info())
    with pytest.raises(Rejected) as refused:
        radio.say("radio/events", {"id": "boiler-7", "temperature": 900})
    assert refused.value.reason == "wrong_device"
    assert radio.say("radio/events", {"id": "mine", "temperature": 20}).records[0].device == "mine"


def test_first_matching_mapping_decodes_message():
    text = rule(topic="site/{room}/power", device="meters/{room}", metric="power") + rule(
        topic="site/{room}/{metric}", device="{room}"
    )
    site = mapped(text)
    assert site.dialect.filters == ["site/+/+"], "two overlapping filters would deliver a message twice"
    assert site.say("site/hall/power", b"40").records[0].device.startswith("meters-hall~")
    assert site.say("site/hall/co2", b"612").records[0].device == "hall"


def test_replacing_mappings_changes_subscriptions():
    dialect = MappingDialect(parse_mappings(rule(topic="a/{device}") + rule(topic="b/{device}")))
    assert dialect.owns("b/x")
    effects = dialect.replace(parse_mappings(rule(topic="b/{device}") + rule(topic="c/{device...}")))
    assert effects == [Unsubscribe(("a/+",)), Subscribe(("c/#",))]
    assert [dialect.owns(topic) for topic in ("a/x", "b/x", "c/x/y")] == [False, True, True]


def test_first_level_may_be_named_or_begin_with_a_dollar_sign():
    text = rule(topic="{device}/state/{metric}") + rule(topic="$aws/things/{device}/shadow/update", values="state")
    home = MappingDialect(parse_mappings(text, reserved=["+/state/online", "tele/#", "devices/+/telemetry"]))
    assert home.filters == ["+/state/+", "$aws/things/+/shadow/update"]
    run = DialectRun(home)
    assert run.values("boiler/state/temperature", 71.5) == {"temperature": 71.5}
    assert run.values("$aws/things/lamp/shadow/update", {"state": {"on": True}, "version": 7}) == {"on": True}
    assert not home.owns("$SYS/state/uptime")


def test_values_are_those_of_one_object_beside_selected_metrics():
    node = mapped(
        rule(topic="lora/{device}/up", values="up.object", metrics={"rssi": "up.rx.0.rssi"}, units={"air": "°C"})
    )
    up = {"object": {"air": 21.5, "soil": {"t": 9}}, "rx": [{"rssi": -57, "snr": 10}], "port": 2}
    assert node.values("lora/7/up", {"up": up, "v": 3}) == {
        "air": 21.5,
        "soil.t": 9,
        "rssi": -57,
    }
    assert node.values("lora/7/up", {"up": {"rx": [{"rssi": -60}]}}) == {"rssi": -60}, "no decoded values"
    assert node.say("lora/7/up", {"up": {"object": None}}).records == ()


async def test_units_and_names_survive_restart(tmp_path):
    text = rule(topic="weather/{device}", name="Station {device}", units={"air": "°C"})
    await run_hub(tmp_path, mapped(text).dialect, ("weather/roof", {"air": 4}))
    without = rule(topic="weather/{device}")
    registry = await run_hub(tmp_path, mapped(without).dialect, ("weather/roof", {"air": 5, "rain": 1}))
    roof = registry.require("roof")
    assert (roof.info.name, roof.unit("air"), roof.metrics["air"].value) == ("Station roof", "°C", 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rule(topic="#"), "an invalid level"),
        (rule(topic="{device...}"), "would match every message"),
        (rule(topic="+/{device}/{rest...}"), "would match every message"),
        (rule(topic="$share/hub/{device}"), r"cannot begin with \$share"),
        (rule(topic="home//x"), "an invalid level"),
        (rule(topic="home/{a}/{a}"), "twice"),
        (rule(topic="home/{rest...}/x"), "must be the last level"),
        (rule(topic="home/{room}", device="{house}"), "not a named level of the topic"),
        (rule(topic="home/{device}", name="{device"), "an unmatched brace"),
        (rule(topic="home/{device}", form="plain"), "needs a name"),
        (rule(topic="home/{device}", form="xml"), "form"),
        (rule(topic="home/{device}", colour="red"), "colour"),
        (rule(topic="home/{device}", metrics={"t": "a..b"}), "not a valid path"),
        (rule(topic="collectd/{device}/x", form="collectd"), "plugin"),
        (rule(topic="devices/{device}/telemetry"), "another dialect of the hub decodes"),
        (rule(topic="a/{device}/x") + rule(topic="a/b/{device}"), "overlap partly"),
        ("mapping = 3", "tables"),
        ("[[mapping", "valid TOML"),
        ("[[mapping]]\n", "topic"),
    ],
)
def test_invalid_mapping_is_refused_with_reason(text, expected):
    with pytest.raises(ConfigError, match=expected):
        parse_mappings(text, reserved=["devices/+/telemetry"])


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"topic": 5}, "topic = 5 is not valid. Allowed: a text in quotes."),
        ({"form": "xml"}, "form = 'xml' is not valid. Allowed: auto, plain, json, collectd, senml."),
        ({"kinds": {"a": "int"}}, "kinds.a = 'int' is not valid. Allowed: number, boolean, text."),
        ({"units": {"a": 5}}, "units.a = 5 is not valid. Allowed: a text in quotes."),
        ({"ignore": "a"}, "ignore = 'a' is not valid. Allowed: a list of texts in [brackets]."),
        ({"metrics": {"t": {"path": 5}}}, "metrics.t.path = 5 is not valid. Allowed: a text in quotes."),
        ({"metrics": {"t": {"pth": "a"}}}, "metrics.t.pth = 'a' is not valid. Allowed: only path, unit, kind."),
        (
            {"presence": {"online": "up"}},
            "presence.online = 'up' is not valid. Allowed: a list of texts in [brackets].",
        ),
    ],
)
def test_error_names_key_value_and_what_is_allowed(keys: dict, expected: str):
    with pytest.raises(ConfigError) as caught:
        parse_mappings(rule(**{"topic": "home/{device}", **keys}))
    assert f"{caught.value.message} {caught.value.hint}".endswith(expected)


@pytest.mark.parametrize(("word", "value"), [("YES", True), ("yes", True), ("No", False), (" On ", True), ("0", False)])
@pytest.mark.parametrize("form", ["plain", "json"])
def test_kind_boolean_accepts_common_words(form: str, word: str, value: bool):
    topic = "b/{device}/{metric}" if form == "plain" else "b/{device}"
    hub = mapped(rule(topic=topic, form=form, kinds={"door": "boolean"}))
    body = word.encode() if form == "plain" else {"door": word}
    assert hub.values("b/d/door" if form == "plain" else "b/d", body) == {"door": value}


def test_error_names_mapping_number_and_topic():
    with pytest.raises(ConfigError, match=r"mapping 2 \(b/\{device\}\)"):
        parse_mappings(rule(topic="a/{device}") + rule(topic="b/{device}", area="{nowhere}"))


_FUZZED = (
    MAPPINGS
    + rule(topic="picked/{device}", time="at", metrics={"a": {"path": "a.0.b", "kind": "number"}, "b": "b"})
    + rule(topic="plain/{device}/{metric}", form="plain", kinds={"b": "boolean", "n": "number", "t": "text"})
    + rule(topic="named/+/{rest...}", device="{payload.id}/{rest}", name="{payload.name}", via="{payload.gw}")
)
_TOPICS = st.sampled_from(
    ["home/k/t", "collectd/h/p/t", "senml/x", "rtl_433/r/events", "owntracks/a/b", "picked/d", "plain/d/b", "named/x/y"]
)
_SENML = st.lists(
    st.dictionaries(
        st.sampled_from(["bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t"]),
        st.sampled_from(["a/b", "urn:dev:mac:00:t", 1, 5.5, -3, True, 2**70]) | json_values,
    ),
    max_size=4,
)
_KNOWN = st.dictionaries(
    st.sampled_from(["a", "b", "id", "name", "gw", "at", "time", "model", "value", "unit", "ts"]), json_values
)
_BODIES = st.binary(max_size=20) | (_SENML | _KNOWN | json_values).map(lambda body: json.dumps(body).encode())


@settings(max_examples=examples(400))
@given(messages=st.lists(st.tuples(_TOPICS | st.text(max_size=9), _BODIES, st.booleans()), max_size=6))
def test_any_message_is_decoded_or_rejected(messages):
    home = DialectRun(MappingDialect(parse_mappings(_FUZZED)))
    for topic, body, retained in messages:
        try:
            home.say(topic, body, retained=retained)
        except Rejected as error:
            assert error.reason  # noqa: PT017 (any other exception is the failure)


@given(text=st.text(max_size=60) | st.builds(rule, topic=st.text(max_size=20), device=st.text(max_size=20)))
def test_any_text_is_parsed_or_refused(text):
    try:
        parse_mappings(text)
    except ConfigError as error:
        assert error.message  # noqa: PT017 (any other exception is the failure)
