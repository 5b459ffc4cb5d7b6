"""Mosquitto's password file and access control list (ACL).

Each device has its own user, which may publish below ``ROOT/{user}/`` and read what is sent to it there. A bridge
(Zigbee2MQTT, a gateway) has a user with its own topic prefixes. Lines that an administrator added to the files by hand
are kept.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import signal
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from hub.errors import Conflict, Invalid, NotFound, StoreError
from hub.mqtt.mosquitto_files import (
    HUB,
    NO_TOPICS,
    draft_of,
    hashed,
    let_broker_pass,
    read_passwords,
    read_rights,
    rights_text,
    set_rights,
)
from hub.runtime.private_files import (
    check_replaceable,
    make_folder,
    open_private,
    replace_files,
    write_draft,
)
from hub.topics import is_id

NAME = re.compile(r"[A-Za-z0-9._:~-]{1,64}")
BROKER_FOLDER_MODE = 0o755


class AccessFiles(msgspec.Struct, frozen=True):
    """Paths of Mosquitto's files."""

    passwords: Path
    rights: Path  # the ACL
    pid_file: Path | None = None  # for SIGHUP after a change; None: a person reloads the broker
    folders: tuple[Path, ...] = ()  # the hub's folders that lead to the files, outermost first


class Drafts(list[tuple[Path, Path]]):
    """Drafts of new files. Each entry is the path of a draft, and the path of the file that the draft will replace."""


class User(msgspec.Struct, frozen=True):
    """User of the broker: a device or a bridge.

    ``topics`` are the topic prefixes that a bridge may use. They are empty for a device, because one pattern in the
    access control list (ACL) gives every device the topics below its own name.
    """

    name: str
    topics: tuple[str, ...] = ()


