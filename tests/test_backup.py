"""``hub backup`` and ``hub restore``: consistent while a hub writes, verified, without secrets, no silent overwrite."""

from __future__ import annotations

import hashlib
import io
import os
import sqlite3
import tarfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

import hub_process
from brokers import Mosquitto
from hub import archive
from hub.archive import restore
from hub.errors import Conflict, HubError, Invalid, NotFound, StoreError
from hub.runtime.installation import make_token, open_installation
from hub.store.migrations import FIRST_FORMAT
from hub.store.sqlite import FILE, SqliteStore
from serving import Serving, Thing, until
from store_samples import all_of, delta, record


def hub(*words: str | Path, status: int = 0) -> str:
    done = hub_process.run(*words, status=status)
    return done.stdout + done.stderr


async def folder(data: Path, count: int = 500) -> Path:
    """Create a data folder with ``count`` readings, files of every kind, and secrets."""
    store = SqliteStore.open(data)
    await store.commit(1, delta(0, *[record("a", i, t=float(i)) for i in range(count)], states={"a": b"x"}))
    await store.close()
    make_token(data, open_installation(data))
    (data / "rules.toml").write_text("# mine\n")
    (data / "broker").mkdir()
    (data / "broker/passwd").write_text("pump:$7$101$hash\n")
    (data / "broker/hub.login").write_text("canary-of-the-broker\n")
    (data / "models.json").write_text('{"servers": {"x": {"api_key": "canary-of-a-model"}}}')
    (data / "notes.txt").write_text("by mistake: canary-of-the-broker\n")
    (data / "uploads/deep").mkdir(parents=True)
    (data / "uploads/deep/manual.pdf").write_bytes(os.urandom(3_000))
    return data


def files(data: Path, pattern: str = "*") -> set[str]:
    return {file.relative_to(data).as_posix() for file in data.rglob(pattern) if file.is_file()}


async def readings(data: Path) -> list[Any]:
    store = SqliteStore.open(data)
    assert store.set_aside is None
    [found] = await store.history([all_of("a", "t")])
    await store.close()
    return [value for _, value in found.points]


@pytest.fixture
def serving(tmp_path: Path, mosquitto: Mosquitto) -> Iterator[Serving]:
    (tmp_path / "hub").mkdir()
    hub = Serving(tmp_path / "hub" / "data", mosquitto)
    yield hub
    hub.stop()


