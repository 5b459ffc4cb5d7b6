"""Request bodies with one table of a settings file, such as one rule of ``rules.toml``."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, model_validator

from hub.api.schemas.requests import Incoming
from hub.services.config_files import TableDraft


class TableDraftBody(Incoming):
    """Base class of the draft of one table of a TOML file. The table is given either as JSON or as TOML.

    The field for the JSON form is named after the table: `KEYS` is `rule` for a `[[rule]]` table. The TOML is in
    `text`.
    """

    KEYS: ClassVar[str]

    text: str | None = Field(None, max_length=20_000)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if getattr(self, self.KEYS) is not None and self.text is not None:
            raise ValueError(f"give either {self.KEYS} or text")
        return self

    def draft(self) -> TableDraft | None:
        """Return the draft; None if the body has neither keys nor text."""
        keys = getattr(self, self.KEYS)
        return None if keys is None and self.text is None else TableDraft(keys, self.text)


class TableChangeBody(TableDraftBody):
    """A new or changed table. `revision` is the revision of the file that the edit started from."""

    revision: str = Field(max_length=64)

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.draft() is None:
            raise ValueError(f"give {self.KEYS} or text")
        return self


class TablePreviewBody(TableDraftBody):
    """A draft, and the `id` of the table that the draft replaces. `id` is absent for a new table."""

    id: str | None = Field(None, max_length=64)

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.id is None and self.draft() is None:
            raise ValueError(f"give id, {self.KEYS} or text")
        return self


class RuleDraft(TableDraftBody):
    """A draft of one rule: either `rule` or `text`.

    `rule` has the keys of the rule as in `rules.toml`; a key with the value null is omitted. `text` is the `[[rule]]`
    table.
    """

    KEYS: ClassVar[str] = "rule"

    rule: Annotated[dict[str, Any], Field(max_length=64)] | None = None


class RuleChange(RuleDraft, TableChangeBody):
    """A new or changed rule. `revision` is the revision of `rules.toml` that the edit started from."""


class RulePreviewQuery(RuleDraft, TablePreviewBody):
    """A draft of a rule to preview.

    `id` is the id of the rule that the draft replaces; it is absent for a new rule. If both `rule` and `text` are
    absent, the stored rule with this id is previewed.
    """


class MappingChange(TableChangeBody):
    """A new or changed mapping: either `mapping` or `text`.

    `mapping` has the keys of the mapping as in `mappings.toml`; a key with the value null is omitted. `text` is the
    `[[mapping]]` table. `revision` is the revision of `mappings.toml` that the edit started from.
    """

    KEYS: ClassVar[str] = "mapping"

    mapping: Annotated[dict[str, Any], Field(max_length=64)] | None = None
