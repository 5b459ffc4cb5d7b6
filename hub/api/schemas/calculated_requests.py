"""Request bodies of calculated metrics. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from hub.api.schemas.backtest_requests import check_period
from hub.api.schemas.table_requests import TableChangeBody, TableDraftBody, TablePreviewBody


class CalculatedDraft(TableDraftBody):
    """A draft: `calculated`, its keys as in `calculated.toml` (null omits one), or `text`, its table."""

    KEYS: ClassVar[str] = "calculated"

    calculated: Annotated[dict[str, Any], Field(max_length=32)] | None = None


class CalculatedChange(CalculatedDraft, TableChangeBody):
    """A new or changed metric. `revision` is the revision of `calculated.toml` that it was edited from."""


class CalculatedPreviewQuery(CalculatedDraft, TablePreviewBody):
    """A draft to preview. `id` is the metric that it replaces; absent for a new one.

    Without `calculated` and `text`, the stored metric is returned.
    """


class CalculatedTrialQuery(CalculatedPreviewQuery):
    """A draft, and a past period of at most 31 days to calculate it in."""

    start: int = Field(alias="from", ge=0, le=2**53)
    end: int = Field(alias="to", ge=0, le=2**53)

    @model_validator(mode="after")
    def _in_order(self) -> CalculatedTrialQuery:
        check_period(self.start, self.end)
        return self