@pytest.mark.timeout(240)  # many processes, each of which starts slowly under load
def test_backup_of_running_hub_is_consistent_and_restorable(
    serving: Serving, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    serving.start()
    publisher, sent, archived = Thing(mosquitto), 0, []
    try:
        for number in range(3):
            for _ in range(300):
                publisher.client.publish("devices/pump/telemetry", f'{{"n": {sent}, "id": "{sent}"}}', qos=1)
                sent += 1
            archived.append(tmp_path / f"{number}.tar")
            assert "verified" in hub("backup", archived[-1], "--data", serving.data)
        until(lambda: len(points(serving)) == sent)

        def restored(number: int) -> list[float]:
            """Return the points of a hub that starts from backup ``number``, up to the backup's cursor."""
            fresh = tmp_path / f"fresh{number}"
            assert "Restored" in hub("restore", archived[number], "--data", fresh)
            with closing(sqlite3.connect(fresh / FILE)) as peek:
                (cursor,) = peek.execute("SELECT cursor FROM progress").fetchone()
            other = Serving(fresh, mosquitto)
            other.start()
            found = points(other)
            other.kill()
            other.stop()
            assert len(found) >= cursor  # the hub may have received more since
            return found[:cursor]

        first, last = restored(0), restored(2)
        assert first == [float(n) for n in range(len(first))]
        assert last == [float(n) for n in range(len(last))]
        assert len(first) < len(last) <= sent

        # Restore into the folder of a running hub takes effect at its next start.
        assert "has a history already" in hub("restore", archived[0], "--data", serving.data, status=2)
        assert "Restart the hub" in hub("restore", archived[0], "--data", serving.data, "--replace")
        assert len(points(serving)) == sent
        publisher.say("devices/pump/telemetry", {"n": -1})
        until(lambda: len(points(serving)) == sent + 1)
        serving.end()
        serving.start()
        assert points(serving) == first
        [aside] = serving.data.glob("replaced-*")
        with closing(sqlite3.connect(aside / FILE)) as peek:
            assert peek.execute("SELECT cursor FROM progress").fetchone() == (sent + 1,)
    finally:
        publisher.leave()


def points(serving: Serving) -> list[float]:
    answer = serving.http.get("/api/devices/pump/history", params={"metric": "n"})
    return [value for _, value in answer.json()["points"]] if answer.status_code == 200 else []


async def test_backup_restores_every_file_except_secrets(tmp_path: Path) -> None:
    data = await folder(tmp_path / "data")
    # A search for values that are known to be secret does not find these.
    (data / "accounts.json").write_text('[{"name": "Ada", "hash": "canary-of-an-account"}]')
    token = open_installation(data).token
    assert token
    text = hub("backup", tmp_path / "b.tar", "--data", data)
    assert "1 device, 500 messages, no alerts" in text
    whole = (tmp_path / "b.tar").read_bytes()
    assert token.encode() not in whole
    assert b"canary-of-the-broker" not in whole
    assert b"canary-of-a-model" not in whole
    assert b"canary-of-an-account" not in whole
    assert (tmp_path / "b.tar").stat().st_mode & 0o777 == 0o600
    hub("restore", tmp_path / "b.tar", "--data", tmp_path / "other")
    names = {"rules.toml", "broker/passwd", "uploads/deep/manual.pdf"}
    assert files(tmp_path / "other") == {FILE, "install.json", "watchkeeper.lock", *names}
    for name in names:
        assert (tmp_path / "other" / name).read_bytes() == (data / name).read_bytes()
    assert open_installation(tmp_path / "other").id == open_installation(data).id
    assert open_installation(tmp_path / "other").token is None
    assert await readings(tmp_path / "other") == [float(i) for i in range(500)]


async def test_backup_does_not_overwrite_file_without_replace(tmp_path: Path) -> None:
    data = await folder(tmp_path / "data")
    target = tmp_path / "b.tar"
    target.write_bytes(b"precious")
    assert "exists already" in hub("backup", target, "--data", data, status=2)
    assert target.read_bytes() == b"precious"
    hub("backup", target, "--data", data, "--replace")
    hub("backup", tmp_path, "--data", data)  # for a folder, the file name has the time
    assert len({name for name in files(tmp_path) if "/" not in name}) == 2  # no partial file is left
    assert len(files(tmp_path, "watchkeeper-*.tar")) == 1
    with pytest.raises(Conflict):
        archive.stage(target, data)
    assert "no history" in hub("backup", tmp_path / "c.tar", "--data", tmp_path / "nothing", status=2)
    assert not (tmp_path / "nothing").exists()


async def test_restore_says_that_accounts_and_broker_login_are_missing(tmp_path: Path) -> None:
    data = await folder(tmp_path / "data")
    (data / "accounts.json").write_text("[]")
    for words, told in ([], True), (["--with-secrets"], False):
        hub("backup", tmp_path / "b.tar", "--data", data, "--replace", *words)
        output = hub("restore", tmp_path / "b.tar", "--data", tmp_path / f"other-{told}")
        assert ("hub link" in output, "hub device add" in output) == (told, told)


async def test_backup_into_missing_folder_is_refused(tmp_path: Path) -> None:
    data = await folder(tmp_path / "data")
    for target in (f"{tmp_path}/nas/", f"{tmp_path}/nas/b.tar"):
        assert "there is no folder" in hub("backup", target, "--data", data, status=2).lower()
    assert not (tmp_path / "nas").exists()


async def test_restore_keeps_previous_data_aside_and_secrets_in_place(tmp_path: Path) -> None:
    data = await folder(tmp_path / "data")
    archive.pack(data, tmp_path / "b.tar")
    token = open_installation(data).token
    (data / "rules.toml").write_text("# changed since\n")
    (data / "signatures.toml").write_text("# new since\n")
    store = SqliteStore.open(data)
    await store.commit(1, delta(500, record("a", 900, t=-1.0)))
    await store.close()
    output = hub("restore", tmp_path / "b.tar", "--data", data, "--replace")
    [aside] = data.glob("replaced-*")
    assert str(aside) in output
    assert len(await readings(data)) == 500
    assert (data / "rules.toml").read_text() == "# mine\n"
    assert not (data / "signatures.toml").exists()
    assert (aside / "signatures.toml").read_text() == "# new since\n"
    assert (await readings(aside))[-1] == -1.0
    assert open_installation(data).token == token
    assert (data / "broker/hub.login").exists()
    assert (data / "models.json").exists()


@pytest.mark.parametrize("step", range(1, 16))
async def test_restore_resumes_after_crash(step: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = await folder(tmp_path / "data", 50)
    archive.pack(data, tmp_path / "b.tar")
    store = SqliteStore.open(data)
    await store.commit(1, delta(50, record("a", 900, t=-1.0)))
    await store.close()
    archive.stage(tmp_path / "b.tar", data, replace=True)
    left, move = step, restore._move

    def crashing_move(*files: Path) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError("simulated power loss")
        move(*files)

    monkeypatch.setattr(restore, "_move", crashing_move)
    try:
        archive.adopt(data)
    except StoreError:
        monkeypatch.undo()
        archive.adopt(data)
    assert archive.adopt(data) is None
    assert len(await readings(data)) == 50
    [aside] = data.glob("replaced-*")
    assert (await readings(aside))[-1] == -1.0
    assert (aside / "broker/passwd").exists()
    assert not (data / "restore").exists()


def altered(source: Path, change: Callable[[str, bytes], tuple[str, bytes] | None]) -> Path:
    """Copy the archive; ``change`` returns each file's new name and content, or None to omit it."""
    target = source.with_name("altered.tar")
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old:
            stream = old.extractfile(member)
            assert stream is not None
            changed = change(member.name, stream.read())
            if changed is not None:
                member.name, body = changed
                member.size = len(body)
                new.addfile(member, io.BytesIO(body))
    return target


def flip(name: str, body: bytes) -> tuple[str, bytes]:
    return name, body if name != FILE else body[:5_000] + bytes([body[5_000] ^ 1]) + body[5_001:]


def recount(name: str, body: bytes) -> tuple[str, bytes]:
    if name != "manifest.json":
        return name, body
    manifest = msgspec.json.decode(body)
    manifest["content"]["rows"]["device"] += 1
    return name, msgspec.json.encode(manifest)


FAULTS: dict[str, tuple[Callable[[str, bytes], Any], str]] = {
    "flipped bit in history": (flip, "is damaged"),
    "changed rules file": (lambda n, b: (n, b + b"#" if n == "rules.toml" else b), "is damaged"),
    "no manifest": (lambda n, b: None if n == "manifest.json" else (n, b), "not a backup"),
    "no history": (lambda n, b: None if n == FILE else (n, b), "not a backup"),
    "missing file": (lambda n, b: None if n == "rules.toml" else (n, b), "is damaged"),
    "path traversal": (lambda n, b: ("../out" if n == "rules.toml" else n, b), "not allowed"),
    "absolute path": (lambda n, b: ("/tmp/out" if n == "rules.toml" else n, b), "not allowed"),
    "password file": (lambda n, b: ("broker/hub.login" if n == "rules.toml" else n, b), "not allowed"),
    "wrong row count": (recount, "does not match the manifest"),
}


@pytest.mark.parametrize(("change", "error"), FAULTS.values(), ids=list(FAULTS))
async def test_invalid_archive_is_refused_and_data_unchanged(
    change: Callable[[str, bytes], Any], error: str, tmp_path: Path
) -> None:
    data = await folder(tmp_path / "data")
    archive.pack(data, tmp_path / "b.tar")
    before = {file.name: file.read_bytes() for file in data.iterdir() if file.is_file()}
    with pytest.raises(Invalid, match=error):
        archive.stage(altered(tmp_path / "b.tar", change), data, replace=True)
    assert {file.name: file.read_bytes() for file in data.iterdir() if file.is_file()} == before
    assert not (data / "restore").exists()
    assert not (data / "restore.partial").exists()


async def test_file_that_is_not_a_backup_is_refused(tmp_path: Path) -> None:
    data = await folder(tmp_path / "data")
    archive.pack(data, tmp_path / "b.tar")
    whole = (tmp_path / "b.tar").read_bytes()
    for name, body in (("empty", b""), ("text", b"hello" * 900), ("half", whole[: len(whole) // 2])):
        (tmp_path / name).write_bytes(body)
        with pytest.raises(HubError, match="not a backup"):
            archive.stage(tmp_path / name, tmp_path / "new")
    with pytest.raises(NotFound):
        archive.stage(tmp_path / "none.tar", tmp_path / "new")
    with tarfile.open(tmp_path / "link.tar", "w") as linked:
        member = tarfile.TarInfo("rules.toml")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        linked.addfile(member)
    with pytest.raises(Invalid, match="not a backup"):
        archive.stage(tmp_path / "link.tar", tmp_path / "new")


async def test_backup_of_newer_format_is_refused(tmp_path: Path) -> None:
    data = await folder(tmp_path / "data")
    with closing(sqlite3.connect(data / FILE)) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(HubError, match="Install the newer version"):
        archive.pack(data, tmp_path / "b.tar")
    assert not files(tmp_path, "*.tar*")


async def test_restore_of_older_format_is_refused(tmp_path: Path) -> None:
    data = await folder(tmp_path / "data")
    archive.pack(data, tmp_path / "b.tar")
    content = content_of(tmp_path / "b.tar")
    (tmp_path / "older.db").write_bytes(content[FILE])
    with closing(sqlite3.connect(tmp_path / "older.db")) as connection:
        connection.execute(f"PRAGMA user_version = {FIRST_FORMAT - 1}")
    content[FILE] = (tmp_path / "older.db").read_bytes()
    manifest = msgspec.json.decode(content["manifest.json"])
    manifest["content"]["format"] = FIRST_FORMAT - 1
    manifest["files"][FILE] = {"size": len(content[FILE]), "sha256": hashlib.sha256(content[FILE]).hexdigest()}
    content["manifest.json"] = msgspec.json.encode(manifest)
    with tarfile.open(tmp_path / "older.tar", "w") as older:
        for name, body in content.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            older.addfile(member, io.BytesIO(body))
    with pytest.raises(HubError, match=f"format {FIRST_FORMAT - 1} of a development version.*cannot upgrade"):
        archive.stage(tmp_path / "older.tar", tmp_path / "new")
    assert not files(tmp_path / "new")


async def test_backup_of_older_format_is_refused(tmp_path: Path) -> None:
    data = await folder(tmp_path / "data")
    with closing(sqlite3.connect(data / FILE)) as connection:
        connection.execute(f"PRAGMA user_version = {FIRST_FORMAT - 1}")
    before = (data / FILE).read_bytes()
    with pytest.raises(HubError, match="cannot upgrade"):
        archive.pack(data, tmp_path / "b.tar")
    assert not files(tmp_path, "*.tar*")
    assert (data / FILE).read_bytes() == before


# --- secrets ------------------------------------------------------------------------------------------------------

SETTINGS = """
[http]
token = "canary-token-of-the-page"        # everybody's

[mqtt]
password = 'canary-broker-password'
root = "plant"

[ai]
openai_api_key = "canary-openai-key"
[ai.servers.lab]
model = "m"
api_key = "canary-lab-key"
"""


async def guarded_folder(data: Path) -> Path:
    """Create a data folder with hub.toml and with secrets in typical places."""
    await folder(data, 10)
    (data / "hub.toml").write_text(SETTINGS)
    (data / "hub.toml.bak").write_text(SETTINGS)
    (data / "watchkeeper.env").write_text("HUB_TOKEN=canary-in-the-environment\nTZ=UTC\n")
    (data / "compose.yaml").write_text("services:\n  hub:\n    environment:\n      OPENAI_API_KEY: canary-in-yaml\n")
    (data / "inline.toml").write_text('servers = { lab = { model = "m", api_key = "canary-inline" } }\n')
    begin = "-----BEGIN EC PRIVATE KEY-----"  # pragma: allowlist secret
    (data / "client.txt").write_text(f"{begin}\ncanary-pem\n-----END EC PRIVATE KEY-----\n")
    (data / "broker.key").write_text("canary-key-file")
    return data


def content_of(tar: Path) -> dict[str, bytes]:
    with tarfile.open(tar) as opened:
        return {member.name: opened.extractfile(member).read() for member in opened}  # type: ignore[union-attr]


async def test_backup_omits_addresses_of_channels_and_webhooks(tmp_path: Path) -> None:
    data = await folder(tmp_path / "data", 10)
    channels = {"channels": [{"url": "https://hooks.example/T0/canary-of-slack"}], "key": "canary-of-push"}
    (data / "notifications.json").write_bytes(msgspec.json.encode(channels))
    (data / "notifications.unreadable").write_text("canary-of-an-earlier-file")
    reaction = (
        '[[reaction]]\nid = "door"\naction = { webhook = { url = "https://hooks.example/canary-of-a-webhook" } }\n'
    )
    (data / "reactions.toml").write_text(f"# as with https://hooks.example?key=canary-of-a-query\n{reaction}")
    (data / "notes.toml").write_text('broker = "mqtts://hub:canary-in-a-url@broker.example:8883"\n')
    output = hub("backup", tmp_path / "b.tar", "--data", data)
    assert b"canary" not in (tmp_path / "b.tar").read_bytes()
    assert "Not included, because they contain secrets:" in output
    assert "notifications.json" in output
    assert "Secrets were removed from: notes.toml, reactions.toml" in output
    kept = content_of(tmp_path / "b.tar")
    action = tomllib.loads(kept["reactions.toml"].decode())["reaction"][0]["action"]
    assert action == {"webhook": {"url": "https://hooks.example/left-out-of-this-backup"}}
    assert tomllib.loads(kept["notes.toml"].decode()) == {"broker": "mqtts://broker.example:8883"}
    restored = hub("restore", tmp_path / "b.tar", "--data", tmp_path / "restored")
    assert "nobody is notified until you set them up again" in restored


async def test_backup_omits_secrets_of_settings_in_data_folder(tmp_path: Path) -> None:
    data = await guarded_folder(tmp_path / "data")
    output = hub("backup", tmp_path / "b.tar", "--data", data)
    assert b"canary" not in (tmp_path / "b.tar").read_bytes()
    assert open_installation(data).token.encode() not in (tmp_path / "b.tar").read_bytes()  # type: ignore[union-attr]
    archived_settings = content_of(tmp_path / "b.tar")["hub.toml"].decode()
    assert tomllib.loads(archived_settings)["mqtt"] == {"root": "plant"}
    assert "Secrets were removed from: hub.toml, hub.toml.bak" in output
    for name in ("broker.key", "client.txt", "compose.yaml", "inline.toml", "models.json", "broker/hub.login"):
        assert name in output.partition("Not included")[2], name
    assert "broker/passwd" not in output
    output = hub("restore", tmp_path / "b.tar", "--data", tmp_path / "other")
    assert "hub.toml, hub.toml.bak again" in output
    assert "# token was left out" in (tmp_path / "other/hub.toml").read_text()


async def test_backup_with_secrets_warns_and_restores_them(tmp_path: Path) -> None:
    data = await guarded_folder(tmp_path / "data")
    output = hub("backup", tmp_path / "b.tar", "--data", data, "--with-secrets")
    assert "contains tokens, keys and passwords" in output
    assert "contains no tokens" not in output
    hub("restore", tmp_path / "b.tar", "--data", tmp_path / "other")
    assert files(tmp_path / "other") - {"watchkeeper.lock"} == files(data) - {"watchkeeper.lock"}
    for name in ("hub.toml", "models.json", "broker/hub.login", "broker.key"):
        assert (tmp_path / "other" / name).read_bytes() == (data / name).read_bytes()
        assert not (tmp_path / "other" / name).stat().st_mode & 0o077
    assert open_installation(tmp_path / "other").token == open_installation(data).token


@pytest.mark.parametrize(
    "name",
    ["watchkeeper.lock/x", "watchkeeper.db/x", "install.json/x", "manifest.json/x", "restore", "rules.toml/x", "a\n/x",
     "restore.partial", "broker/hub.login/x", "x" * 300, "watchkeeper.db-wal", "."],
)  # fmt: skip
async def test_archive_with_hostile_file_name_is_refused(name: str, tmp_path: Path) -> None:
    data = await folder(tmp_path / "data", 10)
    archive.pack(data, tmp_path / "b.tar")
    content = content_of(tmp_path / "b.tar")
    manifest = msgspec.json.decode(content.pop("manifest.json"))
    manifest["files"][name] = manifest["files"]["rules.toml"]
    with tarfile.open(tmp_path / "hostile.tar", "w") as altered:
        for each, body in [*content.items(), (name, content["rules.toml"])]:
            member = tarfile.TarInfo(each)
            member.size = len(body)
            altered.addfile(member, io.BytesIO(body))
        body = msgspec.json.encode(manifest)
        member = tarfile.TarInfo("manifest.json")
        member.size = len(body)
        altered.addfile(member, io.BytesIO(body))
    if name == "a\n/x":  # an unusual but harmless name
        hub("restore", tmp_path / "hostile.tar", "--data", tmp_path / "other")
        return
    output = hub("restore", tmp_path / "hostile.tar", "--data", tmp_path / "other", status=2)
    assert len(output.splitlines()) == 1
    assert files(tmp_path / "other") == set()


def test_restore_from_source_that_is_not_a_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for source in (tmp_path / "pipe", tmp_path, "/dev/zero"):
        assert f"There is no file {source}." in hub("restore", source, "--data", tmp_path / "data", status=2)


async def test_backup_does_not_replace_device_file(tmp_path: Path) -> None:
    data = await folder(tmp_path / "data", 10)
    assert "is not a file" in hub("backup", "/dev/null", "--replace", "--data", data, status=2)
    assert Path("/dev/null").is_char_device()  # noqa: ASYNC240
