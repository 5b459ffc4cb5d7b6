"""Request bodies of reactions. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from hub.api.schemas.backtest_requests import check_period
from hub.api.schemas.requests import Incoming
from hub.api.schemas.table_requests import TableChangeBody, TableDraftBody, TablePreviewBody


class ReactionDraft(TableDraftBody):
    """A draft: `reaction`, its keys as in `reactions.toml` (null omits one), or `text`, its table."""

    KEYS: ClassVar[str] = "reaction"

    reaction: Annotated[dict[str, Any], Field(max_length=32)] | None = None


class ReactionChange(ReactionDraft, TableChangeBody):
    """A new or changed reaction. `revision` is the revision of `reactions.toml` that it was edited from."""


class ReactionPreviewQuery(ReactionDraft, TablePreviewBody):
    """A draft to preview. `id` is the reaction that it replaces; absent for a new one.

    Without `reaction` and `text`, the stored reaction is returned.
    """


class ReactionTrialQuery(ReactionPreviewQuery):
    """A draft, and a past period of at most 31 days to try it in."""

    start: int = Field(alias="from", ge=0, le=2**53)
    end: int = Field(alias="to", ge=0, le=2**53)

    @model_validator(mode="after")
    def _in_order(self) -> ReactionTrialQuery:
        check_period(self.start, self.end)
        return self


class ReactionSwitchWanted(Incoming):
    """Whether reactions may run."""

    on: bool
