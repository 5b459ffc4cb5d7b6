"""Dedupe keys of earlier formats, which were texts, are known after the upgrade as what the same message says today."""

from __future__ import annotations

import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hub.dialects import NativeDialect
from hub.model import RawMessage
from hub.store.migrations import dedup_key_migration, schema
from hub.store.sqlite import FILE, SqliteStore
from store_words import T0, delta, keys_of, record

FIRST_LOG = schema.MIGRATIONS.index(schema.KEY_LOG)
"""The last format that had a row for each key."""
TEXTS = schema.MIGRATIONS.index(schema.KEYS_AS_NUMBERS)
"""The last format that had texts."""


class Everybody:
    def known(self, device: str) -> bool:
        return True


def as_text(payload: bytes, item: dict[str, Any], place: int) -> str:
    """The key as those formats had it."""
    return f"s{item['seq']}.{place}.{zlib.crc32(payload)}"


SAID: list[Any] = [
    {"t": 1, "seq": 0},
    {"t": 1, "seq": 2**40 + 7},
    {"t": 1, "seq": -5},
    [{"t": 1, "seq": 3}, {"t": 2, "seq": 3}],
]


@pytest.mark.parametrize("said", SAID, ids=json.dumps)
def test_a_text_becomes_the_key_that_the_message_has_today(said: Any) -> None:
    payload = json.dumps(said).encode()
    records = NativeDialect().decode(RawMessage("devices/d/telemetry", payload, T0), Everybody()).records
    items = said if isinstance(said, list) else [said]
    texts = [as_text(payload, item, place) for place, item in enumerate(items)]
    assert [dedup_key_migration.number_of(text) for text in texts] == [one.key for one in records]


def test_texts_of_ids_become_keys_that_no_seq_has() -> None:
    keys = [dedup_key_migration.number_of(text) for text in ("i12", "ia.b “x”\n\0", "i", "is1.0.5")]
    assert all(key is not None and key < 0 for key in keys)
    assert len(set(keys)) == 4


@pytest.mark.parametrize("text", ["", "x1", "s1", "s1.2", "s1.2.3.4", "sa.b.c"])
def test_what_is_no_key_of_ours_is_left_out(text: str) -> None:
    assert dedup_key_migration.number_of(text) is None


def seq(number: int) -> str:
    return f"s{number}.0.{number}"


def key(number: int) -> int:
    return number << 32 | number


async def test_a_row_for_each_key(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE, isolation_level=None)) as connection:
        schema.migrate(connection, schema.MIGRATIONS[:FIRST_LOG])
        connection.execute("UPDATE progress SET cursor = 30000")
        connection.execute("INSERT INTO series (id, device, metric) VALUES (1, 'quiet', 't'), (2, 'noisy', 't')")
        connection.execute("BEGIN")
        old = [("quiet", n, seq(n)) for n in range(1, 200)] + [("noisy", n, seq(n)) for n in range(9_000, 30_001)]
        connection.executemany("INSERT INTO dedupe_key VALUES (?, ?, ?)", old)
        connection.execute("COMMIT")
    store = SqliteStore.open(tmp_path)
    found = await store.load()
    assert keys_of(found, "quiet") == [key(n) for n in range(72, 200)]
    assert keys_of(found, "noisy") == [key(n) for n in range(29_873, 30_001)]
    assert found.keys == [("noisy", key(n)) for n in range(10_001, 30_001)]
    await store.commit(1, delta(30_000, record("quiet", 1, 5, t=1.0)))
    assert (await store.load()).keys[-1] == ("quiet", 5)
    await store.close()


def texts_database(folder: Path) -> None:
    """As a hub of the last format with texts left it, with ``back`` deleted and come back, and ``away`` deleted."""
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as connection:
        schema.migrate(connection, schema.MIGRATIONS[:TEXTS])
        connection.execute("UPDATE progress SET cursor = 9")
        connection.execute(
            """INSERT INTO series (id, device, metric)
            VALUES (1, 'quiet', 't'), (7, 'back', 'u'), (5, 'back', 't'), (8, 'late', 't')"""
        )
        folded = [("quiet", [seq(n) for n in range(1, 100)]), ("other", ["i1"])]
        connection.executemany("INSERT INTO device_keys VALUES (?, ?)", [(d, json.dumps(keys)) for d, keys in folded])
        rows = [
            ([], ["back", "away", "quiet"], [seq(1), seq(1), "odd"]),
            ([], ["quiet", "late"], ["ia", "s3.2.5"]),
            (["back", "away", "late"], ["back"], [seq(2)]),
            ([], ["back", "late"], ["ib", seq(9)]),
        ]
        connection.executemany(
            "INSERT INTO key_log (cursor, count, body) VALUES (?, ?, ?)",
            [(2 * n + 3, len(row[1]), json.dumps(row).encode()) for n, row in enumerate(rows)],
        )


def number(text: str) -> int:
    found = dedup_key_migration.number_of(text)
    assert found is not None
    return found


async def check_texts(folder: Path) -> None:
    for _ in range(2):  # and it stays so
        store = SqliteStore.open(folder)
        found = await store.load()
        await store.close()
        assert found.keys == [("quiet", number("ia")), ("back", key(2)), ("back", number("ib")), ("late", key(9))]
        assert keys_of(found, "quiet") == [*(key(n) for n in range(1, 100)), number("ia")]
        assert keys_of(found, "back") == [key(2), number("ib")]
        assert keys_of(found, "late") == [key(9)]
        assert keys_of(found, "other") == [number("i1")]
        assert "away" not in found.keys_of


async def test_rows_of_texts(tmp_path: Path) -> None:
    texts_database(tmp_path)
    await check_texts(tmp_path)


@pytest.mark.parametrize("done", range(7))
async def test_an_upgrade_that_breaks_off_goes_on_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: int
) -> None:
    """After each of its steps, and when all are done and the last statements are not."""
    texts_database(tmp_path)
    monkeypatch.setattr(dedup_key_migration, "ROWS", 1)
    monkeypatch.setattr(dedup_key_migration, "DEVICES", 1)
    left = done

    def unplugged(connection: sqlite3.Connection) -> bool:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError("the plug is pulled")
        return dedup_key_migration.move_keys(connection)

    step = schema.MIGRATIONS.index(schema.NO_TEXT_KEYS) + 1
    monkeypatch.setattr("hub.store.writer.STEPS", {step: unplugged})
    with pytest.raises(OSError, match="plug"):
        SqliteStore.open(tmp_path)
    monkeypatch.undo()
    await check_texts(tmp_path)
