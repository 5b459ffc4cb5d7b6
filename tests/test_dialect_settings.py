"""A dialect with settings is added by its package and one line of the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import pytest

from hub.assembly.load_settings import dialect_config, load_settings
from hub.dialects import (
    DIALECTS,
    BaseTopic,
    Dialect,
    DialectConfig,
    DialectSettings,
    DialectState,
    DialectType,
    Publish,
    Result,
    birth_messages,
    make_dialect,
    make_dialects,
    reserved,
)
from hub.errors import ConfigError


class AcmeSettings(DialectSettings, frozen=True):
    acme: BaseTopic = "acme"
    acme_levels: Annotated[int, msgspec.Meta(ge=1, le=8)] = 2
    acme_models: tuple[str, ...] = ()


class AcmeDialect:
    name = "acme"

    def __init__(self, settings: AcmeSettings) -> None:
        self.filters: Sequence[str] = ["/".join([settings.acme, *"+" * settings.acme_levels])]
        self.models = settings.acme_models

    def owns(self, topic: str) -> bool:
        return topic.startswith("acme/")

    def decode(self, message: object, view: object) -> Result:
        return Result()

    def apply(self, change: DialectState) -> tuple[()]:
        return ()

    def tick(self, view: object, now: int) -> Result:
        return Result()


@pytest.fixture(autouse=True)
def acme(monkeypatch):
    entry = DialectType(
        settings=AcmeSettings,
        make=lambda settings, context: AcmeDialect(settings),
        roots=lambda settings: (settings.acme,),
        birth_messages=lambda settings: (Publish(f"{settings.acme}/hello", b""),),
    )
    table = list(DIALECTS.items())
    monkeypatch.setitem(DIALECTS, "acme", entry)
    for name, dialect in table[-2:]:  # those after it in the table
        monkeypatch.delitem(DIALECTS, name)
        monkeypatch.setitem(DIALECTS, name, dialect)


def made(config: DialectConfig) -> Dialect:
    (dialect,) = (each for each in make_dialects(config) if each.name == "acme")
    return dialect


def test_settings_of_a_dialect_come_from_file_and_environment(tmp_path):
    assert made(DialectConfig()).filters == ["acme/+/+"]
    file = tmp_path / "hub.toml"
    file.write_text('[mqtt]\nacme = "plant/acme"\nacme_levels = 3\nroot = "plant"\n')
    environ = {"HUB_MQTT_ACME_LEVELS": "1", "HUB_MQTT_ACME_MODELS": "a7, b9"}
    config = dialect_config(load_settings(file, environ=environ))
    assert made(config).filters == ["plant/acme/+"]
    assert config.settings["acme"] == AcmeSettings("plant/acme", 1, ("a7", "b9"))
    assert "plant/acme/+" in reserved(config)
    assert Publish("plant/acme/hello", b"") in birth_messages(config)
    assert config.root == "plant"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('acme = "a/#"', r"mqtt\.acme = 'a/#' is not valid\. Allowed: String should match pattern"),
        ("acme_levels = 9", r"mqtt\.acme_levels = 9 is not valid\. Allowed: less than or equal to 8"),
        ("acme_levels = true", r"mqtt\.acme_levels = true is not valid\. Allowed: a number"),
        (
            "acme_level = 2",
            r"mqtt\.acme_level is not a setting\. .* mean acme_levels\? Known settings: broker, .*acme,",
        ),
    ],
)
def test_settings_of_a_dialect_are_checked_like_all_others(tmp_path, line, message):
    file = tmp_path / "hub.toml"
    file.write_text(f"[mqtt]\n{line}\n")
    with pytest.raises(ConfigError, match=message):
        load_settings(file, environ={})


def test_unknown_variable_suggests_the_setting_of_a_dialect():
    with pytest.raises(
        ConfigError, match=r"HUB_MQTT_ACME_LEVEL is not a setting\. Did you mean HUB_MQTT_ACME_LEVELS\?"
    ):
        load_settings(environ={"HUB_MQTT_ACME_LEVEL": "1"})


def test_other_dialects_stay_out_of_its_topics():
    homeassistant = make_dialect("homeassistant", DialectConfig())
    assert not homeassistant.owns("acme/4711/state")
    contexts = []
    entry = DIALECTS["tasmota"]
    probe = DialectType(settings=entry.settings, make=lambda settings, context: contexts.append(context))
    DIALECTS["tasmota"] = probe
    try:
        make_dialect("tasmota", DialectConfig())
    finally:
        DIALECTS["tasmota"] = entry
    assert "acme" in contexts[0].other_roots
    assert "tasmota/discovery" not in contexts[0].other_roots
