"""Homie: refused messages, limits, and restart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialect_run import DialectRun, json_values, run_hub
from examples import examples
from hub.dialects import HomieDialect
from hub.dialects.homie.description import MAX_PROPERTIES
from hub.errors import Rejected

DOCUMENT = {"homie": "5.0", "nodes": {"water": {"properties": {"flow": {"datatype": "float", "unit": "L"}}}}}


@pytest.mark.parametrize("body", [b"[]", b"{", {"homie": "4.0"}, {"nodes": {}}, b"\xff"])
def test_invalid_description_is_refused(body):
    with pytest.raises(Rejected):
        DialectRun(HomieDialect()).say("homie/5/boiler/$description", body)


@pytest.mark.parametrize("device", ["", "x" * 201, "a\n"])
def test_invalid_device_id_is_refused(device):
    with pytest.raises(Rejected):
        DialectRun(HomieDialect()).say(f"homie/{device}/$homie", b"4.0")


def test_properties_per_device_are_limited():
    home = DialectRun(HomieDialect())
    nodes = {"n": {"properties": {f"p{n}": {"unit": "V"} for n in range(MAX_PROPERTIES + 9)}}}
    home.say("homie/5/boiler/$description", {"homie": "5.0", "nodes": nodes})
    assert len(home.registry.identities["homie:boiler"].info.units) == MAX_PROPERTIES


def test_invalid_property_ids_are_ignored():
    home = DialectRun(HomieDialect())
    properties = {name: {"unit": "V", "settable": True} for name in ("ok", "a/b", "#", "+", "$x", "")}
    home.say("homie/5/boiler/$description", {"homie": "5.0", "nodes": {"n": {"properties": properties}}})
    assert home.registry.identities["homie:boiler"].info.commands.keys() == {"n.ok"}


_ATTRIBUTES = ("$homie", "$state", "$nodes", "$name", "$fw/version", "$stats/uptime", "n/$properties", "n/p/set", "n/p")
_TOPICS = st.sampled_from(
    [
        *(f"homie/a/{attribute}" for attribute in _ATTRIBUTES),
        *(f"homie/a/n/p/${attribute}" for attribute in ("datatype", "unit", "format", "settable")),
        *(f"homie/5/{device}/{what}" for device in "ab" for what in ("$description", "$state", "n/p", "$alert/x")),
    ]
)
_WORDS = st.sampled_from([b"ready", b"lost", b"float", b"integer", b"true", b"1:2:3", b"n", b"p", b"\x00", b""])
_DOCUMENTS = st.fixed_dictionaries(
    {"homie": st.just("5.0")},
    optional={
        "name": json_values,
        "parent": st.sampled_from(["a", "b"]) | json_values,
        "nodes": st.fixed_dictionaries(
            {},
            optional={
                "n": st.fixed_dictionaries(
                    {},
                    optional={
                        "properties": st.dictionaries(
                            st.sampled_from(["p", "q", "/"]),
                            st.dictionaries(
                                st.sampled_from(["datatype", "unit", "format", "settable", "retained"]),
                                st.sampled_from(["float", "enum", "a,b", ":", True]) | json_values,
                            ),
                        )
                        | json_values
                    },
                )
                | json_values
            },
        )
        | json_values,
    },
)


@settings(max_examples=examples(300))
@given(messages=st.lists(st.tuples(_TOPICS, _WORDS | st.binary(max_size=12) | _DOCUMENTS, st.booleans()), max_size=8))
def test_any_message_sequence_is_decoded_or_rejected(messages):
    home = DialectRun(HomieDialect())
    for topic, body, retained in messages:
        try:
            home.say(topic, body, retained=retained)
        except Rejected as error:
            assert error.reason  # noqa: PT017 (any other exception is the failure)


@given(topic=st.text(max_size=30), payload=st.binary(max_size=60), retained=st.booleans())
def test_any_bytes_on_any_topic_are_decoded_or_rejected(topic, payload, retained):
    home = DialectRun(HomieDialect())
    for name in (f"homie/{topic}", f"homie/5/{topic}", f"homie/a/{topic}", f"homie/a/n/{topic}"):
        try:
            home.say(name, payload, retained=retained)
        except Rejected as error:
            assert error.reason  # noqa: PT017


async def test_descriptions_survive_restart(tmp_path):
    await run_hub(
        tmp_path,
        HomieDialect(),
        ("homie/5/boiler/$description", DOCUMENT),
        ("homie/old/$homie", b"4.0"),
        ("homie/old/air/rh/$datatype", b"integer"),
        ("homie/old/air/rh/$unit", b"%"),
    )
    registry = await run_hub(
        tmp_path,
        HomieDialect(),
        ("homie/5/boiler/water/flow", b"7.5"),
        ("homie/old/air/rh", b"40"),
        ("homie/old/$state", b"lost"),
    )
    boiler, old = registry.require("homie:boiler"), registry.require("homie:old")
    assert (boiler.metrics["water.flow"].value, boiler.unit("water.flow"), boiler.dialect) == (7.5, "L", "homie")
    assert (old.metrics["air.rh"].value, old.unit("air.rh"), old.presence) == (40.0, "%", "offline")
