"""Three-valued logic, by which conditions are joined.

A condition on an unknown value is neither true nor false, but unknown. None represents unknown::

    all      true   false  unknown        any      true   false  unknown        not
    true     true   false  unknown        true     true   true   true           false
    false    false  false  false          false    true   false  unknown        true
    unknown  unknown false unknown        unknown  true   unknown unknown       unknown
"""

from __future__ import annotations

from collections.abc import Sequence

Truth = bool | None


def all_of(values: Sequence[Truth]) -> Truth:
    """Return False if any value is False; otherwise None (unknown) if any value is None; otherwise True."""
    return False if False in values else None if None in values else True


def any_of(values: Sequence[Truth]) -> Truth:
    """Return True if any value is True; otherwise None (unknown) if any value is None; otherwise False."""
    return True if True in values else None if None in values else False


def none_of(values: Sequence[Truth]) -> Truth:
    """Return True if no value is True; None (unknown) if no value is True and any value is None; otherwise False."""
    found = any_of(values)
    return None if found is None else not found
