"""The base class of the tables of ``hub.toml``."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator

from hub.runtime.settings_errors import is_numeric, is_path


class Section(BaseModel):
    """Base class of a table of ``hub.toml``. An unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _plain(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse values that pydantic would accept by default: a boolean as a number, and an empty text as a path."""
        annotation = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and is_numeric(annotation):
            raise ValueError("a number")
        if isinstance(value, str) and is_path(annotation) and (not value.strip() or "\x00" in value):
            raise ValueError("a path that is not empty; leave the key out for the default")
        return value
