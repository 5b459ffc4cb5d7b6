"""Who may connect to the broker and what each may do: Mosquitto's password file and access list.

Each device has a user of its own that may write below ``ROOT/{user}/`` only and read what is sent to it there. Bridges
(Zigbee2MQTT, a gateway) get a user with the topics named for it. What an administrator wrote into the files by hand
stays. It starts no broker and opens no connection; it knows Mosquitto's formats (mosquitto_passwd(1),
mosquitto.conf(5), "acl_file").
"""

from __future__ import annotations

import base64
import fcntl
import grp
import hashlib
import os
import re
import secrets
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from hub.errors import Conflict, Invalid, NotFound, StoreError

HUB = "hub"
"""The hub's own user: it may read and write everything."""
NAME = re.compile(r"[A-Za-z0-9._:~-]{1,64}")
ITERATIONS = 101
"""Mosquitto's own number; the passwords are random, so no dictionary helps."""
BEGIN, END = "# --- written by Watchkeeper: begin", "# --- written by Watchkeeper: end"


class AccessFiles(msgspec.Struct, frozen=True):
    """Where Mosquitto looks. ``pid_file`` is how it is told to look again; None leaves that to a person."""

    passwords: Path
    rights: Path
    pid_file: Path | None = None


class User(msgspec.Struct, frozen=True):
    """``topics`` are a bridge's; a device has none of its own but what the pattern gives all."""

    name: str
    topics: tuple[str, ...] = ()


