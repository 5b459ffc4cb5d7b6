"""List the terms that describe metrics and devices, with titles: quantities, places, roles, kinds of machine."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import msgspec

from hub.insight.lexicon import lexicons, read_words
from hub.insight.machine_kinds import kinds
from hub.insight.metric_semantics import PERCENT, quantities_of_unit
from hub.model import Value

OTHER = "other"
"""The quantity of a metric that measures no known quantity. A person sets it, so that the hub stops asking for it."""
_TITLES = {
    "charge_amount": "Charge (Ah)",
    "co": "Carbon monoxide",
    "co2": "CO₂",
    "contact": "Door or contact",
    "input": "Electrical input",
    "mode": "Mode or state",
    "non_drive_end": "Non-drive end",
    "output": "Electrical output",
    "ph": "pH",
    "position": "Position or opening",
    "processor": "Processor load",
    "running": "On or off",
    "signal": "Signal strength",
    "setpoint": "Set point",
    "measured": "Measured value",
    "time": "Duration",
    "voc": "VOC",
    OTHER: "Something else",
}
"""Titles of terms by id, where the title is not just the id with spaces."""
_COMMON = ("temperature", "pressure", "flow", "level", "power", "speed")
_OF_STATES = ("running", "contact", "alarm", "occupancy", "leak")
_OF_PERCENT = ("humidity", "level", "position", "load", "state_of_charge", "speed")
_MOST_LIKELY = 6


class Term(msgspec.Struct, frozen=True):
    """One term: its id, which signatures use, and its title."""

    id: str
    title: str


@cache
def quantities() -> tuple[Term, ...]:
    """Return the quantities, sorted by title. "Something else" is last."""
    of_words = {
        each for lexicon in lexicons() for table in (lexicon.quantity, lexicon.short) for each in table.values()
    }
    return (*_terms(of_words | set(quantities_of_unit(None)) | PERCENT), Term(OTHER, _title(OTHER)))


@cache
def places() -> tuple[Term, ...]:
    """Return the terms for places of a machine at which a metric is measured, such as a bearing, sorted by title."""
    return _terms({each for lexicon in lexicons() for each in lexicon.place.values()})


@cache
def roles() -> tuple[Term, ...]:
    """Return the roles: measured value first, then set point, limit and so on."""
    return (Term("measured", _title("measured")), *_terms({r for lexicon in lexicons() for r in lexicon.role.values()}))


@cache
def machine_kind_terms() -> tuple[Term, ...]:
    """Return the kinds of machine, sorted by title."""
    return tuple(sorted((Term(kind.id, kind.title) for kind in kinds()), key=lambda term: term.title.casefold()))


def likely_quantities(name: str, unit: str | None, value: Value) -> tuple[str, ...]:
    """Return at most six quantities to choose from for a metric whose quantity is not known, the likeliest first."""
    if isinstance(value, bool):
        found: Iterable[str] = _OF_STATES
    elif (unit or "").strip() in ("%", "percent", "pct"):
        found = _OF_PERCENT
    else:
        found = (*read_words(name).short, *(quantities_of_unit(unit) if unit else ()), *_COMMON)
    return tuple(dict.fromkeys(found))[:_MOST_LIKELY]


def _terms(ids: Iterable[str]) -> tuple[Term, ...]:
    return tuple(sorted((Term(each, _title(each)) for each in ids), key=lambda term: term.title.casefold()))


def _title(term: str) -> str:
    return _TITLES.get(term) or term.replace("_", " ").capitalize()
