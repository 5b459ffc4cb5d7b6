"""Three-valued logic, by which conditions are joined.

A condition on an unknown value is unknown, represented by None::

    all      true   false  unknown        any      true   false  unknown        not
    true     true   false  unknown        true     true   true   true           false
    false    false  false  false          false    true   false  unknown        true
    unknown  unknown false unknown        unknown  true   unknown unknown       unknown
"""

from __future__ import annotations

from collections.abc import Sequence

Truth = bool | None


def all_of(values: Sequence[Truth]) -> Truth:
    """Return False if one value is false, else None if one is unknown."""
    return False if False in values else None if None in values else True


def any_of(values: Sequence[Truth]) -> Truth:
    """Return True if one value is true, else None if one is unknown."""
    return True if True in values else None if None in values else False


def none_of(values: Sequence[Truth]) -> Truth:
    """Return whether no value is true; None if that is unknown."""
    found = any_of(values)
    return None if found is None else not found
