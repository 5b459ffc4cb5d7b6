"""``hub serve`` with a PostgreSQL database that it cannot use: one sentence says why, and none shows the password."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hub_process
from brokers import HOST, free_port
from hub.errors import StoreBusy, StoreError

pytestmark = pytest.mark.cluster

PASSWORD = "S3cret/pass@word"
ENCODED = "S3cret%2Fpass%40word"


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    from postgresql_server import PostgresServer

    server = PostgresServer()
    server.run_sql(
        f"CREATE ROLE hub LOGIN PASSWORD '{PASSWORD}'",
        f"CREATE ROLE other LOGIN PASSWORD '{PASSWORD}'",
        "CREATE DATABASE w OWNER hub",
        "CREATE DATABASE closed",
        "REVOKE CONNECT ON DATABASE closed FROM public",
        "CREATE DATABASE foreign_one",
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
    )
    yield server
    server.remove()


def serve(tmp_path: Path, url: str) -> str:
    """Run a hub on the database until it gives up, and return what it wrote."""
    config = tmp_path / "hub.toml"
    config.write_text(f'[store]\nurl = "{url}"\n')
    words = ("serve", "--config", config, "--data", tmp_path / "data", "--http", f"{HOST}:{free_port()}")
    done = hub_process.run(*words, "--mqtt", f"{HOST}:{free_port()}", status=2)
    for secret in (PASSWORD, ENCODED, "S3cret"):
        assert secret not in done.stdout + done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("database", "user", "password", "message"),
    [
        ("w", "hub", "S3cret-wrong", r"refuses the user or the password in store\.url"),
        ("w", "hub", "", r"refuses the user or the password in store\.url"),
        ("w", "nobody", ENCODED, r"refuses the user or the password in store\.url"),
        ("missing", "hub", ENCODED, r"The database of \S+/missing does not exist\. Create it \(createdb"),
        ("closed", "hub", ENCODED, r"may not connect to \S+/closed\. GRANT CONNECT, CREATE ON DATABASE"),
        ("foreign_one", "other", ENCODED, r"lacks a right in PostgreSQL: permission denied for database foreign_one"),
        ("latin", "hub", ENCODED, r"has the encoding LATIN1, but the hub needs UTF8"),
        ("w&sslfoo=1", "hub", ENCODED, r"cannot read store\.url\. Check the options"),
    ],
)
def test_unusable_database_ends_the_start_with_its_reason(
    server: Any, tmp_path: Path, database: str, user: str, password: str, message: str
) -> None:
    name, _, options = database.partition("&")
    url = server.url_of(name, user, password) + (f"&{options}" if options else "")
    said = serve(tmp_path, url)
    assert re.search(message, said), said


async def open_and_close(url: str) -> None:
    from hub.store.postgresql.store import PostgresStore

    await PostgresStore.open(url).close()


async def test_older_server_is_refused(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.store.postgresql.connection.MIN_VERSION", 99)
    with pytest.raises(StoreError, match=r"has version \d+\.\d+, which is too old\. Upgrade PostgreSQL to 99"):
        await open_and_close(server.url_of("w", "hub", ENCODED))


async def test_tables_of_a_newer_version_are_refused(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server.run_sql("CREATE DATABASE later OWNER hub")
    url = server.url_of("later", "hub", ENCODED)
    with monkeypatch.context() as patch:
        patch.setattr("hub.store.postgresql.schema.FORMAT", 7)
        await open_and_close(url)
    with pytest.raises(StoreError, match="format 7, but this version of Watchkeeper reads format 1"):
        await open_and_close(url)


async def test_user_without_right_to_create_schemas_uses_prepared_one(server: Any) -> None:
    server.run_sql("CREATE DATABASE prepared")
    server.run_sql("CREATE SCHEMA watchkeeper AUTHORIZATION hub", database="prepared")
    await open_and_close(server.url_of("prepared", "hub", ENCODED))


async def test_unreachable_server_may_be_tried_again(server: Any) -> None:
    with pytest.raises(StoreBusy, match=r"PostgreSQL at 127\.0\.0\.1:1/w cannot be reached \(Connection refused\)"):
        await open_and_close(f"postgresql://hub:{ENCODED}@127.0.0.1:1/w")
    with pytest.raises(StoreBusy, match=r"at missing\.invalid/w cannot be reached"):
        await open_and_close(f"postgresql://hub:{ENCODED}@missing.invalid/w")


async def test_refusal_after_the_password_was_accepted_may_be_tried_again(server: Any) -> None:
    import psycopg

    url = server.url_of("w", "busy", ENCODED)
    server.run_sql(
        f"CREATE ROLE busy LOGIN PASSWORD '{PASSWORD}' CONNECTION LIMIT 1",
        "CREATE DATABASE standing",
        "ALTER DATABASE standing SET default_transaction_read_only = on",
    )
    with psycopg.connect(url), pytest.raises(StoreBusy, match='too many connections for role "busy"'):
        await open_and_close(url)
    standing = server.url_of("standing", "hub", ENCODED) + "&target_session_attrs=read-write"
    with pytest.raises(StoreBusy, match="session is read-only"):
        await open_and_close(standing)


@pytest.mark.parametrize(
    "said",
    [
        "session is read-only",
        "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
        'FATAL:  too many connections for database "w"',
        "FATAL:  the database system is starting up",
        "FATAL:  the database system is shutting down",
        "FATAL:  terminating connection due to administrator command",
    ],
)
def test_server_that_accepts_nobody_now_is_no_wrong_password(said: str) -> None:
    import psycopg

    from hub.store.postgresql.errors import connection_error

    class Connection:
        needs_password, used_password = False, True

    def error(text: str) -> psycopg.OperationalError:
        failed: Any = Connection()
        return psycopg.OperationalError(f'connection to server at "db" failed: {text}', pgconn=failed)

    url = "postgresql://hub:S3cret@db/w"
    assert isinstance(connection_error(error(said), url), StoreBusy)
    wrong = connection_error(error('FATAL:  password authentication failed for user "hub"'), url)
    assert not isinstance(wrong, StoreBusy)
