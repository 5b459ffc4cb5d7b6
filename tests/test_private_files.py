"""File permissions: only the owner can read the hub's files, whatever the umask, also after an upgrade or a restore."""

from __future__ import annotations

import errno
import grp
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import hub_process
from brokers import Mosquitto
from hub.runtime.installation import open_installation
from hub.runtime.private_files import replace_file, replacing
from serving import Serving, Thing, until


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, int]:
    """Return the mode of ``folder`` and of everything in it, by name."""
    paths = [folder, *folder.rglob("*")]
    return {str(path.relative_to(folder.parent)): path.stat().st_mode & 0o777 for path in paths}


def open_to_others(folder: Path) -> dict[str, str]:
    return {name: oct(mode) for name, mode in modes(folder).items() if mode & 0o077}


def hub_command(*words: object) -> str:
    done = hub_process.run(*words, status=0)
    return done.stdout + done.stderr


@contextmanager
def running(data: Path, broker: Mosquitto) -> Iterator[Serving]:
    hub = Serving(data, broker)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


def test_files_are_private_under_any_umask(tmp_path: Path, mosquitto: Mosquitto):
    data, backups = tmp_path / "data", tmp_path / "backups"
    backups.mkdir(mode=0o700)
    with umask(0), running(data, mosquitto) as hub:
        thing = Thing(mosquitto)
        thing.say("devices/pump/telemetry", {"t": 1})
        thing.leave()
        until(lambda: hub.http.get("/api/devices/pump").status_code == 200)
        rules = hub.get("/api/rules/text") if hub.http.get("/api/rules/text").status_code == 200 else None
        assert (data / "watchkeeper.db-wal").exists()
        assert open_to_others(data) == {}, rules
        hub_command("backup", backups, "--data", data)
        assert open_to_others(backups) == {}
    assert open_to_others(data) == {}
    with umask(0):
        [archive] = backups.iterdir()
        hub_command("restore", archive, "--data", tmp_path / "other")
        hub_command("restore", archive, "--data", data, "--replace")
    assert open_to_others(tmp_path / "other") == {}
    assert open_to_others(data) == {}


def test_existing_files_are_made_private_at_start(tmp_path: Path, mosquitto: Mosquitto):
    data = tmp_path / "data"
    with running(data, mosquitto):
        pass
    data.chmod(0o755)
    for file in data.iterdir():
        file.chmod(0o644)
    (data / "notes.txt").write_text("an administrator's own")
    (data / "notes.txt").chmod(0o644)
    with running(data, mosquitto):
        assert set(open_to_others(data)) == {"data", "data/notes.txt"}
    log = (tmp_path / "hub.log").read_text()
    assert "Made private: " in log
    assert f"chmod 700 {data}" in log


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to the broker's group")
def test_broker_can_read_its_files_in_private_folder(tmp_path: Path):
    """Mosquitto runs as its own user and reads what `hub device add` writes."""
    group = grp.getgrnam("mosquitto").gr_gid
    data = tmp_path / "data"
    open_installation(data)

    def check(folder: Path) -> None:
        for path in (folder, folder / "broker", folder / "broker/passwd", folder / "broker/acl"):
            assert path.stat().st_gid == group, path
            assert path.stat().st_mode & (0o010 if path.is_dir() else 0o040), path
            assert not path.stat().st_mode & 0o007, path
        assert not (folder / "broker/hub.login").exists() or not (folder / "broker/hub.login").stat().st_mode & 0o077

    hub_command("device", "add", "pump", "--data", data)
    check(data)


# --- replacing a file in one step -----------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


def test_file_is_replaced_when_stream_is_complete(tmp_path: Path):
    file = tmp_path / "a.txt"
    file.write_text("old")
    with umask(0), replacing(file) as stream:
        stream.write(b"new")
        assert file.read_text() == "old"
    assert contents(tmp_path) == {"a.txt": "new"}
    assert not file.stat().st_mode & 0o077


def test_failed_stream_keeps_old_content(tmp_path: Path):
    def write_half() -> None:
        with replacing(tmp_path / "a.txt") as stream:
            stream.write(b"half")
            raise ZeroDivisionError

    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_half()
    assert contents(tmp_path) == {"a.txt": "old"}


def test_stream_does_not_overwrite_file_created_meanwhile(tmp_path: Path):
    def write_beside_another() -> None:
        with replacing(tmp_path / "a.txt", overwrite=False) as stream:
            stream.write(b"new")
            (tmp_path / "a.txt").write_text("another's")

    with pytest.raises(FileExistsError):
        write_beside_another()
    assert contents(tmp_path) == {"a.txt": "another's"}


def test_stream_without_opener_uses_umask(tmp_path: Path):
    with umask(0o022), replacing(tmp_path / "a.txt", opener=None) as stream:
        stream.write(b"for everybody")
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("sync", [True, False])
def test_failed_write_keeps_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sync: bool):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    replace_file(tmp_path / "a.txt", b"old", sync=sync)
    monkeypatch.setattr("os.fsync" if sync else "os.replace", full)
    with pytest.raises(OSError, match="full"):
        replace_file(tmp_path / "a.txt", b"new", sync=sync)
    assert contents(tmp_path)["a.txt"] == "old"
