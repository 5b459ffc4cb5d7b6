"""Make tool schemas from the signatures of methods, and call methods with checked arguments.

A tool is a public async method of an object. The first paragraph of its docstring describes it, and its annotations
are the types of the parameters.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import Any, get_type_hints

import msgspec

from hub.ai.base import ToolSpec
from hub.bounds import check
from hub.errors import HubError, Rejected


def specs(tools: Any) -> tuple[ToolSpec, ...]:
    """Return the schemas of all tools of an object, sorted by the names of the tools."""
    return tuple(_spec(_kind(tools), name) for name in sorted(_names(_kind(tools))))


async def call(tools: Any, name: str, arguments: Any) -> Any:
    """Call one tool with the arguments that a model sent.

    Errors in the name or the arguments are not raised but returned as ``{"error": ...}``, so that the model can correct
    them.
    """
    if name not in _names(_kind(tools)):
        return {"error": f"There is no tool {name[:60]!r}. Known tools: {', '.join(sorted(_names(_kind(tools))))}."}
    try:
        checked = msgspec.convert(arguments or {}, _arguments(_kind(tools), name), strict=False)
        check(msgspec.to_builtins(checked), "A parameter")  # msgspec converts texts such as "inf" to numbers
    except (msgspec.ValidationError, Rejected) as error:
        return {"error": f"{name}: {error}"}
    try:
        return msgspec.to_builtins(await getattr(tools, name)(**msgspec.structs.asdict(checked)))
    except HubError as error:
        return {"error": str(error)}


def _kind(tools: Any) -> Any:
    return type(tools)


def _names(kind: Any) -> list[str]:
    return [
        name for name, value in vars(kind).items() if not name.startswith("_") and inspect.iscoroutinefunction(value)
    ]


@cache
def _arguments(kind: Any, name: str) -> type[msgspec.Struct]:
    method = getattr(kind, name)
    hints = get_type_hints(method, include_extras=True)
    fields: list[Any] = []
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        hint = hints[parameter.name]
        required = parameter.default is parameter.empty
        fields.append((parameter.name, hint) if required else (parameter.name, hint, parameter.default))
    return msgspec.defstruct(name, fields, forbid_unknown_fields=True)


@cache
def _spec(kind: Any, name: str) -> ToolSpec:
    schema = msgspec.json.schema(_arguments(kind, name))
    inner = dict(schema["$defs"][name]) if "$defs" in schema else dict(schema)
    inner.pop("title", None)
    about = inspect.cleandoc(getattr(kind, name).__doc__ or name).split("\n\n")[0]
    return ToolSpec(name, " ".join(about.split()), inner)
