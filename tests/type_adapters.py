"""Pydantic's type adapters, built once for all the applications of a test run.

FastAPI builds one for each parameter, body and response of each route: three quarters of the work of starting a hub.
They depend on types only, so that the many hubs of a test run can share them.
"""

from __future__ import annotations

from typing import Any

from fastapi._compat import v2
from pydantic import TypeAdapter

_built: dict[Any, TypeAdapter[Any]] = {}


def _shared(annotation: Any, *, config: Any = None) -> TypeAdapter[Any]:
    if config is not None:
        return TypeAdapter(annotation, config=config)
    try:
        key = (annotation.__origin__, repr(annotation.__metadata__))
        if key not in _built:
            _built[key] = TypeAdapter(annotation)
        return _built[key]
    except TypeError:  # a type that cannot be hashed
        return TypeAdapter(annotation)


def share() -> None:
    """Let FastAPI use an adapter again that it has built for the same type."""
    v2.TypeAdapter = _shared  # type: ignore[assignment, misc]
