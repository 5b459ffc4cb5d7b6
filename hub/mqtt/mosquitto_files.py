"""The formats of Mosquitto's password file and access control list (ACL), and the owner and mode of its files.

They are described in mosquitto_passwd(1) and mosquitto.conf(5), "acl_file".
"""

from __future__ import annotations

import base64
import grp
import hashlib
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from hub.runtime.private_files import copy_owner, write_draft

HUB = "hub"
"""The hub's own user, which may read and write everything."""
ITERATIONS = 101
"""Mosquitto's default number of PBKDF2 iterations. It is enough: the passwords are random, so guessing is hopeless."""
FILE_MODE = 0o640
"""Mode of a new file, which belongs to the group that the broker runs as."""
BEGIN, END = "# --- written by Watchkeeper: begin", "# --- written by Watchkeeper: end"
_DENY = "deny #"
NO_TOPICS = ("",)
"""The topic prefixes of a user that may use no topic at all."""


def hashed(password: str) -> str:
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return "$".join(("", "7", str(ITERATIONS), base64.b64encode(salt).decode(), base64.b64encode(digest).decode()))


def read_passwords(file: Path) -> dict[str, str]:
    with suppress(FileNotFoundError):
        lines = file.read_text("utf-8", "surrogateescape").splitlines()
        return {name: hashed for name, colon, hashed in (line.partition(":") for line in lines) if colon}
    return {}


def _split_acl(file: Path) -> tuple[str, str, str]:
    """Return the access control list in three parts: the text before the hub's lines, these lines, the text after."""
    with suppress(FileNotFoundError):
        before, begin, rest = file.read_text("utf-8", "surrogateescape").partition(BEGIN)
        if begin:
            hub_part, _, after = rest.partition(END + "\n")
            return before, hub_part, after
        return before, "", ""
    return "", "", ""


def read_rights(file: Path) -> dict[str, tuple[str, ...]]:
    """Return the rights of the bridges (gateways) among the broker's users.

    They are read from the hub's part of the access control list ``file``. The keys are the names of the users, and the
    values are the prefixes of the topics that a user may read and write.
    """
    found: dict[str, dict[str, None]] = {}
    user = HUB
    for line in _split_acl(file)[1].splitlines():
        word, _, rest = line.partition(" ")
        if word == "user":
            user = rest
        elif word == "topic" and user != HUB:
            if rest == _DENY:
                found[user] = dict.fromkeys(NO_TOPICS)
                continue
            found.setdefault(user, {})[rest.removeprefix("readwrite ").removesuffix("/#")] = None
    return {name: tuple(topics) for name, topics in found.items()}


def set_rights(rights: dict[str, tuple[str, ...]], name: str, topics: Sequence[str]) -> None:
    rights.pop(name, None)
    if topics:
        rights[name] = tuple(topics)


def rights_text(file: Path, root: str, rights: dict[str, tuple[str, ...]]) -> str:
    before, _, after = _split_acl(file)
    lines = [BEGIN, f"pattern write {root}/%u/#"]
    lines += [f"pattern read {root}/%u/{leaf}" for leaf in ("commands/#", "desired")]
    for name, topics in sorted(rights.items()):
        lines += ["", f"user {name}"]
        if topics == NO_TOPICS:
            lines.append(f"topic {_DENY}")
            continue
        lines += [line for topic in topics for line in (f"topic readwrite {topic}", f"topic readwrite {topic}/#")]
    lines += ["", f"user {HUB}", "topic readwrite #", "topic read $SYS/#", END]
    if before and not before.endswith("\n"):
        before += "\n"
    return before + "\n".join(lines) + "\n" + after


def draft_of(file: Path, text: str) -> tuple[Path, Path]:
    """Write the new text of ``file`` to a draft beside it. Return the path of the draft, and the path of the file.

    The draft gets the owner and the mode of the file. If the file does not exist yet, the broker can read the draft.
    """
    file = file.resolve()  # a symbolic link stays one
    draft = write_draft(file, text.encode("utf-8", "surrogateescape"))
    if file.exists():
        copy_owner(draft, file.stat())
    else:
        share_with_broker(draft)
    return draft, file


def share_with_broker(file: Path) -> None:
    """Let the broker read a file that otherwise only the hub's user can read."""
    file.chmod(FILE_MODE)
    _give_to_broker(file)


def _give_to_broker(path: Path) -> bool:
    """Give ``path`` to the broker's group. Return False if Mosquitto is not installed or the permission is missing."""
    try:
        os.chown(path, -1, grp.getgrnam("mosquitto").gr_gid)
    except (PermissionError, KeyError):
        return False
    return True


def let_broker_pass(folder: Path) -> None:
    """Allow the broker's group to open files in a private folder, but not to list it."""
    if not folder.stat().st_mode & 0o011 and _give_to_broker(folder):
        folder.chmod(0o710)
