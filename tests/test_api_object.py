"""API objects: read from attributes, encoded by msgspec, described to FastAPI."""

from __future__ import annotations

import msgspec
import pytest
from fastapi import FastAPI

from hub.api.schemas.api_object import ApiObject


class Part(ApiObject, rename={"start": "from"}):
    start: int
    labels: list[str]


class Whole(ApiObject):
    """Two parts of something."""

    part: Part | None
    size: int


class Found(msgspec.Struct):
    start: int
    labels: tuple[str, ...]
    secret: str


def test_object_is_read_from_attributes_and_computed_fields() -> None:
    part = Part.of(Found(1, ("a",), "hidden"))
    whole = Whole.of(object(), part=part, size=2)
    assert msgspec.json.encode(whole) == b'{"part":{"from":1,"labels":["a"]},"size":2}'


def test_missing_attribute_is_an_error() -> None:
    with pytest.raises(AttributeError):
        Whole.of(Found(1, (), ""), part=None)


def test_schema_uses_json_field_names() -> None:
    app = FastAPI()
    app.add_api_route("/", lambda: None, response_model=Whole)
    schemas = app.openapi()["components"]["schemas"]
    assert schemas["Whole"]["description"] == "Two parts of something."
    assert schemas["Whole"]["properties"]["part"]["anyOf"] == [{"$ref": "#/components/schemas/Part"}, {"type": "null"}]
    assert schemas["Part"]["required"] == ["from", "labels"]
