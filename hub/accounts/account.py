"""Accounts of people, and the roles that they have."""

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
"""The roles, from the fewest rights to the most: each role may also do what the roles before it may do.

:mod:`hub.accounts.permissions` has the table of operations.
"""
ROLES: tuple[Role, ...] = get_args(Role)
MAX_NAME_CHARS = 64
RESERVED = frozenset({"hub", "hub link", "operator"})
"""Names that no account may have, because the hub records them as the authors of changes made without an account."""
REACTION = "reaction "
"""Prefix of the author of changes that a reaction makes: the author is this prefix and the id of the reaction."""
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Characters that Python counts as printable but that show no glyph.

They are Default_Ignorable_Code_Point characters of Unicode, and the empty Braille pattern.
"""
_LOOK_ALIKE = ("LATIN", "GREEK", "CYRILLIC")
"""Scripts with letters that look alike: a name may have letters of only one of these scripts.

Unicode TR 39 calls such mixtures mixed-script confusables.
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
        password: Argon2id hash; None until a password was set.
        created: Epoch seconds.
        disabled: The person cannot sign in, and the account's sessions and API tokens are not valid.
        signed_in: When the person last signed in, in epoch seconds.
        profile: Preferences for all browsers of the person.
        identity: The person at an OpenID provider that the account is connected with.
        limits: Areas and labels of the devices that the person may see; None for the whole hub.
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
    """Return ``text`` with single spaces, as the name of an account.

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
    """Return the lookup key of a name. Names that differ only in case, spaces or Unicode form have the same key."""
    return _normal(_normal(name).casefold())


def _normal(text: str) -> str:
    return " ".join(word for word in unicodedata.normalize("NFKC", text).split(" ") if word)


def check_limits(role: Role, limits: Limits | None) -> None:
    """Raise Invalid for an administrator with limits. Administrators change settings, which concern the whole hub."""
    if role == "administrator" and limits is not None:
        raise Invalid("An administrator cannot be limited to areas or labels.", "Choose another role, or no limits.")


def includes(role: Role, least: Role) -> bool:
    """Return whether ``role`` has all rights of the role ``least``."""
    return ROLES.index(role) >= ROLES.index(least)
