"""Base class of the objects that the API returns."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Literal, NotRequired, Self, Union, get_args

import msgspec
from typing_extensions import TypedDict


class ApiObject(msgspec.Struct):
    """Base class of the objects that the API returns.

    msgspec encodes the object, and ``/openapi.json`` describes it from the same fields. A field is read from the
    attribute of the same name. The class option ``rename`` gives the field another name in JSON. A field whose default
    is UNSET may be absent.
    """

    # The schemas are built when the OpenAPI description is needed. Building them at startup would slow it down.
    __pydantic_config__: ClassVar = {"defer_build": True}

    @classmethod
    def of(cls, found: Any, **computed: Any) -> Self:
        """Create an object of this class. Each field is read from the attribute of ``found`` with the same name.

        The keyword arguments (``computed``) are the values of fields that are not read from ``found``.
        """
        rest = (name for name in cls.__struct_fields__ if name not in computed)
        return cls(**{name: getattr(found, name) for name in rest}, **computed)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Return the schema that FastAPI describes this object with, because FastAPI does not know msgspec structs."""
        return handler.generate_schema(_typed_dict(cls, cls.__name__))


class FromModel:
    """An annotation for a struct of :mod:`hub.model` that the API returns unchanged.

    ``Annotated[Step, FromModel("StepShape")]`` describes the struct ``Step`` under the name ``StepShape``.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        return handler.generate_schema(_typed_dict(source, self._name))


def _field_type(field: msgspec.structs.FieldInfo) -> Any:
    """Return the type of ``field`` in the typed dictionary that describes the struct of ``field``.

    A field whose default is UNSET becomes ``NotRequired``.
    """
    if field.default is not msgspec.UNSET:
        return field.type
    types = tuple(each for each in get_args(field.type) if each is not msgspec.UnsetType)
    return NotRequired[Union[types]]  # noqa: UP007 (made of a tuple)


@cache
def _typed_dict(shape: type[msgspec.Struct], name: str) -> Any:
    tag, tag_field = shape.__struct_config__.tag, shape.__struct_config__.tag_field
    fields: dict[str, Any] = {tag_field: Literal[tag]} if tag_field else {}
    fields |= {field.encode_name: _field_type(field) for field in msgspec.structs.fields(shape)}
    # mypy knows typed dictionaries only where their fields are written out.
    described: Any = TypedDict(name, fields)  # type: ignore[misc]  # made at run time
    described.__module__, described.__doc__ = shape.__module__, shape.__dict__.get("__doc__")
    return described
