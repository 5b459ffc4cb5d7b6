"""Request bodies of reactions, which send a command or call a webhook automatically. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from hub.api.schemas.backtest_requests import check_period
from hub.api.schemas.requests import Incoming
from hub.api.schemas.table_requests import TableChangeBody, TableDraftBody, TablePreviewBody


class ReactionDraft(TableDraftBody):
    """A draft of a reaction: either `reaction` or `text`.

    `reaction` has the keys of the reaction as in `reactions.toml`; a key with the value null is omitted. `text` is the
    `[[reaction]]` table.
    """

    KEYS: ClassVar[str] = "reaction"

    reaction: Annotated[dict[str, Any], Field(max_length=32)] | None = None


class ReactionChange(ReactionDraft, TableChangeBody):
    """A new or changed reaction. `revision` is the revision of `reactions.toml` that the edit started from."""


class ReactionPreviewQuery(ReactionDraft, TablePreviewBody):
    """A draft of a reaction to preview.

    `id` is the id of the reaction that the draft replaces; it is absent for a new reaction. If both `reaction` and
    `text` are absent, the stored reaction with this id is previewed.
    """


class ReactionTrialQuery(ReactionPreviewQuery):
    """A draft of a reaction, and a past period of at most 31 days to try the reaction in."""

    start: int = Field(alias="from", ge=0, le=2**53)
    end: int = Field(alias="to", ge=0, le=2**53)

    @model_validator(mode="after")
    def _in_order(self) -> ReactionTrialQuery:
        check_period(self.start, self.end)
        return self


class ReactionSwitchWanted(Incoming):
    """The switch for all reactions: if it is off, no reaction runs."""

    on: bool
