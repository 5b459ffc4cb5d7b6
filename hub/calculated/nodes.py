"""The parts of an expression. A node is evaluated over columns: float64, one entry a device, NaN where missing."""

from __future__ import annotations

import msgspec

from hub.model import Scope


class Number(msgspec.Struct, frozen=True):
    """A constant."""

    value: float


class Own(msgspec.Struct, frozen=True):
    """The latest value of a metric of the device itself."""

    metric: str


class Other(msgspec.Struct, frozen=True):
    """The latest value of a metric of one other device."""

    device: str
    metric: str


class DeviceGroup(msgspec.Struct, frozen=True):
    """The sum, mean, min, max or count of a metric over devices.

    ``around`` selects devices relative to the device itself: ``area`` those of its area, ``via`` those connected
    through it.
    """

    function: str
    metric: str
    scope: Scope
    around: str = ""


class Apply(msgspec.Struct, frozen=True):
    """A function of :mod:`hub.calculated.functions` applied to columns; operators are functions, too."""

    function: str
    arguments: tuple[Node, ...]


class OverTime(msgspec.Struct, frozen=True):
    """``rate``, ``change`` or ``average`` over the last ``window_ms``. ``index`` numbers them in an expression."""

    function: str
    argument: Node
    window_ms: int
    index: int


class Total(msgspec.Struct, frozen=True):
    """The running total of a value over time, in value times hours."""

    argument: Node


Node = Number | Own | Other | DeviceGroup | Apply | OverTime | Total


def parts(node: Node) -> list[Node]:
    """Return the node and all nodes below it."""
    match node:
        case Apply():
            below = node.arguments
        case OverTime() | Total():
            below = (node.argument,)
        case _:
            below = ()
    return [node, *(each for one in below for each in parts(one))]
