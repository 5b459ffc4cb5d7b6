"""The nodes of an expression.

A node is evaluated to a column: an array of float64 with one entry per device, NaN where the value is missing.
"""

from __future__ import annotations

import msgspec

from hub.model import Scope


class Number(msgspec.Struct, frozen=True):
    """A constant number in an expression."""

    value: float


class Own(msgspec.Struct, frozen=True):
    """The latest value of a metric of the device for which the expression is calculated."""

    metric: str


class Other(msgspec.Struct, frozen=True):
    """The latest value of a metric of one other device, which the expression names."""

    device: str
    metric: str


class DeviceGroup(msgspec.Struct, frozen=True):
    """A value calculated from one metric of several devices, such as the mean temperature in an area.

    Attributes:
        function: How the values are combined: sum, mean, min, max or count.
        metric: The metric that is read from each device.
        scope: Selects the devices.
        around: Restricts the devices by the device that gets the result: ``area`` to those in the same area, ``via`` to
            those that are connected through it. If it is empty, all devices in ``scope`` are used.
    """

    function: str
    metric: str
    scope: Scope
    around: str = ""


class Apply(msgspec.Struct, frozen=True):
    """A function or operator of :mod:`hub.calculated.functions` with its arguments."""

    function: str
    arguments: tuple[Node, ...]


class OverTime(msgspec.Struct, frozen=True):
    """The ``rate``, ``change`` or ``average`` of ``argument`` over the last ``window_ms``.

    ``index`` numbers the nodes of this type in an expression, from 0, so that each has its own stored history.
    """

    function: str
    argument: Node
    window_ms: int
    index: int


class Total(msgspec.Struct, frozen=True):
    """The running total of a value over time, in the value's unit times hours (such as Wh)."""

    argument: Node


Node = Number | Own | Other | DeviceGroup | Apply | OverTime | Total


def parts(node: Node) -> list[Node]:
    """Return the node and, recursively, all nodes below it."""
    match node:
        case Apply():
            below = node.arguments
        case OverTime() | Total():
            below = (node.argument,)
        case _:
            below = ()
    return [node, *(each for one in below for each in parts(one))]
