"""``kind = "no_data"``: a device that has sent nothing for too long, or has not reported a metric."""

from __future__ import annotations

from typing import Any, ClassVar

from hub import text_format as fmt
from hub.model import Breach
from hub.rules.fields import InvalidField, read_duration, read_number
from hub.rules.kinds.base import SilenceCondition

MIN_SILENCE_MS = 1_000
UNKNOWN_MS = 600_000
"""Silence in ms that meets a condition with ``missed`` on a device whose expected interval is not known yet."""


class NoData(SilenceCondition, frozen=True):
    """Holds while the device has sent nothing, or has not reported the metric, for ``silence_ms``.

    With ``missed``, the silence is this number of the device's expected intervals instead.
    """

    kind: ClassVar[str] = "no_data"
    keys: ClassVar[frozenset[str]] = frozenset({"metric", "silence", "missed"})
    hints: ClassVar[dict[str, str]] = {
        "for": 'nothing: a no_data rule fires after its silence, so write silence = "…" alone',
        "clear_for": "nothing: the alert clears with the next message",
    }
    metric_optional: ClassVar[bool] = True

    silence_ms: int
    missed: float | None = None

    @classmethod
    def parse(cls, table: dict[str, Any]) -> NoData:
        if "missed" in table:
            if "silence" in table:
                raise InvalidField("missed", table["missed"], "just one of silence and missed")
            if "metric" in table or "quantity" in table:
                allowed = 'silence = "…" with a metric: only devices have an expected interval'
                raise InvalidField("missed", table["missed"], allowed)
            if (missed := read_number(table["missed"], "missed")) < 2:
                raise InvalidField("missed", table["missed"], "2 or more expected intervals")
            return cls(0, missed)
        silence = read_duration(table.get("silence"), "silence")
        if silence < MIN_SILENCE_MS:
            raise InvalidField("silence", table.get("silence"), "at least 1s")
        return cls(silence)

    def silence(self, expected_interval: float) -> int:
        if self.missed is None:
            return self.silence_ms
        return max(MIN_SILENCE_MS, round(self.missed * expected_interval)) if expected_interval else UNKNOWN_MS

    def describe(self, metric: str, unit: str | None) -> str:
        if self.missed is not None:
            return f"no data for {self.missed:g} expected intervals"
        return (
            f"{metric} not reported for {fmt.duration(self.silence_ms)}"
            if metric
            else (f"no data for {fmt.duration(self.silence_ms)}")
        )

    def message(self, breach: Breach) -> str:
        silent = fmt.duration(breach.silent_ms)
        return f"{breach.metric} not reported for {silent}" if breach.metric else f"no data for {silent}"
