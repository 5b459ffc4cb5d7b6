"""Request bodies of backtests. Times are epoch milliseconds."""

from __future__ import annotations

from pydantic import Field, model_validator

from hub.api.schemas.requests import RuleDraft

MAX_PERIOD_MS = 31 * 86_400_000


class BacktestQuery(RuleDraft):
    """A draft of a rule and a period of at most 31 days. `id` is the rule that it replaces, to compare with."""

    id: str | None = Field(None, max_length=64)
    start: int = Field(alias="from", ge=0, le=2**53)
    end: int = Field(alias="to", ge=0, le=2**53)

    @model_validator(mode="after")
    def _complete(self) -> BacktestQuery:
        if self.id is None and self.rule is None and self.text is None:
            raise ValueError("give id, rule or text")
        if not 0 < self.end - self.start <= MAX_PERIOD_MS:
            raise ValueError('"to" must be later than "from", by at most 31 days')
        return self
