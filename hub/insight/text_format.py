"""Numbers, times and names as the findings print them. One form each, so that :mod:`hub.insight.claim_check` can read
them."""

from __future__ import annotations

from datetime import UTC, datetime

_SPOKEN = {"co2": "CO₂", "ph": "pH", "rpm": "rpm", "voc": "VOC"}


def number(value: float) -> str:
    """Three significant figures, all figures of larger whole parts, no exponent between a tenth of a thousandth and
    1e9."""
    size = abs(value)
    if size < 1e-9:
        return "0"
    if size >= 1e9 or size < 1e-4:
        return f"{value:.3g}"
    decimals = 0 if size >= 1000 else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 else 4
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantity(value: float, unit: str | None) -> str:
    """``7.4 mm/s``; the number alone where the unit is unknown."""
    return f"{number(value)} {unit}" if unit else number(value)


def rate(per_second: float, unit: str | None) -> str:
    """A slope per minute where that reads well, else per hour: ``0.8 °C/min``."""
    per_minute = per_second * 60
    if abs(per_minute) >= 0.1:
        return f"{number(per_minute)} {unit}/min" if unit else f"{number(per_minute)} per min"
    return f"{number(per_minute * 60)} {unit}/h" if unit else f"{number(per_minute * 60)} per h"


def span(seconds: float) -> str:
    """``42 s`` up to ten minutes, ``25 min`` up to three hours, then ``7.5 h``; ``12.5 d`` beyond two days."""
    seconds = max(seconds, 0.0)
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    if seconds < 600:
        return f"{seconds:.0f} s"
    if seconds < 3 * 3600:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{number(round(seconds / 3600, 1))} h"
    return f"{number(round(seconds / 86400, 1))} d"


def clock(stamp: int) -> str:
    """``14:03:12`` UTC, for what lies within the investigated hours."""
    return _utc(stamp).strftime("%H:%M:%S")


def date(stamp: int) -> str:
    """``2026-11-22 14:03`` UTC, for what lies further back."""
    return _utc(stamp).strftime("%Y-%m-%d %H:%M")


def spoken(name: str) -> str:
    """A metric or cause as people say it: ``bearing_temperature`` is ``bearing temperature``."""
    return " ".join(_SPOKEN.get(word, word) for word in name.replace("-", "_").split("_"))


def join(items: list[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1] if items else ""


def _utc(stamp: int) -> datetime:
    # Times outside of what a calendar holds come from broken clocks; they must not break a diagnosis.
    return datetime.fromtimestamp(min(max(stamp, 0), 253_402_300_799_000) / 1000, UTC)
