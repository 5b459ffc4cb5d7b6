"""Request bodies of backtests, and of rules that are described in words. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from hub.api.schemas.requests import Incoming
from hub.api.schemas.table_requests import RulePreviewQuery

MAX_PERIOD_MS = 31 * 86_400_000
UNREAD = frozenset({"id", "name", "kind", "above", "below", "clear", "warning", "critical"})
DRAFT_ID = "draft.for.suggested.limits"


class BacktestQuery(RulePreviewQuery):
    """A draft of a rule, and a period of at most 31 days to test it in.

    `id` is the id of the rule that the draft replaces. That rule is tested too, to compare the results.
    """

    start: int = Field(alias="from", ge=0, le=2**53)
    end: int = Field(alias="to", ge=0, le=2**53)

    @model_validator(mode="after")
    def _complete(self) -> BacktestQuery:
        check_period(self.start, self.end)
        return self


class LimitQuery(Incoming):
    """A threshold rule to suggest limits for, and a period of at most 31 days whose readings are used.

    `rule` has the keys of the rule as in `rules.toml`. Its limits are ignored.
    """

    rule: Annotated[dict[str, Any], Field(max_length=64)]
    side: Literal["above", "below"]
    start: int = Field(alias="from", ge=0, le=2**53)
    end: int = Field(alias="to", ge=0, le=2**53)

    @model_validator(mode="after")
    def _complete(self) -> LimitQuery:
        check_period(self.start, self.end)
        return self

    def draft(self) -> dict[str, Any]:
        """Return the rule with a placeholder as its id and 0 as its limit, so that it can be parsed."""
        kept = {key: value for key, value in self.rule.items() if key not in UNREAD}
        return {**kept, "id": DRAFT_ID, self.side: 0}


def check_period(start: int, end: int) -> None:
    if not 0 < end - start <= MAX_PERIOD_MS:
        raise ValueError('"to" must be later than "from", by at most 31 days')


class RuleWords(Incoming):
    """A sentence that describes a rule. Times of day in the sentence are in `time_zone`.

    A temperature without a unit is in `temperature_unit`, the unit that the person's pages show. If `temperature_unit`
    is absent, such a temperature is in the unit of the metric.
    """

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
    time_zone: str = Field("UTC", min_length=1, max_length=64)
    temperature_unit: Literal["°C", "°F"] | None = None
