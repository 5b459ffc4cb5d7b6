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
from hub.runtime.private_files import (
    check_replaceable,
    copy_owner,
    make_folder,
    open_private,
    replace_files,
    write_draft,
)
from hub.topics import is_id

HUB = "hub"
"""The hub's own user: it may read and write everything."""
NAME = re.compile(r"[A-Za-z0-9._:~-]{1,64}")
ITERATIONS = 101
"""Mosquitto's own number; the passwords are random, so no dictionary helps."""
FILE_MODE = 0o640
"""Of a new file, which belongs to the group that the broker runs as."""
BROKER_FOLDER_MODE = 0o755
BEGIN, END = "# --- written by Watchkeeper: begin", "# --- written by Watchkeeper: end"


class AccessFiles(msgspec.Struct, frozen=True):
    """Where Mosquitto looks. ``pid_file`` is how it is told to look again; None leaves that to a person. ``folders``
    are the hub's own folders, outermost first, that the broker must pass through to read the files."""

    passwords: Path
    rights: Path
    pid_file: Path | None = None
    folders: tuple[Path, ...] = ()


class Drafts(list[tuple[Path, Path]]):
    """Written drafts, each with the file that it replaces."""


class User(msgspec.Struct, frozen=True):
    """``topics`` are a bridge's; a device has none of its own but what the pattern gives all."""

    name: str
    topics: tuple[str, ...] = ()


class MosquittoAcl:
    """Adds and removes users. A change writes all files or, where one cannot be written, none."""

    def __init__(self, files: AccessFiles, root: str) -> None:
        self.files = files
        self._root = root

    def users(self) -> list[User]:
        """All that are in the password file, by name, without the hub itself."""
        with _explained(self.files.passwords):
            rights = _read_rights(self.files.rights)
            names = sorted(_read_passwords(self.files.passwords))
        return [User(name, rights.get(name, ())) for name in names if name != HUB]

    def add(self, name: str, topics: Sequence[str] = (), login: Path | None = None) -> str:
        """Add a user and return its new password, which is kept nowhere. ``login`` is the file of the hub's own
        password: the hub becomes a user with the first device. Raises Invalid, Conflict for a user that exists,
        StoreError where a file cannot be written; then there is no new user."""
        if not NAME.fullmatch(name) or not is_id(name) or name == HUB:
            raise Invalid(
                f"{name[:64]!r} cannot be a device's name here.",
                "Take up to 64 letters, digits and . _ : ~ - (not hub, . or ..).",
            )
        for topic in topics:
            _check_topic(topic, self._root)
        with self._changing() as (passwords, rights, drafts):
            if name in passwords:
                raise Conflict(f"{name} has a password already.", f"hub device revoke {name} takes it away.")
            if login is not None:
                self._ensure_hub(passwords, login, drafts)
            password = secrets.token_hex(16)
            passwords[name] = _hashed(password)
            if topics:
                rights[name] = tuple(topics)
        return password

    def revoke(self, name: str) -> None:
        """Its password is void at once, and its connection ends. Raises NotFound."""
        with self._changing() as (passwords, rights, _):
            if name == HUB or passwords.pop(name, None) is None:
                raise NotFound(f"There is no user {name[:64]!r}.", "hub device list names them.")
            rights.pop(name, None)

    def hub_password(self, kept: Path) -> str:
        """Return the hub's own password, kept in ``kept`` for its owner alone; made at the first call."""
        with self._changing() as (passwords, _, drafts):
            return self._ensure_hub(passwords, kept, drafts)

    def _ensure_hub(self, passwords: dict[str, str], login: Path, drafts: Drafts) -> str:
        """Give the hub a password where it has none, and the broker its hash where the broker has none."""
        with suppress(FileNotFoundError):
            password = login.read_text("ascii").strip()
            passwords.setdefault(HUB, _hashed(password))
            return password
        password = secrets.token_urlsafe(24)
        passwords[HUB] = _hashed(password)
        make_folder(login.parent)
        drafts.append((write_draft(login, f"{password}\n".encode()), login))
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
    def _changing(self) -> Iterator[tuple[dict[str, str], dict[str, tuple[str, ...]], Drafts]]:
        """Read both files, let the caller change what they hold, and replace them; by one process at a time.

        Everything is written to drafts first. The passwords take their place last: a user without rights is harmless,
        one whose rights could not be written is not.
        """
        files, drafts = self.files, Drafts()
        with _explained(files.passwords):
            self._make_folders()
            lock_file = files.passwords.with_name(files.passwords.name + ".lock")
            with open(lock_file, "w", opener=open_private) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                try:
                    passwords, rights = _read_passwords(files.passwords), _read_rights(files.rights)
                    yield passwords, rights, drafts
                    drafts.append(_draft(files.rights, _rights_text(files.rights, self._root, rights)))
                    lines = "".join(f"{name}:{hashed}\n" for name, hashed in passwords.items())
                    drafts.append(_draft(files.passwords, lines))
                    replace_files(drafts)
                finally:
                    for draft, _ in drafts:
                        draft.unlink(missing_ok=True)

    def _make_folders(self) -> None:
        for folder in self.files.folders:
            make_folder(folder)
            let_broker_pass(folder)
        for file in (self.files.passwords, self.files.rights):
            check_replaceable(file)
            make_folder(file.parent, BROKER_FOLDER_MODE)


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Raise StoreError in place of OSError; ``file`` is named where the error names none."""
    try:
        yield
    except OSError as error:
        hint = "Run this as a user who may write the broker's files, or name others under [mqtt]."
        raise StoreError(f"{error.filename or file} cannot be used ({error.strerror}).", hint) from error


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
        lines = file.read_text("utf-8", "surrogateescape").splitlines()
        return {name: hashed for name, colon, hashed in (line.partition(":") for line in lines) if colon}
    return {}


def _ours(file: Path) -> tuple[str, str, str]:
    """The access list in three: before our part, our part, after it."""
    with suppress(FileNotFoundError):
        before, begin, rest = file.read_text("utf-8", "surrogateescape").partition(BEGIN)
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


def _draft(file: Path, text: str) -> tuple[Path, Path]:
    """Write a draft of ``file`` that keeps its owner and mode; a new file is for the broker to read."""
    file = file.resolve()  # a link stays a link
    draft = write_draft(file, text.encode("utf-8", "surrogateescape"))
    if file.exists():
        copy_owner(draft, file.stat())
    else:
        share_with_broker(draft)
    return draft, file


def share_with_broker(file: Path) -> None:
    """Let the broker read this file."""
    file.chmod(FILE_MODE)
    _give_to_broker(file)


def _give_to_broker(path: Path) -> bool:
    """Make ``path`` the broker's group's, where this user may and Mosquitto is installed."""
    try:
        os.chown(path, -1, grp.getgrnam("mosquitto").gr_gid)
    except (PermissionError, KeyError):
        return False
    return True


def let_broker_pass(folder: Path) -> None:
    """Let the broker's group pass through a private folder, without listing it."""
    if not folder.stat().st_mode & 0o011 and _give_to_broker(folder):
        folder.chmod(0o710)
