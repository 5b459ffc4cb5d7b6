"""Replace placeholders such as ``{value}`` in a model's sentence by values of the evidence that the sentence cites."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hub import text_format as fmt
from hub.model import Evidence

_PLACEHOLDER = re.compile(r"\{\s*([a-z_]{1,20})\s*\}", re.I)
_CHANGES = ("onset", "step", "jump", "level", "slope")
NAMES = ("value", "limit", "before", "change", "rate", "peak", "since", "duration", "direction", "side")


def fill(text: str, cited: Sequence[Evidence]) -> str | None:
    """Return ``text`` with each placeholder replaced by a value of the cited evidence.

    The first item of ``cited`` that has the value is used. Return None if no item has the value of a placeholder, or if
    the result still contains a brace.
    """
    values = [values_of(e) for e in cited]
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        name = match[1].lower()
        found = next((each[name] for each in values if name in each), None)
        missing = missing or found is None
        return found or ""

    filled = _PLACEHOLDER.sub(value, text)
    return None if missing or "{" in filled or "}" in filled else filled


def values_of(e: Evidence) -> dict[str, str]:
    """Return the values that an evidence item provides for placeholders, as text, by name of the placeholder."""
    params, unit = e.params, e.params.get("metric_unit") or e.unit
    number = e.value if isinstance(e.value, float) else None
    found: dict[str, str] = {}
    reading = params.get("reading", params.get("level"))
    if reading is None and e.kind in ("over_limit", "steady", "idle", "running", "stuck"):
        reading = number
    if reading is not None:
        found["value"] = fmt.quantity(float(reading), unit)
    for name, param in (("before", "before"), ("before", "usual_level"), ("peak", "peak")):
        if params.get(param) is not None:
            found[name] = fmt.quantity(float(params[param]), unit)
    if params.get("limit") is not None:
        found["limit"] = fmt.limit_quantity(float(params["limit"]), unit)
    if "is_above" in params:
        found["side"] = "above" if params["is_above"] else "below"
    if number is not None and e.kind in _CHANGES:
        found["direction"] = "rose" if number > 0 else "fell"
        if e.kind == "slope":
            found["rate"] = fmt.quantity(abs(number), e.unit)
        else:
            found["change"] = fmt.difference(abs(number), e.unit)
    if e.kind not in ("deviation", "steady", "peers", "moved_with", "clock"):
        found["since"] = fmt.clock(e.start)
        if e.end > e.start:
            found["duration"] = fmt.duration(e.end - e.start)
    return found
