"""Request bodies of calculated metrics. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from hub.api.schemas.backtest_requests import check_period
from hub.api.schemas.table_requests import TableChangeBody, TableDraftBody, TablePreviewBody


class CalculatedDraft(TableDraftBody):
    """A draft of a calculated metric: either `calculated` or `text`.

    `calculated` has the keys of the metric as in `calculated.toml`; a key with the value null is omitted. `text` is the
    `[[calculated]]` table.
    """

    KEYS: ClassVar[str] = "calculated"

    calculated: Annotated[dict[str, Any], Field(max_length=32)] | None = None


class CalculatedChange(CalculatedDraft, TableChangeBody):
    """A new or changed metric. `revision` is the revision of `calculated.toml` that the edit started from."""


class CalculatedPreviewQuery(CalculatedDraft, TablePreviewBody):
    """A draft of a calculated metric to preview.

    `id` is the id of the metric that the draft replaces; it is absent for a new metric. If both `calculated` and `text`
    are absent, the stored metric with this id is previewed.
    """


class CalculatedTrialQuery(CalculatedPreviewQuery):
    """A draft of a calculated metric, and a past period of at most 31 days to calculate the metric in."""

    start: int = Field(alias="from", ge=0, le=2**53)
    end: int = Field(alias="to", ge=0, le=2**53)

    @model_validator(mode="after")
    def _in_order(self) -> CalculatedTrialQuery:
        check_period(self.start, self.end)
        return self
