"""The account of a person, its role, and the rules for its name."""

from __future__ import annotations

import re
import secrets
import unicodedata
from typing import Literal, get_args

import msgspec

from hub.accounts.profile import Profile
from hub.accounts.scope import Limits
from hub.errors import Invalid

Role = Literal["viewer", "operator", "administrator"]
"""The roles. Each has all rights of the roles before it and more.

:mod:`hub.accounts.permissions` has the table of the operations that each role may use.
"""
ROLES: tuple[Role, ...] = get_args(Role)
MAX_NAME_CHARS = 64
RESERVED = frozenset({"hub", "hub link", "operator"})
"""Names that no account may have, because the hub records them as the authors of changes made without an account."""
REACTION = "reaction "
"""The author of a change that a reaction makes is recorded as this prefix and the id of the reaction."""
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Invisible characters that ``str.isprintable`` counts as printable.

They are Default_Ignorable_Code_Point characters of Unicode, and the empty Braille pattern.
"""
_LOOK_ALIKE = ("LATIN", "GREEK", "CYRILLIC")
"""Scripts with letters that look alike. A name may have letters of only one of them.

Unicode TR 39 calls names with letters of several such scripts mixed-script confusables.
"""


class ExternalIdentity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person's identity at an OpenID provider. Providers reuse names and e-mail addresses, but never a subject."""

    issuer: str
    subject: str


class Account(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The account of a person.

    Attributes:
        id: Never changes; ``u-`` and 16 hexadecimal digits.
        name: The name to sign in with, unique without regard to case. It is shown as the author of changes.
        role: What the person may do.
        password: Argon2id hash of the password; None without a password.
        created: Epoch seconds.
        disabled: The person cannot sign in, and the account's sessions and API tokens are not valid.
        signed_in: When the person last signed in, in epoch seconds.
        profile: Preferences that apply in all browsers of the person.
        identity: The identity at an OpenID provider with which the person can sign in; None without one.
        limits: Areas and labels of the devices that the person may see; None for all devices.
    """

    id: str
    name: str
    role: Role
    password: str | None = None
    created: float = 0.0
    disabled: bool = False
    signed_in: float | None = None
    identity: ExternalIdentity | None = None
    profile: Profile = Profile()
    limits: Limits | None = None


def new_account_id() -> str:
    """Return a random id for a new account."""
    return f"u-{secrets.token_hex(8)}"


def account_name(text: str) -> str:
    """Check ``text`` as the name of an account, and return it in the Unicode form NFKC with single spaces.

    Raises Invalid for a name that is empty, too long or reserved, has invisible characters, or mixes similar alphabets.
    """
    name = _normal(text)
    if not 1 <= len(name) <= MAX_NAME_CHARS or not name.isprintable() or _INVISIBLE.search(name):
        raise Invalid("The name is not valid.", f"Allowed: 1 to {MAX_NAME_CHARS} visible characters.")
    names = (unicodedata.name(character, "") for character in name)
    if len({script for each in names for script in _LOOK_ALIKE if each.startswith(script)}) > 1:
        raise Invalid("The name has letters that look like those of another alphabet.", "Use one alphabet.")
    if lookup_key(name) in RESERVED or lookup_key(name).startswith(REACTION):
        raise Invalid(f"The name {name!r} is reserved for the hub's own changes.", "Choose another name.")
    return name


def lookup_key(name: str) -> str:
    """Return the key by which names are compared.

    Names that differ only in case, spaces or Unicode form have the same key.
    """
    return _normal(_normal(name).casefold())


def _normal(text: str) -> str:
    return " ".join(word for word in unicodedata.normalize("NFKC", text).split(" ") if word)


def check_limits(role: Role, limits: Limits | None) -> None:
    """Raise Invalid for an administrator with limits, because administrators change settings of the whole hub."""
    if role == "administrator" and limits is not None:
        raise Invalid("An administrator cannot be limited to areas or labels.", "Choose another role, or no limits.")


def includes(role: Role, least: Role) -> bool:
    """Return whether ``role`` has all rights of the role ``least``."""
    return ROLES.index(role) >= ROLES.index(least)
