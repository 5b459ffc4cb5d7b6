"""A cache of the objects that FastAPI derives from the code of routes, shared by all applications of a test run.

FastAPI reads the signature of each route and builds a Pydantic type adapter for each parameter, body and response: two
thirds of the work of starting a hub. All of this depends on code and types only, so the many hubs of a test run can
share it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fastapi import routing
from fastapi._compat import v2
from fastapi.dependencies import utils
from pydantic import TypeAdapter

_adapters: dict[Any, TypeAdapter[Any]] = {}
# The values keep the objects alive whose ids are in the keys.
_signatures: dict[Any, tuple[inspect.Signature, Any]] = {}
_parameters: dict[Any, tuple[utils.ParamDetails, Any]] = {}
_responses: dict[Any, tuple[Any, Any]] = {}

_new_signature = utils._get_signature
_new_parameter = utils.analyze_param
_new_response = routing.create_model_field


def _adapter(annotation: Any, *, config: Any = None) -> TypeAdapter[Any]:
    if config is not None:
        return TypeAdapter(annotation, config=config)
    try:
        key = (annotation.__origin__, repr(annotation.__metadata__))
        if key not in _adapters:
            _adapters[key] = TypeAdapter(annotation)
        return _adapters[key]
    except TypeError:  # a type that cannot be hashed
        return TypeAdapter(annotation)


def _signature(call: Callable[..., Any]) -> inspect.Signature:
    """Return the signature of a function. Functions of the same code and defaults have the same."""
    if not inspect.isfunction(call) or hasattr(call, "__wrapped__"):
        return _new_signature(call)
    defaults = [*(call.__defaults__ or ()), *(call.__kwdefaults__ or {}).values()]
    key = (call.__module__, call.__code__, *map(id, defaults))
    if key not in _signatures:
        _signatures[key] = _new_signature(call), defaults
    return _signatures[key][0]


def _parameter(*, param_name: str, annotation: Any, value: Any, path_param_names: set[str]) -> utils.ParamDetails:
    key = (param_name, id(annotation), id(value), param_name in path_param_names)
    if key not in _parameters:
        details = _new_parameter(
            param_name=param_name, annotation=annotation, value=value, path_param_names=path_param_names
        )
        _parameters[key] = details, (annotation, value)
    return _parameters[key][0]


def _response(name: str, type_: Any, **words: Any) -> Any:
    key = (name, id(type_), *words.items())
    if key not in _responses:
        _responses[key] = _new_response(name, type_, **words), type_
    return _responses[key][0]


def share() -> None:
    """Make FastAPI reuse the objects that it has derived from the same code and types."""
    # A function in place of the class: FastAPI only calls it.
    v2.TypeAdapter = _adapter  # type: ignore[assignment, misc]
    utils._get_signature = _signature
    utils.analyze_param = _parameter
    routing.create_model_field = _response
