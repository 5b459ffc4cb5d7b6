"""Which version of a file counts when the data folder and the database differ."""

from __future__ import annotations

import asyncio
import contextlib
import errno
from pathlib import Path
from typing import Any

import pytest

from hub.archive import SHARED
from hub.assembly.shared_files import MAX_BYTES, FileChanges, SharedFiles, changes_between
from hub.errors import StoreBusy
from hub.store.files import digest_of

A, B, C = (digest_of(text) for text in (b"a", b"b", b"c"))


def only(**changes: list[str]) -> FileChanges:
    return FileChanges([], [], [], [], [])._replace(**changes)


@pytest.mark.parametrize(
    ("here", "stored", "before", "expected"),
    [
        ({"f": A}, {"f": A}, {}, only()),
        ({"f": A}, {}, {}, only(give=["f"])),  # a folder that was used with SQLite before
        ({}, {"f": A}, {}, only(take=["f"])),  # a new machine
        ({"f": A}, {"f": B}, {"f": A}, only(take=["f"])),  # changed by another hub
        ({"f": B}, {"f": A}, {"f": A}, only(give=["f"])),  # changed by hand while no hub ran
        ({"f": B}, {"f": C}, {"f": A}, only(take=["f"], aside=["f"])),  # changed by both
        ({"f": B}, {"f": A}, {}, only(take=["f"], aside=["f"])),
        ({"install.json": B}, {"install.json": A}, {}, only(take=["install.json"])),
        ({}, {"f": A}, {"f": A}, only(forget=["f"])),
        ({"f": A}, {}, {"f": A}, only(drop=["f"])),
        ({"f": B}, {}, {"f": A}, only(drop=["f"], aside=["f"])),
        ({}, {"f": B}, {"f": A}, only(take=["f"])),
    ],
)
def test_plan(
    here: dict[str, bytes], stored: dict[str, bytes], before: dict[str, bytes], expected: FileChanges
) -> None:
    assert changes_between(here, stored, before) == expected


class Table:
    """The table of files, in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, bytes] = {}
        self.writes = 0

    async def digests(self) -> dict[str, bytes]:
        return {name: digest_of(body) for name, body in self.rows.items()}

    async def contents(self, names: list[str]) -> dict[str, bytes]:
        return {name: self.rows[name] for name in names}

    async def change(self, changed: dict[str, bytes], removed: list[str]) -> None:
        self.writes += 1
        self.rows = {name: body for name, body in (self.rows | changed).items() if name not in removed}


@pytest.fixture
def table() -> Any:
    return Table()


def machine(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.toml").write_text(text)
    return folder


async def test_second_machine_gets_files_and_their_changes(tmp_path: Path, table: Any) -> None:
    first = SharedFiles(machine(tmp_path / "first", rules="1", reactions="r"), table)
    (tmp_path / "first" / "ca").mkdir()
    (tmp_path / "first" / "ca" / "ca.key").write_text("key")
    (tmp_path / "first" / "hub.toml").write_text("its own")
    (tmp_path / "first" / "watchkeeper.db").write_text("history")
    (tmp_path / "first" / "large.bin").write_bytes(b"\0" * (MAX_BYTES + 1))
    await first.fetch()
    assert table.rows.keys() == {"rules.toml", "reactions.toml", "ca/ca.key"}
    machine(tmp_path / "first", rules="longer")
    (tmp_path / "first" / "reactions.toml").unlink()
    await first.push()
    writes = table.writes
    await first.push()
    assert table.writes == writes, "nothing has changed"
    second = SharedFiles(machine(tmp_path / "second"), table)
    await second.fetch()
    assert (tmp_path / "second" / "rules.toml").read_text() == "longer"
    assert (tmp_path / "second" / "ca" / "ca.key").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "second" / "reactions.toml").exists()
    assert SHARED not in table.rows


async def test_machine_that_was_replaced_keeps_its_version_aside(
    tmp_path: Path, table: Any, caplog: pytest.LogCaptureFixture
) -> None:
    old, new = machine(tmp_path / "old", rules="1"), machine(tmp_path / "new")
    await SharedFiles(old, table).fetch()
    taken_over = SharedFiles(new, table)
    await taken_over.fetch()
    machine(new, rules="by the other hub")
    await taken_over.push()
    machine(old, rules="by hand")
    await SharedFiles(old, table).fetch()
    assert (old / "rules.toml").read_text() == "by the other hub"
    [aside] = old.glob("replaced-*/rules.toml")
    assert aside.read_text() == "by hand"
    assert "rules.toml" in caplog.text
    await SharedFiles(old, table).fetch()
    assert table.rows == {"rules.toml": b"by the other hub"}


async def test_file_changed_while_no_hub_ran_is_kept(tmp_path: Path, table: Any) -> None:
    data = machine(tmp_path / "data", rules="1", reactions="r")
    await SharedFiles(data, table).fetch()
    machine(data, rules="by hand")
    (data / "reactions.toml").unlink()
    await SharedFiles(data, table).fetch()
    assert table.rows == {"rules.toml": b"by hand"}
    (data / SHARED).write_text("damaged")
    await SharedFiles(data, table).fetch()
    assert table.rows == {"rules.toml": b"by hand"}


async def test_file_that_becomes_too_large_stays_in_the_database(tmp_path: Path, table: Any) -> None:
    data = machine(tmp_path / "data", rules="1")
    files = SharedFiles(data, table)
    await files.fetch()
    (data / "rules.toml").write_bytes(b"#" * (MAX_BYTES + 1))
    await files.push()
    assert table.rows == {"rules.toml": b"1"}
    machine(data, rules="2")
    await files.push()
    assert table.rows == {"rules.toml": b"2"}


async def test_file_that_changes_while_the_hub_starts_is_shared(tmp_path: Path, table: Any) -> None:
    data = machine(tmp_path / "data", rules="1")
    write = table.change

    async def change(changed: dict[str, bytes], removed: list[str]) -> None:
        await write(changed, removed)
        machine(data, rules="changed meanwhile")

    files, table.change = SharedFiles(data, table), change
    await files.fetch()
    table.change = write
    await files.push()
    assert table.rows == {"rules.toml": b"changed meanwhile"}


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of files and folders that cannot be read, even if root runs the tests."""
    names: set[str] = set()
    for reading in ("read_bytes", "lstat"):
        real = getattr(Path, reading)

        def read(path: Path, real: Any = real, reading: str = reading) -> Any:
            if path.parent.name in names or (path.name in names and reading == "read_bytes"):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return real(path)

        monkeypatch.setattr(Path, reading, read)
    return names


