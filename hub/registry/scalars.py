"""The functions of numpy that formulas need, for single numbers.

A formula that takes such a namespace as ``xp`` (the name that the array API standard uses) exists once and serves
both: numpy for columns, this module for one number, where numpy would take a hundred times as long.
"""

from __future__ import annotations

from typing import Any

Number = Any
"""A number, or a column of numbers."""
maximum, minimum = max, min


def where(condition: bool, yes: Number, no: Number) -> Number:
    """Return ``yes`` if the condition holds, else ``no``."""
    return yes if condition else no
