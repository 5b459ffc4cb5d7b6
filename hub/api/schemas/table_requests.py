"""Request bodies with one table of a settings file: a rule of ``rules.toml``, a mapping of ``mappings.toml``."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from hub.api.schemas.requests import Incoming
from hub.services.config_files import TableDraft


class TableDraftBody(Incoming):
    """A draft: the keys of the table in the field ``KEYS``, or the table as `text`."""

    KEYS: ClassVar[str]

    text: str | None = Field(None, max_length=20_000)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if getattr(self, self.KEYS) is not None and self.text is not None:
            raise ValueError(f"give either {self.KEYS} or text")
        return self

    def draft(self) -> TableDraft | None:
        """Return the draft, None if the body has neither keys nor text."""
        keys = getattr(self, self.KEYS)
        return None if keys is None and self.text is None else TableDraft(keys, self.text)


class TableChangeBody(TableDraftBody):
    """A new or changed table. `revision` is the revision of the file that it was edited from."""

    revision: str = Field(max_length=64)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.draft() is None:
            raise ValueError(f"give {self.KEYS} or text")
        return self


class TablePreviewBody(TableDraftBody):
    """A draft, and the `id` of the table that it replaces; absent for a new one."""

    id: str | None = Field(None, max_length=64)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.id is None and self.draft() is None:
            raise ValueError(f"give id, {self.KEYS} or text")
        return self


class RuleDraft(TableDraftBody):
    """A draft of one rule: `rule`, its keys as in `rules.toml` (null omits one), or `text`, its `[[rule]]` table."""

    KEYS: ClassVar[str] = "rule"

    rule: Annotated[dict[str, Any], Field(max_length=64)] | None = None


class RuleChange(RuleDraft, TableChangeBody):
    """A new or changed rule. `revision` is the revision of `rules.toml` that it was edited from."""


class RulePreviewQuery(RuleDraft, TablePreviewBody):
    """A draft to preview. `id` is the rule that it replaces; absent for a new one.

    Without `rule` and `text`, the stored rule is returned.
    """


class MappingChange(TableChangeBody):
    """A new or changed mapping: either `mapping` or `text`.

    `mapping` has its keys as in `mappings.toml` (null omits one); `text` is its `[[mapping]]` table. `revision` is the
    revision of `mappings.toml` that it was edited from.
    """

    KEYS: ClassVar[str] = "mapping"

    mapping: Annotated[dict[str, Any], Field(max_length=64)] | None = None
