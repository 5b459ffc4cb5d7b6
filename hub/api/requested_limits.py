"""Limits of accounts and API tokens, as they appear in requests."""

from __future__ import annotations

from hub.accounts.scope import Limits
from hub.api.schemas.account_requests import LimitsWanted
from hub.errors import Invalid
from hub.services.area_tree import AreaTree


def limits_of(wanted: LimitsWanted | None, areas: AreaTree) -> Limits | None:
    """Return the limits of an account as the hub stores them, with the ids of areas.

    ``wanted`` are the limits in the request, which may name areas by id or by name. None means no limits, and is
    returned as None. Raises Invalid for an area that does not exist.
    """
    if wanted is None:
        return None
    found = [areas.find(text) for text in wanted.areas]
    for text, area in zip(wanted.areas, found, strict=True):
        if area is None:
            raise Invalid(f"There is no area {text[:64]!r}.", "GET /api/areas lists them.")
    return Limits(
        tuple(dict.fromkeys(area.id for area in found if area is not None)), tuple(dict.fromkeys(wanted.labels))
    )


def described(limits: Limits | None, areas: AreaTree) -> str:
    """Return the limits in words, for the activity log."""
    if limits is None:
        return "the whole hub"
    names = [area.name if (area := areas.get(each)) is not None else "a deleted area" for each in limits.areas]
    return ", ".join([*names, *(f"label {label}" for label in limits.labels)]) or "no devices"
