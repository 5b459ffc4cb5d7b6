"""The table ``[openid]`` of ``hub.toml``: the OpenID provider with which people sign in."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from hub.runtime.network_addresses import is_loopback
from hub.runtime.settings_section import Section

Text = Annotated[str, Field(min_length=1, max_length=200)]
Texts = Annotated[tuple[Text, ...], Field(max_length=100)]


class OpenIdRolesSection(Section):
    """For each role of the hub, the groups of the provider whose members get this role."""

    viewer: Texts = ()
    operator: Texts = ()
    administrator: Texts = ()


class OpenIdSection(Section):
    """The OpenID provider. Without ``issuer``, sign-in with a provider is off."""

    issuer: str | None = None
    client_id: Text | None = None
    client_secret: SecretStr | None = None
    name: str = Field(default="single sign-on", min_length=1, max_length=64)
    domains: Texts = ()
    new_people: Literal["viewer", "operator", "administrator"] | None = None
    groups_claim: str = Field(default="groups", min_length=1, max_length=64)
    roles: OpenIdRolesSection = OpenIdRolesSection()

    @field_validator("issuer")
    @classmethod
    def _issuer(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://unset.example")
        secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        if not secure or not parts.hostname or parts.query or parts.fragment or parts.username is not None:
            raise ValueError("an https address, as the provider's discovery document gives it as issuer")
        return value or None

    @field_validator("domains")
    @classmethod
    def _domains(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(value.lower().removeprefix("@") for value in values)

    @model_validator(mode="after")
    def _complete(self) -> OpenIdSection:
        if (self.issuer is None) != (self.client_id is None):
            raise ValueError("issuer and client_id, or neither")
        return self
