"""The numpy functions that the registry's formulas use, for single numbers instead of columns.

A formula gets either numpy or this module as its argument ``xp``. For single numbers, this module is a hundred times
faster than numpy.
"""

from __future__ import annotations

from typing import Any

Number = Any
"""A number, or a column of numbers."""
maximum, minimum = max, min


def where(condition: bool, yes: Number, no: Number) -> Number:
    """Return ``yes`` if the condition holds, else ``no``."""
    return yes if condition else no