class MosquittoAcl:
    """Adds users of the broker and removes them, in Mosquitto's files.

    Each change replaces all files, or none of them if one cannot be written.
    """

    def __init__(self, files: AccessFiles, root: str) -> None:
        self.files = files
        self._root = root

    def users(self, certified: Collection[str] = ()) -> list[User]:
        """Return the users of the broker, sorted by name, without the hub.

        They are the users in the password file, and those in ``certified``: the names of users that have a certificate
        instead.
        """
        with _explained(self.files.passwords):
            rights = read_rights(self.files.rights)
            names = sorted({*read_passwords(self.files.passwords), *certified})
        return [User(name, rights.get(name, ())) for name in names if name != HUB]

    def add(self, name: str, topics: Sequence[str] = (), login: Path | None = None) -> str:
        """Add a user and return its new password, which is stored as a hash only.

        Args:
            name: The device's id, or a name for a bridge.
            topics: The prefixes of the topics that a bridge can use; empty for a device.
            login: The file with the hub's own password; None if the hub needs no user. The hub is added as a user if it
                has none, and the file is created with a new password if it is missing.

        Raises:
            Invalid: The name or a topic is not allowed.
            Conflict: The user exists.
            StoreError: A file cannot be written. Nothing was changed.
        """
        with self._adding(name, topics, login) as passwords:
            password = secrets.token_hex(16)
            passwords[name] = hashed(password)
        return password

    def add_certified(self, name: str, topics: Sequence[str] = (), login: Path | None = None) -> None:
        """Add a user that authenticates with a certificate and so has no password.

        The arguments and errors are those of :meth:`add`.
        """
        with self._adding(name, topics, login):
            pass

    @contextmanager
    def _adding(self, name: str, topics: Sequence[str], login: Path | None) -> Iterator[dict[str, str]]:
        self._check(name, topics)
        with self._changing() as (passwords, rights, drafts):
            if name in passwords:
                raise Conflict(f"{name} already has a password.", f"To remove it: hub device revoke {name}")
            if login is not None:
                self._ensure_hub(passwords, login, drafts)
            set_rights(rights, name, topics)
            yield passwords

    def deny(self, name: str) -> None:
        """Remove all rights of a user whose certificate is revoked.

        This is needed because the broker does not close a connection that is already open.
        """
        with self._changing() as (_, rights, _drafts):
            rights[name] = NO_TOPICS

    def share(self, files: Mapping[str, bytes]) -> None:
        """Write files into the folder of the access control list, so that the broker can read them.

        ``files`` has the contents by file name. Raises StoreError if a file cannot be written.
        """
        with _explained(self.files.rights), self._changing() as (_, _rights, drafts):
            drafts += [draft_of(self.files.rights.with_name(name), content.decode()) for name, content in files.items()]

    def _check(self, name: str, topics: Sequence[str]) -> None:
        """Raise Invalid if ``name`` is not allowed as the name of a broker user, or one of ``topics`` is not allowed.

        ``topics`` are the topic prefixes of a bridge; a device has none.
        """
        if not NAME.fullmatch(name) or not is_id(name) or name == HUB:
            raise Invalid(
                f"{name[:64]!r} cannot be a device's name for the broker.",
                "Use up to 64 letters, digits and . _ : ~ - (not hub, . or ..).",
            )
        for topic in topics:
            _check_topic(topic, self._root)

    def revoke(self, name: str) -> None:
        """Remove a user. Raises NotFound if there is no such user.

        After :meth:`reload` the user's password is invalid, and the broker closes the user's connection.
        """
        with self._changing() as (passwords, rights, _):
            if name == HUB or passwords.pop(name, None) is None:
                raise NotFound(f"There is no user {name[:64]!r}.", "To list them: hub device list")
            rights.pop(name, None)

    def hub_password(self, login: Path) -> str:
        """Return the hub's own password from the file ``login``, which only the file's owner may read.

        If the file is missing, it is created with a new password.
        """
        with self._changing() as (passwords, _, drafts):
            return self._ensure_hub(passwords, login, drafts)

    def _ensure_hub(self, passwords: dict[str, str], login: Path, drafts: Drafts) -> str:
        """Return the hub's own password from the file ``login``, and make sure that the broker knows it.

        If the file is missing, a new password is made, and a draft of the file is added to ``drafts``. If
        ``passwords``, the broker's users, does not contain the hub, the hub is added.
        """
        with suppress(FileNotFoundError):
            password = login.read_text("ascii").strip()
            passwords.setdefault(HUB, hashed(password))
            return password
        password = secrets.token_urlsafe(24)
        passwords[HUB] = hashed(password)
        make_folder(login.parent)
        drafts.append((write_draft(login, f"{password}\n".encode()), login))
        return password

    def reload(self) -> bool:
        """Have the broker read the files again (SIGHUP). Return False if its process is not known."""
        if self.files.pid_file is None:
            return False
        try:
            process = int(self.files.pid_file.read_text("ascii").strip())
            # A stale file may contain the pid of another program by now, and SIGHUP ends most programs.
            if Path(f"/proc/{process}/comm").read_text().strip() != "mosquitto":
                return False
            os.kill(process, signal.SIGHUP)
        except (OSError, ValueError):
            return False
        return True

    @contextmanager
    def _changing(self) -> Iterator[tuple[dict[str, str], dict[str, tuple[str, ...]], Drafts]]:
        """Yield the users' passwords and rights, and write both files with the caller's changes when the context ends.

        The context gets two dictionaries by user name, and a list to which the caller may add drafts of other files. A
        lock keeps other processes out. Everything is written to drafts first, which then replace the files together.
        The password file is replaced last, because rights of a user who does not exist are harmless.
        """
        files, drafts = self.files, Drafts()
        with _explained(files.passwords):
            self._make_folders()
            lock_file = files.passwords.with_name(files.passwords.name + ".lock")
            with open(lock_file, "w", opener=open_private) as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                try:
                    passwords, rights = read_passwords(files.passwords), read_rights(files.rights)
                    yield passwords, rights, drafts
                    drafts.append(draft_of(files.rights, rights_text(files.rights, self._root, rights)))
                    lines = "".join(f"{name}:{hashed}\n" for name, hashed in passwords.items())
                    drafts.append(draft_of(files.passwords, lines))
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
    """Run a block, and turn an OSError of the block into a StoreError with advice.

    The message names the file of the OSError, or ``file`` if the OSError names none.
    """
    try:
        yield
    except OSError as error:
        hint = "Run this as a user who may write the broker's files, or set other files under [mqtt] in hub.toml."
        raise StoreError(f"{error.filename or file} cannot be used ({error.strerror}).", hint) from error


def _check_topic(topic: str, root: str) -> None:
    """Raise Invalid unless ``topic`` is a prefix that a bridge may have.

    An allowed prefix has no wildcard, is not one of the broker's own topics, and is not at, below or above the devices'
    root. Spaces around it are not allowed: Mosquitto skips spaces before a topic, so " devices" would be the root.
    """
    levels = topic.split("/")
    spaced = topic != topic.strip()
    if not topic.isprintable() or spaced or not all(levels) or levels[0].startswith("$") or set(topic) & set("+#"):
        raise Invalid(
            f"A gateway cannot have {topic[:64]!r} as its prefix.",
            "Use its own prefix without + or #, such as zigbee2mqtt. It covers all topics below it.",
        )
    if f"{topic}/".startswith(f"{root}/") or f"{root}/".startswith(f"{topic}/"):
        raise Invalid(f"{topic[:64]!r} belongs to the devices themselves.", "Use the gateway's own prefix.")
