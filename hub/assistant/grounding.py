"""Check an answer of a model against the data that the model received: each number and time must be in the data.

Data about one device does not support a statement about another device. The check is strict: it also reports a
difference or a mean that the model computed, even if it is correct.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from hub import text_format as fmt
from hub.assistant.sources import clauses, in_order
from hub.insight import quantities
from hub.insight.claims import sentences
from hub.insight.quantities import Quantity
from hub.model import Device
from hub.tools.lookup import folded

_CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})(?::(\d{2}))?(?!\d)")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_EPOCH = range(1_000_000_000_000, 10_000_000_000_000)
_QUOTED = re.compile(r"“[^”]*\s[^”]*”")
_MARKUP = re.compile(r"[*_`#>|]+|^\s*\d+[.)]\s", re.M)

_FROM_DEVICES = frozenset(("value", "name", "title", "area", "model", "metric", "unit", "command"))
"""Keys whose texts come from devices. A text of several words under such a key is not used as evidence."""

Owners = frozenset[str]
"""The ids of the devices that a piece of data is about; empty if it is about no particular device."""


class _Fact(msgspec.Struct, frozen=True):
    """A quantity, a time of day or a date in the data that the model received."""

    owners: Owners
    value: Quantity | tuple[int, int] | str


def unsupported_claims(text: str, given: Iterable[Any], names: Sequence[str], devices: Sequence[Device]) -> list[str]:
    """Return the sentences of an answer that state a number or a time that the model did not receive.

    If a sentence names devices, its numbers must occur in data about these devices.

    Args:
        text: The answer.
        given: The texts and the results of tools that the model received.
        names: Names whose digits are not numbers, such as "CP-80".
        devices: The devices that ``text`` and the texts in ``given`` name.
    """
    facts: list[_Fact] = []
    spoken = sorted({*names, *_spoken(devices)}, key=len, reverse=True)
    for each in given:
        for value, unit, owners in _leaves(each, None, frozenset()):
            facts += _facts(value, unit, owners, devices, spoken)
    found = []
    for sentence in sentences(_MARKUP.sub(" ", text)):
        of = frozenset(device.id for device in in_order(f" {folded(sentence)} ", devices))
        about = [fact.value for fact in facts if not of or not fact.owners or of & fact.owners]
        if not _holds(_without(sentence, names), about):
            found.append(sentence)
    return found


def _spoken(devices: Sequence[Device]) -> Iterator[str]:
    """Yield the names of devices and metrics, and the units, that contain digits.

    These digits must not be mistaken for numbers in the data.
    """
    for device in devices:
        titles = device.titles()
        metrics = (form for metric, title in titles.items() for form in (metric, fmt.spoken(metric), title))
        for text in (device.display_name, *metrics, *device.info.units.values()):
            if any(letter.isdigit() for letter in text):
                yield text


def _facts(
    value: Any, unit: str | None, owners: Owners, devices: Sequence[Device], spoken: Sequence[str]
) -> Iterator[_Fact]:
    if isinstance(value, str):
        # In a text that belongs to no device, each clause is about the devices that it names.
        for part, meant in [(value, ())] if owners else clauses(value, devices):
            of = owners or frozenset(device.id for device in meant)
            part = _without(_QUOTED.sub(" ", part), spoken)
            for hour, minute, _ in _CLOCK.findall(part):
                yield _Fact(of, (int(hour), int(minute)))
            for fact in (*_DATE.findall(part), *quantities.read(_bare(part))):
                yield _Fact(of, fact)
    elif isinstance(value, int) and value in _EPOCH:
        yield _Fact(owners, fmt.time_of_day(value)[:2])
        yield _Fact(owners, fmt.date(value))
    else:
        for number in {float(value), abs(float(value))}:
            yield _Fact(owners, Quantity(number, 6, quantities.unit(unit)))


def _leaves(value: Any, unit: str | None, owners: Owners) -> Iterator[tuple[Any, str | None, Owners]]:
    """Yield all texts and numbers in ``value``, at any depth, each with its unit and the devices that it is about.

    ``unit`` and ``owners`` (ids of devices) apply to objects in ``value`` that have no unit or device of their own. The
    length of each list is yielded as a number, too.
    """
    if isinstance(value, dict):
        own = value.get("unit")
        inner, of = own if isinstance(own, str) else unit, _owner(value) or owners
        for key, each in value.items():
            if not (key in _FROM_DEVICES and isinstance(each, str) and " " in each):
                yield from _leaves(each, inner, of)
    elif isinstance(value, list | tuple):
        yield len(value), None, owners
        for each in value:
            yield from _leaves(each, unit, owners)
    elif isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        yield value, unit, owners


def _owner(data: dict[Any, Any]) -> Owners:
    device = data.get("device")
    if isinstance(device, dict):
        device = device.get("id")
    elif device is None and "presence" in data:
        device = data.get("id")
    return frozenset([device]) if isinstance(device, str) else frozenset()


def _holds(sentence: str, about: Sequence[Quantity | tuple[int, int] | str]) -> bool:
    stated = {(int(hour), int(minute)) for hour, minute, _ in _CLOCK.findall(sentence)}
    if not {*stated, *_DATE.findall(sentence)} <= {each for each in about if not isinstance(each, Quantity)}:
        return False
    known = [each for each in about if isinstance(each, Quantity)]
    return all(
        quantities.supported(wanted, known) or (wanted.unit is None and wanted.word)
        for wanted in quantities.read(_bare(sentence))
    )


def _bare(text: str) -> str:
    return _CLOCK.sub(" ", _DATE.sub(" ", text))


def _without(sentence: str, names: Sequence[str]) -> str:
    for name in names:
        sentence = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", sentence, flags=re.I)
    return sentence
