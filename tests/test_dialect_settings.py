"""A dialect with settings is added by its package and one line of the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
import pytest

from dialect_run import NOW, run_hub
from hub.assembly.load_settings import dialect_config, load_settings
from hub.dialects import (
    DIALECTS,
    BaseTopic,
    Dialect,
    DialectConfig,
    DialectContext,
    DialectSettings,
    DialectState,
    DialectType,
    Publish,
    Result,
    Subscribe,
    Unsubscribe,
    birth_messages,
    disabled_dialects,
    make_dialect,
    make_dialects,
    reserved,
    switched_off,
)
from hub.errors import ConfigError
from hub.ingest.pipeline import Pipeline
from hub.ingest.queue import IngestQueue
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.store.sqlite import SqliteStore


class AcmeSettings(DialectSettings, frozen=True):
    prefix: BaseTopic = "acme"
    levels: Annotated[int, msgspec.Meta(ge=1, le=8)] = 2
    models: tuple[str, ...] = ()


class AcmeDialect:
    name = "acme"

    def __init__(self, settings: AcmeSettings) -> None:
        self.filters: Sequence[str] = ["/".join([settings.prefix, *"+" * settings.levels])]
        self.models = settings.models

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
        roots=lambda settings: (settings.prefix,),
        birth_messages=lambda settings: (Publish(f"{settings.prefix}/hello", b""),),
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
    file.write_text('[dialects]\nacme = { prefix = "plant/acme", levels = 3 }\n[dialects.native]\nprefix = "plant"\n')
    environ = {"HUB_DIALECTS_ACME_LEVELS": "1", "HUB_DIALECTS_ACME_MODELS": "a7, b9"}
    config = dialect_config(load_settings(file, environ=environ))
    assert made(config).filters == ["plant/acme/+"]
    assert config.settings["acme"] == AcmeSettings(prefix="plant/acme", levels=1, models=("a7", "b9"))
    assert "plant/acme/+" in reserved(config)
    assert Publish("plant/acme/hello", b"") in birth_messages(config)
    assert config.root == "plant"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('prefix = "a/#"', r"dialects\.acme\.prefix = 'a/#' is not valid\. Allowed: String should match pattern"),
        ("levels = 9", r"dialects\.acme\.levels = 9 is not valid\. Allowed: less than or equal to 8"),
        ("levels = true", r"dialects\.acme\.levels = true is not valid\. Allowed: a number"),
        (
            "level = 2",
            r"dialects\.acme\.level is not a setting\. .* mean levels\? Known settings: enabled, prefix, levels,",
        ),
    ],
)
def test_settings_of_a_dialect_are_checked_like_all_others(tmp_path, line, message):
    file = tmp_path / "hub.toml"
    file.write_text(f"[dialects.acme]\n{line}\n")
    with pytest.raises(ConfigError, match=message):
        load_settings(file, environ={})


def test_unknown_variable_suggests_the_setting_of_a_dialect():
    with pytest.raises(
        ConfigError, match=r"HUB_DIALECTS_ACME_LEVEL is not a setting\. Did you mean HUB_DIALECTS_ACME_LEVELS\?"
    ):
        load_settings(environ={"HUB_DIALECTS_ACME_LEVEL": "1"})


def test_table_is_named_where_a_dialect_or_the_tables_have_a_plain_value(tmp_path):
    file = tmp_path / "hub.toml"
    for text, key in (("dialects = 1", "dialects"), ("[dialects]\nacme = false", r"dialects\.acme")):
        file.write_text(text)
        for environ in ({}, {"HUB_DIALECTS_ACME_ENABLED": "true"}):
            with pytest.raises(ConfigError, match=rf"^{key} = .* It is a table: write \[{key}\]"):
                load_settings(file, environ=environ)


def test_dialect_that_is_switched_off_leaves_its_topics_to_others():
    config = dialect_config(load_settings(environ={"HUB_DIALECTS_ACME_ENABLED": "false"}))
    assert "acme" not in {dialect.name for dialect in make_dialects(config)}
    assert "acme/+/+" not in reserved(config)
    assert switched_off(config) == ["acme/+/+"]
    assert Publish("acme/hello", b"") not in birth_messages(config)
    assert birth_messages(config)  # of the others
    assert "acme" not in context_of_tasmota(config).other_roots


async def test_subscriptions_of_a_disabled_dialect_end_at_the_next_start(tmp_path):
    config = {"name": "Air", "unique_id": "air", "state_topic": "garage/air/state"}
    subscribed, ended = [], []
    discovery = ("homeassistant/sensor/air/config", config)
    await run_hub(tmp_path, make_dialect("homeassistant", DialectConfig()), discovery, effects=subscribed.append)
    assert any(isinstance(each, Subscribe) and "garage/air/state" in each.filters for each in subscribed)
    pipeline = Pipeline(
        ingest_queue=IngestQueue(),
        dialects=[make_dialect("native", DialectConfig())],
        registry=DeviceRegistry(),
        engine=Engine([]),
        store=(store := SqliteStore.open(tmp_path)),
        bus=Bus(),
        now=lambda: NOW,
        on_effect=ended.append,
    )
    off = dialect_config(load_settings(environ={"HUB_DIALECTS_HOMEASSISTANT_ENABLED": "false"}))
    await pipeline.restore(disabled_dialects(off))
    await store.close()
    assert [each.filters for each in ended if isinstance(each, Unsubscribe)] == [("garage/air/state",)]


def context_of_tasmota(config: DialectConfig) -> DialectContext:
    """Return what Tasmota's dialect would be made with."""
    contexts = []
    entry = DIALECTS["tasmota"]
    DIALECTS["tasmota"] = DialectType(settings=entry.settings, make=lambda settings, context: contexts.append(context))
    try:
        make_dialect("tasmota", config)
    finally:
        DIALECTS["tasmota"] = entry
    return contexts[0]


def test_other_dialects_stay_out_of_its_topics():
    homeassistant = make_dialect("homeassistant", DialectConfig())
    assert not homeassistant.owns("acme/4711/state")
    roots = context_of_tasmota(DialectConfig()).other_roots
    assert "acme" in roots
    assert "tasmota/discovery" not in roots
