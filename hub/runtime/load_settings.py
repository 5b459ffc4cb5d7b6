"""Read settings from the environment and ``hub.toml``, and validate them with the tables that the dialects declare."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import msgspec
from pydantic import BaseModel, Field, ValidationError, create_model

from hub.bounds import decode_toml, decode_utf8
from hub.errors import ConfigError
from hub.runtime.environment import read_environment
from hub.runtime.renamed_settings import RENAMED, rename_settings
from hub.runtime.secret_files import SUFFIX, read_secrets, secret_keys
from hub.runtime.settings import DialectsSection, Settings
from hub.runtime.settings_errors import explain, is_list, not_a_table
from hub.runtime.settings_section import Section

MAX_FILE_BYTES = 1_000_000
_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")
"""Names of field limits that are the same in msgspec and in pydantic."""


@functools.cache
def with_dialects(declared: tuple[tuple[str, type[msgspec.Struct]], ...]) -> type[Settings]:
    """Return a subclass of :class:`Settings` that also validates a table ``[dialects.NAME]`` for each dialect.

    Each item of ``declared`` is a dialect's name and a struct. The fields of the struct are the keys of the dialect's
    table.
    """
    tables: dict[str, Any] = {}
    for name, struct in declared:
        fields: dict[str, Any] = {field.name: _pydantic_field(field) for field in msgspec.structs.fields(struct)}
        table = create_model(struct.__name__, __base__=Section, **fields)
        tables[name] = (table, table())
    dialects = create_model("DialectsSection", __base__=DialectsSection, **tables)
    return create_model("Settings", __base__=Settings, dialects=(dialects, dialects()))


def _pydantic_field(field: msgspec.structs.FieldInfo) -> tuple[Any, Any]:
    """Return the type and the field with which pydantic validates a field of a msgspec struct.

    They have the default value and the limits of the struct's field.
    """
    metas = [each for each in getattr(field.type, "__metadata__", ()) if isinstance(each, msgspec.Meta)]
    limits = {name: value for meta in metas for name in _LIMITS if (value := getattr(meta, name)) is not None}
    return (get_args(field.type)[0] if metas else field.type), Field(default=field.default, **limits)


def load(
    file: Path | None = None,
    overrides: Mapping[str, Mapping[str, Any]] | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    schema: type[Settings] = Settings,
) -> Settings:
    """Read the settings of ``schema`` from ``file``, the environment and ``overrides``; the later ones take precedence.

    Raises ConfigError, which names the key, the value and what is allowed.
    """
    tables: dict[str, dict[str, Any]] = _read(file) if file else {}
    variables, from_environment = read_environment(os.environ if environ is None else environ, dict(_keys(schema)))
    rename_settings(tables)
    rename_settings(from_environment)
    _merge(tables, from_environment)
    for section, values in (overrides or {}).items():
        _merge(tables, {section: dict(values)})
        variables = {key: name for key, name in variables.items() if key[0] != section or key[1] not in values}
    from_files = read_secrets(tables, schema)
    try:
        return schema.model_validate(tables)
    except ValidationError as error:
        raise explain(error, schema, variables, from_files) from None


def _keys(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the path of every key in the settings that is not a table, and whether its value is a list."""
    for name, field in model.model_fields.items():
        if isinstance(field.default, Section):
            yield from _keys(type(field.default), (*path, name))
        else:
            yield (*path, name), is_list(field.annotation)
    for name in secret_keys(model):
        yield (*path, name + SUFFIX), False
    if not path:
        yield from ((earlier, False) for earlier in RENAMED)


def _merge(tables: dict[str, Any], added: Mapping[str, Any], path: tuple[str, ...] = ()) -> None:
    """Put the nested tables ``added`` into ``tables``. Values in ``added`` replace those in ``tables``.

    Raises ConfigError where ``tables`` has a plain value instead of a table.
    """
    for key, value in added.items():
        if not isinstance(value, dict):
            tables[key] = value
        elif isinstance(table := tables.setdefault(key, {}), dict):
            _merge(table, value, (*path, key))
        else:
            raise not_a_table(".".join((*path, key)), table)


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            problem = f"{file} is larger than {MAX_FILE_BYTES:,} bytes, so it is not read as a settings file."
            raise ConfigError(problem, "Pass the right file with --config.")
        return decode_toml(decode_utf8(content, str(file)), str(file))
    except FileNotFoundError:
        raise ConfigError(f"There is no settings file {file}.", "Pass one with --config.") from None
    except OSError as error:
        hint = "Pass a readable file with --config."
        raise ConfigError(f"The settings file {file} cannot be read ({error.strerror}).", hint) from None
