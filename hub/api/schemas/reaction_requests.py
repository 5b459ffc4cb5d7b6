"""Request bodies of reactions."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

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


class ReactionSwitchWanted(Incoming):
    """Whether reactions may run."""

    on: bool
