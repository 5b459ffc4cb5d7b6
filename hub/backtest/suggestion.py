"""Suggest limits for a rule from the distribution of values on its devices and on devices of the same model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

Side = Literal["above", "below"]
Sensitivity = Literal["high", "medium", "low"]
Values = NDArray[np.float64]

LARGEST = 1e15
"""Maximum absolute value. Larger values are clipped to it, because their differences and sums may not be finite."""
RARE = 0.999
"""Values beyond this quantile of all values are rare."""
USUAL = 0.9
"""This quantile of the limits of all devices is used, so that a few faulty devices do not affect the result."""
MARGIN = 0.25
"""Margin between a limit and the values that must not reach it, relative to the spread (99th percentile − median)."""


class Suggestion(msgspec.Struct, frozen=True):
    """A suggested limit for a rule, and the value ``clear`` at which an alert of the rule ends.

    With the sensitivity "high", the rule fires at values that are rare on its devices. With "low", it fires only at
    values that most devices have never measured.
    """

    sensitivity: Sensitivity
    limit: float
    clear: float


def suggest(own: Sequence[Values], peers: Sequence[Values], side: Side) -> list[Suggestion]:
    """Return at most three limits, the most sensitive first. Of equal limits, only the most sensitive is returned.

    The values beyond a limit depend on its sensitivity:

    - high: values that are rare on the devices themselves
    - medium: values that are rare on the devices and on their peers, with a margin
    - low: only values that most of these devices and peers have never measured, with a margin

    Args:
        own: The values of each device that the rule watches; no list is empty.
        peers: The values of other devices of the same model.
        side: ``above`` for a limit above the usual values, ``below`` for one below them.
    """
    sign = 1.0 if side == "above" else -1.0
    mine, others = ([np.clip(values, -LARGEST, LARGEST) * sign for values in each] for each in (own, peers))
    spread = _typical([np.quantile(values, 0.99) - np.median(values) for values in mine])
    if spread <= 0:  # nearly constant
        spread = max(_typical([np.abs(values).max() for values in mine]) * 0.05, 1e-6)
    rare = [np.quantile(values, RARE) for values in mine]
    rare_anywhere = rare + [np.quantile(values, RARE) for values in others]
    highest = [values.max() for values in mine + others]
    levels: dict[Sensitivity, float] = {
        "high": _typical(rare),
        "medium": _typical(rare_anywhere) + MARGIN * spread,
        "low": max(_typical(highest), _typical(rare_anywhere)) + 2 * MARGIN * spread,
    }
    step = 10 ** math.floor(math.log10(spread / 2))
    found: dict[float, Suggestion] = {}
    for sensitivity, at in levels.items():
        limit = _round(math.ceil(at / step) * step, step)
        clear = _round(math.floor((limit - MARGIN * spread) / step) * step, step)
        found.setdefault(limit, Suggestion(sensitivity, limit * sign + 0.0, clear * sign + 0.0))  # + 0.0: no -0.0
    return list(found.values())


def _typical(values: Sequence[float]) -> float:
    return float(np.quantile(values, USUAL))


def _round(value: float, step: float) -> float:
    """Return ``value``, a multiple of ``step``, without the rounding error of binary fractions.

    ``step`` is a power of ten.
    """
    return round(value, max(0, -round(math.log10(step))))
