"""Bodies of requests for broker credentials."""

from __future__ import annotations

from pydantic import Field

from hub.api.schemas.requests import Incoming


class CredentialWanted(Incoming):
    """A user of the broker. `prefixes` are the topic prefixes of a bridge; empty for a device."""

    name: str = Field(min_length=1, max_length=64)
    prefixes: list[str] = Field([], max_length=16, fail_fast=True)


class CertificateWanted(CredentialWanted):
    """A user of the broker with a certificate."""

    days: int = Field(730, ge=1, le=3_650)
