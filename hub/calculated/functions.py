"""Functions and operators of expressions, over columns (arrays with one entry per device).

A result that is not finite counts as missing (NaN).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from hub.model import Floats


class Function(NamedTuple):
    """A function, with its minimum (``least``) and maximum (``most``) number of arguments; None: no maximum."""

    least: int
    most: int | None
    apply: Callable[..., Any]


def _truth(test: Callable[[Floats, Floats], Any]) -> Callable[[Floats, Floats], Floats]:
    """Return a function that compares two columns, which have one entry per device, with ``test``.

    The result of this function is a column: 1 where ``test`` is true, 0 where it is false, and NaN where one of the two
    values is missing (NaN).
    """

    def compare(left: Floats, right: Floats) -> Floats:
        return np.where(np.isnan(left) | np.isnan(right), np.nan, test(left, right))

    return compare


def _every(*columns: Floats) -> Floats:
    return np.where(np.isnan(columns).any(axis=0), np.nan, np.all(np.asarray(columns) != 0, axis=0))


def _some(*columns: Floats) -> Floats:
    return np.where(np.isnan(columns).any(axis=0), np.nan, np.any(np.asarray(columns) != 0, axis=0))


def _inverse(column: Floats) -> Floats:
    return np.where(np.isnan(column), np.nan, column == 0)


def _choose(condition: Floats, then: Floats, otherwise: Floats) -> Floats:
    return np.where(np.isnan(condition), np.nan, np.where(condition != 0, then, otherwise))


def _lowest(*columns: Floats) -> Floats:
    found: Floats = np.minimum.reduce(columns)
    return found


def _highest(*columns: Floats) -> Floats:
    found: Floats = np.maximum.reduce(columns)
    return found


def _default(column: Floats, fallback: Floats) -> Floats:
    return np.where(np.isnan(column), fallback, column)


def _round(column: Floats, digits: Floats | None = None) -> Floats:
    scale = 10.0 ** (np.zeros_like(column) if digits is None else np.clip(np.rint(digits), -15, 15))
    return np.rint(column * scale) / scale


OPERATORS: dict[str, Callable[..., Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "//": np.floor_divide,
    "%": np.mod,
    "**": np.power,
    "<": _truth(np.less),
    "<=": _truth(np.less_equal),
    ">": _truth(np.greater),
    ">=": _truth(np.greater_equal),
    "==": _truth(np.equal),
    "!=": _truth(np.not_equal),
    "and": _every,
    "or": _some,
    "not": _inverse,
    "negative": np.negative,
    "if": _choose,
}

FUNCTIONS: dict[str, Function] = {
    "abs": Function(1, 1, np.abs),
    "round": Function(1, 2, _round),
    "floor": Function(1, 1, np.floor),
    "ceil": Function(1, 1, np.ceil),
    "sqrt": Function(1, 1, np.sqrt),
    "exp": Function(1, 1, np.exp),
    "log": Function(1, 1, np.log),
    "log10": Function(1, 1, np.log10),
    "min": Function(2, None, _lowest),
    "max": Function(2, None, _highest),
    "clamp": Function(3, 3, lambda column, low, high: np.minimum(np.maximum(column, low), high)),
    "default": Function(2, 2, _default),
}

GROUPS = ("sum", "mean", "min", "max", "count")
"""Functions over the values of several devices."""
OVER_TIME = ("rate", "change", "average")
"""Functions over the latest values of an expression on the same device."""


def apply(function: str, columns: list[Floats]) -> Floats:
    """Return the result of a function or operator for each device.

    Overflow, division by zero and roots of negative numbers give NaN.
    """
    call = OPERATORS[function] if function in OPERATORS else FUNCTIONS[function].apply
    with np.errstate(all="ignore"):
        found = np.asarray(call(*columns), np.float64)
    return np.where(np.isfinite(found), found, np.nan)
