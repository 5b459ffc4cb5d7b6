"""Check the meaning of drafts of rules: the metrics that they watch, the condition, the durations and the hours."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec
import tomlkit

from hub.assistant.rule_words import rule_from_words
from hub.insight.metric_semantics import metric_semantics
from hub.model import Device, Identity, Info, Record, Rule
from hub.registry.registry import DeviceRegistry
from hub.rules import parse
from rule_plant import T0

FILE = Path(__file__).parent / "golden" / "rules_in_words.toml"
Verdict = Literal["right", "refused", "wrong"]
NOTHING = {"id": "x", "name": "x"}


class Sentence(msgspec.Struct, frozen=True):
    """A sentence and the rule that it means. ``refuse`` is True if no rule of the hub can express it."""

    text: str
    rule: dict[str, Any] = {}
    watch: tuple[str, ...] = ()
    refuse: bool = False


@cache
def sentences() -> tuple[Sentence, ...]:
    return msgspec.convert(tomllib.loads(FILE.read_text())["sentence"], tuple[Sentence, ...])


@cache
def devices() -> tuple[Device, ...]:
    """Return the devices of the file, each in an area that a person has assigned it to."""
    registry = DeviceRegistry()
    table = tomllib.loads(FILE.read_text())["devices"]
    for name, each in table.items():
        units = {metric: unit for metric, unit in each["metrics"].items() if unit not in ("", "bool")}
        values = {metric: False if unit == "bool" else 20.0 for metric, unit in each["metrics"].items()}
        registry.identify(Identity(name, name, "native", Info(name=each["name"], model=each["model"], units=units)), T0)
        registry.observe(Record(name, T0, T0, values))
    return tuple(
        msgspec.structs.replace(device, area=table[device.id]["area"], area_id=table[device.id]["area"])
        for device in registry.devices()
    )


def judge(sentence: Sentence) -> tuple[Verdict, str]:
    """Return whether the draft of a sentence is right, refused in words, or wrong without a word, and the draft."""
    draft = rule_from_words(sentence.text, devices(), zone="Europe/Berlin")
    told = str(msgspec.to_builtins(draft))
    if draft.refused or draft.missing or draft.unknown:
        return ("right" if sentence.refuse else "refused"), told
    return ("wrong" if sentence.refuse or not _is_same(draft.keys, sentence) else "right"), told


def _is_same(keys: dict[str, Any], sentence: Sentence) -> bool:
    known = devices()
    names = [device.id for device in known] + [f"{device.id}.{name}" for device in known for name in device.metrics]
    watched = {name for name in names if any(fnmatchcase(name, each) for each in sentence.watch)}
    watched = {name for name in watched if ("." in name) == any("." in each for each in sentence.watch)}
    zone = {"time_zone": "Europe/Berlin"} if "schedule" in sentence.rule else {}
    own = {} if sentence.rule.get("kind") in ("no_data", "all", "any") else {"metric": sentence.watch[0].split(".")[-1]}
    expected = _parsed({**NOTHING, **own, **_plain(sentence.rule), **zone})
    found = _parsed(keys)
    return (_meaning(found), _watched(found)) == (_meaning(expected), watched)


def _plain(rule: dict[str, Any]) -> dict[str, Any]:
    return {**rule, "critical": {"above": rule["critical"]}} if "critical" in rule else rule


def _parsed(keys: dict[str, Any]) -> Rule:
    return parse(tomlkit.dumps({"rule": [keys]}))[0]


def _meaning(rule: Rule) -> Any:
    """Return the fields of a rule except its scope and metric, with numbers rounded to four digits."""
    said = {key: value for key, value in msgspec.to_builtins(rule).items() if key not in ("id", "name", "scope")}
    said |= {"metric": None, "quantity": None, "kind": type(rule.condition).__name__}
    return _rounded(said)


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return float(f"{value:.4g}") if type(value) in (int, float) else value


def _watched(rule: Rule) -> set[str]:
    """Return the metrics that a rule watches, or the devices if it watches them as a whole."""
    found = set()
    for device in devices():
        scope = rule.scope
        lists = ((scope.devices, (device.id,)), (scope.models, (device.info.model,)), (scope.areas, (device.area,)))
        if any(wanted and not any(fnmatchcase(o or "", w) for o in own for w in wanted) for wanted, own in lists):
            continue
        if scope.labels or scope.via:
            continue
        parts = getattr(rule.condition, "conditions", None)
        watches = [(rule.metric, rule.quantity)] if parts is None else [(p.metric, p.quantity) for p in parts]
        if watches == [(None, None)]:
            found.add(device.id)
        metrics = [m for metric, quantity in watches for m in device.metrics if _is_meant(device, m, metric, quantity)]
        found |= {f"{device.id}.{name}" for name in metrics}
    return found


def _is_meant(device: Device, name: str, metric: str | None, quantity: str | None) -> bool:
    if quantity:
        return metric_semantics(name, device.unit(name), None).quantity == quantity
    return bool(metric) and fnmatchcase(name, metric or "")
