"""The JSON of who may connect to the broker."""

from __future__ import annotations

from typing_extensions import TypedDict

from hub.api.schemas.api_object import ApiObject


class CredentialShape(ApiObject, rename={"topics": "prefixes"}):
    """``prefixes`` are a bridge's own topics; a device has none but those below its name."""

    name: str
    topics: list[str]


class CredentialList(TypedDict):
    """``managed`` is false where the broker is the demo's: nobody can be let in or sent away."""

    items: list[CredentialShape]
    guarded: bool
    managed: bool


class IssuedShape(ApiObject):
    """``line`` publishes a first reading (null for a bridge); ``qr`` is ``address`` as rows of modules, ``1`` dark.
    ``told``: the broker knows already. ``setup`` are lines for its configuration, with the first user."""

    name: str
    password: str
    line: str | None
    address: str
    qr: list[str]
    told: bool
    setup: str | None


class LineShape(TypedDict):
    line: str


class RevokedShape(TypedDict):
    told: bool
