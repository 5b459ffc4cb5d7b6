"""Request bodies of calculated metrics. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from hub.api.schemas.backtest_requests import check_period
from hub.api.schemas.requests import Incoming


class CalculatedDraft(Incoming):
    """A draft: `calculated`, its keys as in `calculated.toml` (null omits one), or `text`, its table."""

    calculated: Annotated[dict[str, Any], Field(max_length=32)] | None = None
    text: str | None = Field(None, max_length=20_000)

    @model_validator(mode="after")
    def _one_form(self) -> CalculatedDraft:
        if self.calculated is not None and self.text is not None:
            raise ValueError("give either calculated or text")
        return self


class CalculatedChange(CalculatedDraft):
    """A new or changed metric. `revision` is the revision of `calculated.toml` that it was edited from."""

    revision: str = Field(max_length=64)

    @model_validator(mode="after")
    def _not_empty(self) -> CalculatedChange:
        if self.calculated is None and self.text is None:
            raise ValueError("give calculated or text")
        return self


class CalculatedPreviewQuery(CalculatedDraft):
    """A draft to preview. `id` is the metric that it replaces; absent for a new one.

    Without `calculated` and `text`, the stored metric is returned.
    """

    id: str | None = Field(None, max_length=64)

    @model_validator(mode="after")
    def _something(self) -> CalculatedPreviewQuery:
        if self.id is None and self.calculated is None and self.text is None:
            raise ValueError("give id, calculated or text")
        return self


class CalculatedTrialQuery(CalculatedPreviewQuery):
    """A draft, and a past period of at most 31 days to calculate it in."""

    start: int = Field(alias="from", ge=0, le=2**53)
    end: int = Field(alias="to", ge=0, le=2**53)

    @model_validator(mode="after")
    def _in_order(self) -> CalculatedTrialQuery:
        check_period(self.start, self.end)
        return self
