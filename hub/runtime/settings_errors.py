"""Error messages for settings: the key, its value, what is allowed, and the most similar known key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from hub.errors import ConfigError

MAX_SHOWN = 120
_PASSWORD = re.compile(r"//[^/@\s]*@")
"""Matches the user name and the password in a URL."""
_EXPECTED = {
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "dict_type": "a table",
    "float_parsing": "a number",
    "float_type": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "list_type": "a list in [brackets]",
    "model_type": "a table",
    "path_type": "a path in quotes",
    "string_type": "a text in quotes",
    "tuple_type": "a list in [brackets]",
}
"""What is allowed, by the type of pydantic's error, for errors whose own message uses Python's terms."""


def explain(
    error: ValidationError,
    settings: type[BaseModel],
    variables: Mapping[tuple[str, ...], str] | None = None,
    files: Mapping[tuple[str, ...], str] | None = None,
) -> ConfigError:
    """Return an error that describes the first of pydantic's errors.

    Args:
        error: pydantic's errors.
        settings: the model that was validated.
        variables: the environment variable that set a key, by the path of the key; it is named instead of the key.
        files: the text ``KEY_from = 'FILE'`` for each key that was read from a file, by the path of the key.
    """
    first = error.errors(include_url=False)[0]
    loc, key = first["loc"], ".".join(map(str, first["loc"]))
    variable = next((name for path, name in (variables or {}).items() if loc[: len(path)] == path), None)
    if first["type"] == "extra_forbidden":
        return unknown_key(loc, settings)
    if first["type"] == "missing":
        return ConfigError(f"{key} is missing.", "Add it, or remove the table.")
    if first["type"] == "model_type":
        return not_a_table(key, first["input"])
    allowed = _EXPECTED.get(first["type"], first["msg"].removeprefix("Value error, ").removeprefix("Input should be "))
    if (file := (files or {}).get(tuple(map(str, loc)))) is not None:
        return ConfigError(f"The content of {file} is not valid.", f"Allowed: {allowed}.")
    shown = _shown(loc, first["input"], settings)
    return ConfigError(f"{variable or key} = {shown} is not valid.", f"Allowed: {allowed}.")


def not_a_table(section: str, value: object) -> ConfigError:
    """Return an error that says that ``section`` must be a table, but is set to the plain ``value``."""
    hint = f"It is a table: write [{section}] on a line of its own and its keys below."
    return ConfigError(f"{section} = {_bounded(value)} is not valid.", hint)


def unknown_key(loc: Sequence[int | str], settings: type[BaseModel]) -> ConfigError:
    """Return an error about an unknown key. It names the most similar key and all known keys."""
    model = _model_at(loc[:-1], settings)
    known, name = list(model.model_fields), str(loc[-1])
    nearest = get_close_matches(name, known, n=1)
    if not nearest and model is settings:  # a key that was written without its table
        tables = ((table, models_in(field.annotation)) for table, field in settings.model_fields.items())
        nearest = [f"{table}.{name}" for table, models in tables for each in models if name in each.model_fields]
    meant = f"Did you mean {nearest[0]}? " if nearest else ""
    return ConfigError(f"{'.'.join(map(str, loc))} is not a setting.", f"{meant}Known settings: {', '.join(known)}.")


def secret_values(settings: BaseModel) -> Iterator[str]:
    """Yield every token, key and password that is set."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        for each in value.values() if isinstance(value, dict) else (value,):
            if isinstance(each, SecretStr):
                yield each.get_secret_value()
            elif isinstance(each, BaseModel):
                yield from secret_values(each)


def _shown(loc: Sequence[int | str], value: object, settings: type[BaseModel]) -> str:
    field = _model_at(loc[:-1], settings).model_fields.get(str(loc[-1]))
    if field is not None and is_secret(field.annotation):
        return "(hidden)"
    return _bounded(value)


def _bounded(value: object) -> str:
    if isinstance(value, dict):
        return "(a table)"  # which may hold a secret
    if isinstance(value, bool):
        return str(value).lower()
    shown = value.isoformat() if isinstance(value, datetime | date | time) else repr(value)
    shown = _PASSWORD.sub("//(hidden)@", shown)
    return shown if len(shown) <= MAX_SHOWN else shown[:MAX_SHOWN] + "…"


def _model_at(loc: Sequence[int | str], settings: type[BaseModel]) -> type[BaseModel]:
    """Return the pydantic model that validates the table of settings at the path ``loc``.

    ``loc`` has names of keys and indices of lists, and begins in ``settings``.
    """
    model = settings
    for part in loc:
        field = model.model_fields.get(str(part))
        if field is not None:  # else the name of a table in a table of tables, or an index of a list
            model = next(models_in(field.annotation), model)
    return model


def is_numeric(annotation: Any) -> bool:
    """Return whether a setting with this type annotation is a number, or is a number or None."""
    return bool({int, float} & set(_types_in(annotation)))


def is_list(annotation: Any) -> bool:
    """Return whether a setting with this type annotation is a list of texts or numbers."""
    return get_origin(annotation) is tuple and not any(models_in(annotation))


def is_path(annotation: Any) -> bool:
    """Return whether a setting with this type annotation is a path, or is a path or None."""
    return Path in _types_in(annotation)


def is_secret(annotation: Any) -> bool:
    """Return whether a setting with this type annotation is a secret, or is a secret or None."""
    return SecretStr in _types_in(annotation)


def _types_in(annotation: Any) -> Iterator[Any]:
    yield annotation
    for each in get_args(annotation):
        if isinstance(each, type) or get_args(each):
            yield from _types_in(each)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the pydantic models that a type annotation contains.

    They are the type itself, or the models in a list, a dictionary or a union.
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from models_in(each)
