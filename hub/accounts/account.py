"""Accounts of people, and the roles that they have."""

from __future__ import annotations

import secrets
import unicodedata
from typing import Literal, get_args

import msgspec

from hub.errors import Invalid

Role = Literal["viewer", "operator", "administrator"]
"""Each role may also do what those before it may; :mod:`hub.accounts.permissions` has the table."""
ROLES: tuple[Role, ...] = get_args(Role)
MAX_NAME_CHARS = 64


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account of a person.

    Attributes:
        id: Never changes; ``u-`` and 16 hexadecimal digits.
        name: The name to sign in with, unique without regard to case. It is shown as the author of changes.
        role: What the person may do.
        password: Argon2id hash; None until a password was set.
        created: Epoch seconds.
        disabled: The person cannot sign in, and nothing that was signed in with this account is valid.
        signed_in: When the person last signed in, in epoch seconds.
    """

    id: str
    name: str
    role: Role
    password: str | None = None
    created: float = 0.0
    disabled: bool = False
    signed_in: float | None = None


def new_account_id() -> str:
    """Return the id for another account."""
    return f"u-{secrets.token_hex(8)}"


def account_name(text: str) -> str:
    """Return a name without the spaces around it. Raises Invalid if it cannot be the name of an account."""
    name = unicodedata.normalize("NFKC", text).strip()
    if not 1 <= len(name) <= MAX_NAME_CHARS or not name.isprintable():
        raise Invalid("The name is not valid.", f"Allowed: 1 to {MAX_NAME_CHARS} printable characters.")
    return name


def lookup_key(name: str) -> str:
    """Return what two names have in common that differ only in case or in the form of their characters."""
    return unicodedata.normalize("NFKC", name).strip().casefold()


def includes(role: Role, least: Role) -> bool:
    """Return whether ``role`` may do what ``least`` may."""
    return ROLES.index(role) >= ROLES.index(least)
