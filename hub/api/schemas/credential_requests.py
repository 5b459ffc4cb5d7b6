"""Bodies of requests for broker credentials."""

from __future__ import annotations

from pydantic import Field, SecretStr

from hub.api.schemas.requests import Incoming


class CredentialWanted(Incoming):
    """A new user of the broker. `prefixes` are the topic prefixes of a bridge; they are empty for a device."""

    name: str = Field(min_length=1, max_length=64)
    prefixes: list[str] = Field([], max_length=16, fail_fast=True)


class CertificateWanted(CredentialWanted):
    """A new user of the broker that authenticates with a certificate."""

    days: int = Field(730, ge=1, le=3_650)


class Enrolment(Incoming):
    """The request of a device to enrol itself. `name` is the id of the device."""

    key: SecretStr = Field(max_length=200)
    name: str = Field(min_length=1, max_length=64)


class EnrolmentKeyWanted(Incoming):
    """A new key with which a number of devices can enrol, valid for `days`. The devices' names begin with `prefix`."""

    prefix: str = Field("", max_length=63, pattern=r"^[A-Za-z0-9._:~-]*$")
    devices: int = Field(1, ge=1, le=3_650)
    days: int = Field(7, ge=1, le=3_650)