class Access:
    """Adds and removes users. Every change is written whole, then the broker reads it again."""

    def __init__(self, files: AccessFiles, root: str) -> None:
        self.files = files
        self._root = root

    def users(self) -> list[User]:
        """All that are in the password file, by name, without the hub itself."""
        rights = _read_rights(self.files.rights)
        names = sorted(_read_passwords(self.files.passwords))
        return [User(name, rights.get(name, ())) for name in names if name != HUB]

    def add(self, name: str, topics: Sequence[str] = ()) -> str:
        """A new user and its password, which is written down nowhere. Raises Invalid, Conflict for one that exists."""
        if not NAME.fullmatch(name) or name == HUB:
            raise Invalid(
                f"{name[:64]!r} cannot be a device's name here.",
                "Take up to 64 letters, digits and . _ : ~ - (not hub).",
            )
        for topic in topics:
            _check_topic(topic, self._root)
        with self._changing() as (passwords, rights):
            if name in passwords:
                raise Conflict(f"{name} has a password already.", f"hub device revoke {name} takes it away.")
            password = secrets.token_hex(16)
            passwords[name] = _hashed(password)
            if topics:
                rights[name] = tuple(topics)
        return password

    def revoke(self, name: str) -> None:
        """Its password is void at once, and its connection ends. Raises NotFound."""
        with self._changing() as (passwords, rights):
            if name == HUB or passwords.pop(name, None) is None:
                raise NotFound(f"There is no user {name[:64]!r}.", "hub device list names them.")
            rights.pop(name, None)

    def hub_password(self, kept: Path) -> str:
        """The hub's own password, kept in ``kept`` for its owner alone; made at the first call."""
        with suppress(FileNotFoundError):
            return kept.read_text("ascii").strip()
        password = secrets.token_urlsafe(24)
        with self._changing() as (passwords, _):
            passwords[HUB] = _hashed(password)
            _write(kept, password + "\n", 0o600)
        return password

    def reload(self) -> bool:
        """Have the broker read the files again; False when nobody could be told."""
        if self.files.pid_file is None:
            return False
        try:
            process = int(self.files.pid_file.read_text("ascii").strip())
            # A file that was left behind may name anybody by now, and SIGHUP ends most programs.
            if Path(f"/proc/{process}/comm").read_text().strip() != "mosquitto":
                return False
            os.kill(process, signal.SIGHUP)
        except (OSError, ValueError):
            return False
        return True

    @contextmanager
    def _changing(self) -> Iterator[tuple[dict[str, str], dict[str, tuple[str, ...]]]]:
        """Both files, read, changed and written by one at a time. Rights come first: a user without them is harmless,
        one without bounds is not."""
        files = self.files
        try:
            files.passwords.parent.mkdir(parents=True, exist_ok=True)
            with files.passwords.with_name(files.passwords.name + ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                passwords, rights = _read_passwords(files.passwords), _read_rights(files.rights)
                yield passwords, rights
                _write(files.rights, _rights_text(files.rights, self._root, rights), 0o640)
                _write(files.passwords, "".join(f"{name}:{hashed}\n" for name, hashed in passwords.items()), 0o640)
        except OSError as error:
            what = error.filename or files.passwords
            hint = "Run this as a user who may write the broker's files, or name others under [mqtt]."
            raise StoreError(f"{what} cannot be written ({error.strerror}).", hint) from error


def _check_topic(topic: str, root: str) -> None:
    """A bridge has a prefix of its own: no wildcard, not the broker's own topics, nothing at, below or above the
    devices' root. Mosquitto skips spaces before a topic, so that " devices" would be the root in its eyes."""
    levels = topic.split("/")
    spaced = topic != topic.strip()
    if not topic.isprintable() or spaced or not all(levels) or levels[0].startswith("$") or set(topic) & set("+#"):
        raise Invalid(
            f"A bridge cannot have {topic[:64]!r}.",
            "Name the prefix that is its own, such as zigbee2mqtt: all below it is meant, without + or #.",
        )
    if f"{topic}/".startswith(f"{root}/") or f"{root}/".startswith(f"{topic}/"):
        raise Invalid(f"{topic[:64]!r} belongs to the devices themselves.", "Name the prefix that is the bridge's own.")


def _hashed(password: str) -> str:
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return "$".join(("", "7", str(ITERATIONS), base64.b64encode(salt).decode(), base64.b64encode(digest).decode()))


def _read_passwords(file: Path) -> dict[str, str]:
    with suppress(FileNotFoundError):
        lines = file.read_text("utf-8").splitlines()
        return {name: hashed for name, colon, hashed in (line.partition(":") for line in lines) if colon}
    return {}


def _ours(file: Path) -> tuple[str, str, str]:
    """The access list in three: before our part, our part, after it."""
    with suppress(FileNotFoundError):
        before, begin, rest = file.read_text("utf-8").partition(BEGIN)
        if begin:
            ours, _, after = rest.partition(END + "\n")
            return before, ours, after
        return before, "", ""
    return "", "", ""


def _read_rights(file: Path) -> dict[str, tuple[str, ...]]:
    """The bridges' topics in our part of the access list."""
    found: dict[str, dict[str, None]] = {}
    user = HUB
    for line in _ours(file)[1].splitlines():
        word, _, rest = line.partition(" ")
        if word == "user":
            user = rest
        elif word == "topic" and user != HUB:
            found.setdefault(user, {})[rest.removeprefix("readwrite ").removesuffix("/#")] = None
    return {name: tuple(topics) for name, topics in found.items()}


def _rights_text(file: Path, root: str, rights: dict[str, tuple[str, ...]]) -> str:
    before, _, after = _ours(file)
    lines = [BEGIN, f"pattern write {root}/%u/#"]
    lines += [f"pattern read {root}/%u/{leaf}" for leaf in ("commands/#", "desired")]
    for name, topics in sorted(rights.items()):
        lines += ["", f"user {name}"]
        lines += [line for topic in topics for line in (f"topic readwrite {topic}", f"topic readwrite {topic}/#")]
    lines += ["", f"user {HUB}", "topic readwrite #", "topic read $SYS/#", END]
    if before and not before.endswith("\n"):
        before += "\n"
    return before + "\n".join(lines) + "\n" + after


def _write(file: Path, text: str, mode: int) -> None:
    """Replace the file in one step; one that exists keeps its owner and its mode, a new one is Mosquitto's to read."""
    draft = file.with_name(file.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        os.fsync(stream.fileno())
    if file.exists():
        status = file.stat()
        draft.chmod(status.st_mode & 0o777)
        with suppress(PermissionError):
            os.chown(draft, status.st_uid, status.st_gid)
    else:
        draft.chmod(mode)
        if mode & 0o040:
            with suppress(PermissionError, KeyError):
                os.chown(draft, -1, grp.getgrnam("mosquitto").gr_gid)
    draft.replace(file)