async def test_file_that_cannot_be_read_is_neither_shared_nor_deleted(
    tmp_path: Path, table: Any, locked: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    data = machine(tmp_path / "data", rules="1", reactions="r")
    machine(data / "ca", key="k")
    files = SharedFiles(data, table)
    await files.fetch()
    machine(data, rules="longer", reactions="changed")
    locked |= {"rules.toml", "ca"}
    for each in (files, SharedFiles(data, table)):
        await (each.push if each is files else each.fetch)()
        assert table.rows == {"rules.toml": b"1", "reactions.toml": b"changed", "ca/key.toml": b"k"}
    assert "rules.toml cannot be read (Permission denied)" in caplog.text
    locked.clear()
    restarted = SharedFiles(data, table)
    await restarted.fetch()
    assert table.rows == {"rules.toml": b"longer", "reactions.toml": b"changed", "ca/key.toml": b"k"}


async def test_full_disk_does_not_end_the_task(
    tmp_path: Path, table: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    data = machine(tmp_path / "data", rules="1")
    monkeypatch.setattr("hub.assembly.shared_files.replace_file", full)
    files = SharedFiles(data, table)
    await files.fetch()
    machine(data, rules="longer")
    await files.push()
    assert table.rows == {"rules.toml": b"longer"}
    assert "shared-files.json cannot be written" in caplog.text


@pytest.mark.parametrize("error", [StoreBusy("away"), OSError(errno.EIO, "Input/output error")])
async def test_task_goes_on_after_an_error(
    tmp_path: Path, table: Any, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("hub.assembly.shared_files.SCAN_S", 0.001)
    files, tries = SharedFiles(machine(tmp_path / "data"), table), 0

    async def push() -> None:
        nonlocal tries
        tries += 1
        raise error

    monkeypatch.setattr(files, "push", push)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(files.run(), 0.2)
    assert tries > 1
    await files.push_last()


async def test_file_that_is_too_large_at_start_stays_in_the_database(tmp_path: Path, table: Any) -> None:
    data = machine(tmp_path / "data", rules="1")
    await SharedFiles(data, table).fetch()
    (data / "rules.toml").write_bytes(b"#" * (MAX_BYTES + 1))
    files = SharedFiles(data, table)
    await files.fetch()
    await files.push()
    assert table.rows == {"rules.toml": b"1"}
    assert (data / "rules.toml").stat().st_size > MAX_BYTES
    machine(data, rules="2")
    await files.push()
    assert table.rows == {"rules.toml": b"2"}


async def test_names_in_the_database_that_no_hub_shares_are_ignored(
    tmp_path: Path, table: Any, caplog: pytest.LogCaptureFixture
) -> None:
    outside = tmp_path / "absolute.toml"
    names = ["../x.toml", str(outside), "hub.toml", "restore/manifest.json", "watchkeeper.db", ".", "a/../b.toml"]
    table.rows = dict.fromkeys(names, b"bad") | {"rules.toml": b"good"}
    data = machine(tmp_path / "data")
    files = SharedFiles(data, table)
    await files.fetch()
    await files.push()
    assert {each.name for each in data.iterdir()} == {"rules.toml", SHARED}
    assert not outside.exists()
    assert not (tmp_path / "x.toml").exists()
    assert table.rows.keys() == {*names, "rules.toml"}
    for name in names:
        assert repr(name) in caplog.text
