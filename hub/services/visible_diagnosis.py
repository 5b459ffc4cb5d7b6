"""Reduce a diagnosis for an account that sees only some devices: remove the findings about other devices."""

from __future__ import annotations

import msgspec

from hub.accounts.scope import current_scope
from hub.model import Diagnosis, Evidence

ABOUT_OTHERS = frozenset(("peers", "gateway", "alone", "incident"))
"""Kinds of evidence that are computed from other devices.

The kind ``past`` counts as well, unless all earlier alerts were raised for the device itself.
"""


def narrowed(diagnosis: Diagnosis) -> Diagnosis:
    """Return the diagnosis without the findings about devices that the requester may not see.

    A finding about other devices does not say which devices they are, so the hub removes all such findings. It also
    removes free text, and each sentence that cites no finding or a removed one.
    """
    if current_scope().whole or not any(map(_about_others, diagnosis.evidence)):
        return diagnosis
    kept = tuple(item for item in diagnosis.evidence if not _about_others(item))
    ids = {item.id for item in kept}
    claims = tuple(claim for claim in diagnosis.claims if claim.evidence and ids.issuperset(claim.evidence))
    chosen = next((cause for cause in diagnosis.causes if cause.cause == diagnosis.cause), None)
    known = [claim.text for claim in claims if claim.supported] or [item.finding for item in kept[:3]]
    return msgspec.structs.replace(
        diagnosis,
        summary=" ".join((*([f"{chosen.title}."] if chosen else []), *known)),
        evidence=kept,
        claims=claims,
        actions=chosen.actions if chosen else (),
        confirm_by=chosen.confirm_by if chosen else (),
        prompt=(),
        opinions=(),
    )


def _about_others(item: Evidence) -> bool:
    if item.kind == "past":
        return item.params.get("own") != item.value
    return item.kind in ABOUT_OTHERS
