"""``kind = "no_data"``: a device that has sent nothing for too long."""

from __future__ import annotations

from typing import Any, ClassVar

from hub import text_format as fmt
from hub.rules.fields import InvalidField, read_duration
from hub.rules.kinds.base import SilenceCondition

MIN_SILENCE_MS = 1_000


class NoData(SilenceCondition, frozen=True):
    """Holds while the device has sent nothing for ``silence_ms``."""

    kind: ClassVar[str] = "no_data"
    keys: ClassVar[frozenset[str]] = frozenset({"silence"})
    hints: ClassVar[dict[str, str]] = {
        "for": 'nothing: a no_data rule fires after its silence, so write silence = "…" alone',
        "metric": "nothing: a no_data rule watches the whole device",
    }

    @classmethod
    def parse(cls, table: dict[str, Any]) -> NoData:
        silence = read_duration(table.get("silence"), "silence")
        if silence < MIN_SILENCE_MS:
            raise InvalidField("silence", table.get("silence"), "at least 1s")
        return cls(silence)

    def describe(self, metric: str, unit: str | None) -> str:
        return f"no data for {fmt.duration(self.silence_ms)}"
