"""Derive the unit of an expression's result from the units of its inputs, where the unit is certain.

A constant factor may convert a unit (``power / 1000`` in kW) or not, so a product with a number has no known unit.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.calculated.nodes import Apply, DeviceGroup, Node, Number, Other, OverTime, Own, Total

_SAME = {"+", "-", "%", "min", "max", "clamp", "default", "abs", "floor", "ceil", "negative"}
"""Functions whose result has the common unit of their arguments.

A number as an argument takes the unit of the others.
"""


def unit_of(node: Node, unit: Callable[[Node], str | None]) -> str | None:
    """Return the unit of a node's value; None if the value has no unit or the unit is not certain.

    Args:
        node: The expression, or a part of it.
        unit: Returns the unit of an input node: an :class:`Own`, :class:`Other` or :class:`DeviceGroup`.
    """
    match node:
        case DeviceGroup(function="count"):
            return None
        case Own() | Other() | DeviceGroup():
            return unit(node)
        case Apply(function="if", arguments=(_, then, otherwise)):
            return _shared([then, otherwise], unit)
        case Apply(function="round", arguments=(rounded, *_)):
            return unit_of(rounded, unit)
        case Apply(function=name, arguments=arguments) if name in _SAME:
            return _shared(list(arguments), unit)
        case OverTime(function="rate", argument=argument):
            return _with(unit_of(argument, unit), "/s")
        case OverTime(argument=argument):
            return unit_of(argument, unit)
        case Total(argument=argument):
            return _with(unit_of(argument, unit), "h")
    return None


def _shared(nodes: list[Node], unit: Callable[[Node], str | None]) -> str | None:
    found = {unit_of(each, unit) for each in nodes if not isinstance(each, Number)}
    return found.pop() if len(found) == 1 else None


def _with(unit: str | None, ending: str) -> str | None:
    """Return ``unit`` with ``ending``: ``h`` for an integral over time (``Wh``), ``/s`` for a rate.

    Return None if there is no unit, or for a unit with a slash, such as ``m³/h``.
    """
    return f"{unit}{ending}" if unit and "/" not in unit else None
