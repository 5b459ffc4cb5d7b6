"""The numpy functions that formulas need, for single numbers.

A formula that takes the namespace as ``xp`` (the array API standard's name) serves both numpy columns and single
numbers, for which numpy is a hundred times slower than this module.
"""

from __future__ import annotations

from typing import Any

Number = Any
"""A number, or a column of numbers."""
maximum, minimum = max, min


def where(condition: bool, yes: Number, no: Number) -> Number:
    """Return ``yes`` if the condition holds, else ``no``."""
    return yes if condition else no
