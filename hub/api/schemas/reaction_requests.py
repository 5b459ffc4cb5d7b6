"""Request bodies of reactions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from hub.api.schemas.requests import Incoming


class ReactionDraft(Incoming):
    """A draft: `reaction`, its keys as in `reactions.toml` (null omits one), or `text`, its table."""

    reaction: Annotated[dict[str, Any], Field(max_length=32)] | None = None
    text: str | None = Field(None, max_length=20_000)

    @model_validator(mode="after")
    def _one_form(self) -> ReactionDraft:
        if self.reaction is not None and self.text is not None:
            raise ValueError("give either reaction or text")
        return self


class ReactionChange(ReactionDraft):
    """A new or changed reaction. `revision` is the revision of `reactions.toml` that it was edited from."""

    revision: str = Field(max_length=64)

    @model_validator(mode="after")
    def _not_empty(self) -> ReactionChange:
        if self.reaction is None and self.text is None:
            raise ValueError("give reaction or text")
        return self


class ReactionPreviewQuery(ReactionDraft):
    """A draft to preview. `id` is the reaction that it replaces; absent for a new one.

    Without `reaction` and `text`, the stored reaction is returned.
    """

    id: str | None = Field(None, max_length=64)

    @model_validator(mode="after")
    def _something(self) -> ReactionPreviewQuery:
        if self.id is None and self.reaction is None and self.text is None:
            raise ValueError("give id, reaction or text")
        return self


class ReactionSwitchWanted(Incoming):
    """Whether reactions may run."""

    on: bool
