"""Request bodies for sign-in, accounts and people."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from hub.accounts.account import MAX_NAME_CHARS, Role
from hub.accounts.api_tokens import MAX_LIFETIME_S
from hub.accounts.passwords import MAX_CHARS
from hub.accounts.profile import MAX_HOME_DEVICES, Language, UnitSystem
from hub.accounts.scope import MAX_LIMITS
from hub.api.schemas.requests import ONE_LINE, Incoming, Label, Text
from hub.insight.terms import quantities

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME_CHARS, pattern=ONE_LINE)
]
Password = Annotated[SecretStr, Field(max_length=MAX_CHARS)]
HomeDevices = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=128)], ...],
    Field(max_length=MAX_HOME_DEVICES, default=(), fail_fast=True),
]
Secret = Annotated[SecretStr, Field(max_length=200)]
EMAIL = r"^[^\s@\x00-\x1f\x7f]{1,64}@[^\s@\x00-\x1f\x7f]{1,189}$"
DAYS = int(MAX_LIFETIME_S // 86_400)


class Login(Incoming):
    """The credentials to sign in with: `name` and `password` of an account, or the hub's access token as `token`."""

    name: Annotated[str, Field(max_length=MAX_NAME_CHARS)] | None = None
    password: Password | None = None
    token: Annotated[SecretStr, Field(max_length=1024)] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Login:
        by_password = self.name is not None and self.password is not None and self.token is None
        if not by_password and (self.token is None or self.name is not None or self.password is not None):
            raise ValueError("give either name and password, or token")
        return self


class LinkGiven(Incoming):
    """The secret of a one-time link: the part of its URL after `#`."""

    link: Secret


class Welcome(LinkGiven):
    """The password that a person sets with a one-time link, for a new or an existing account.

    `name` is the name of the new account. It is ignored if the account exists.
    """

    name: Name | None = None
    password: Password


class ProfileEdit(Incoming):
    """An edit of your account. An absent key leaves its value unchanged; null lets the browser decide.

    `units_of` maps quantities to systems of units, and replaces the whole stored mapping. `GET /api/terms` lists the
    quantities. `home_order` and `home_hidden` are ids of devices, and replace the stored lists.
    """

    name: Name | None = None
    language: Language | None = None
    units: UnitSystem | None = None
    units_of: Annotated[dict[str, UnitSystem], Field(max_length=100, default_factory=dict)]
    time_zone: Annotated[str, Field(max_length=64)] | None = None
    home_order: HomeDevices
    home_hidden: HomeDevices

    @field_validator("units_of")
    @classmethod
    def _quantities(cls, value: dict[str, UnitSystem]) -> dict[str, UnitSystem]:
        known = [term.id for term in quantities()]
        unknown = next((each for each in value if each not in known), None)
        if unknown is not None:
            raise ValueError(f"unknown quantity {unknown[:64]!r}; GET /api/terms lists them")
        return value

    def profile(self) -> dict[str, Any]:
        """Return the fields that the request contains, without `name`."""
        return self.model_dump(exclude_unset=True, exclude={"name"})


class PasswordChange(Incoming):
    current: Password
    password: Password


class LimitsWanted(Incoming):
    """The devices that an account or a token may see.

    A device has to be in one of the areas (ids or names), or to have one of the labels. Only labels that people have
    set count, not those that a device announces.
    """

    areas: Annotated[list[Text], Field(default_factory=list, max_length=MAX_LIMITS, fail_fast=True)]
    labels: Annotated[list[Label], Field(default_factory=list, max_length=MAX_LIMITS, fail_fast=True)]


class TokenWanted(Incoming):
    """A new API token. It has the rights of its account, restricted to `role` and `limits`."""

    name: Name
    role: Role
    days: Annotated[int, Field(ge=1, le=DAYS)] = 90
    limits: LimitsWanted | None = None


class PasskeyResponse(Incoming):
    """The browser's response for a passkey, as `PublicKeyCredential.toJSON()` writes it."""

    credential: dict[str, Any]


class NewPasskey(PasskeyResponse):
    name: Name


class Invitation(Incoming):
    """An invitation to create an account.

    If it has an `email`, a person whose OpenID provider verified that address can accept the invitation by signing in.
    If `limits` is null, the new account may see the whole hub.
    """

    role: Role
    email: Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=EMAIL)] | None = None
    limits: LimitsWanted | None = None


class PersonEdit(Incoming):
    """An edit of an account. Absent keys stay unchanged; if `limits` is null, the account may see the whole hub."""

    role: Role | None = None
    disabled: bool | None = None
    limits: LimitsWanted | None = None
