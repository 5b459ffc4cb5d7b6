"""Commands of a hub whose store is PostgreSQL: ``hub doctor``, ``export``, ``import``, ``backup`` and ``restore``."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import hub_process
from brokers import HOST, free_port
from hub.commandline.database_checks import _clock, _replica
from serving import until

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]

PASSWORD = "S3cret-password"


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    from postgresql_server import PostgresServer

    server = PostgresServer()
    server.run_sql(
        f"CREATE ROLE hub LOGIN PASSWORD '{PASSWORD}'",
        "GRANT pg_monitor TO hub",
        f"CREATE ROLE other LOGIN PASSWORD '{PASSWORD}'",
        "CREATE DATABASE w OWNER hub",
    )
    yield server
    server.remove()


class Commands:
    """Runs ``hub`` commands on one data folder and one database."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._config = folder / "hub.toml"

    def use(self, url: str) -> None:
        self._config.write_text(f'[store]\nurl = "{url}"\n')

    def run(self, *words: object, status: int = 0) -> str:
        """Return what the command prints on both outputs, which never contains the password."""
        options = ("--config", self._config, "--data", self.data)
        done = hub_process.run(*words, *options, status=status)
        assert PASSWORD not in done.stdout + done.stderr
        return done.stdout + done.stderr

    def doctor(self) -> str:
        return self.run("doctor", "--http", f"{HOST}:{free_port()}", "--mqtt", f"{HOST}:{free_port()}", status=1)


@pytest.fixture
def commands(tmp_path: Path, server: Any) -> Commands:
    commands = Commands(tmp_path)
    commands.use(server.url_of("w", "hub", PASSWORD))
    return commands


def test_doctor_checks_database(commands: Commands, server: Any) -> None:
    server.run_sql("CREATE DATABASE fresh OWNER hub")
    commands.use(server.url_of("fresh", "hub", PASSWORD))
    report = commands.doctor()
    assert f"ok     database: {server.folder}/fresh: PostgreSQL 1" in report
    assert "note   tables: there are none yet" in report
    assert "ok     server's clock: agrees with this machine's" in report
    assert "WRONG  safety: fsync is off" in report
    assert "rights" not in report
    server.run_sql("SELECT 1", database="fresh")
    commands.use(server.url_of("fresh", "other", PASSWORD))
    assert "WRONG  rights: the user in store.url may not create or change the hub's tables" in commands.doctor()
    commands.use(server.url_of("fresh", "hub", "S3cret-wrong"))
    assert "WRONG  database: PostgreSQL at" in commands.doctor()


async def test_doctor_names_hub_format_and_replicas(commands: Commands, server: Any) -> None:
    from hub.store.postgresql.lease import Candidate

    lease = Candidate(server.url_of("w", "hub", PASSWORD), "db-1:/srv/hub").poll()
    assert not isinstance(lease, str)
    with server.replica() as port:
        until(lambda: "replica: walreceiver is" in commands.doctor())
        report = commands.doctor()
        assert "the hub at db-1:/srv/hub serves it" in report
        assert "ok     tables: format 1" in report
        assert "ok     replica: walreceiver is 0.0 MB behind" in report
        commands.use(server.url_of("w", "hub", PASSWORD) + f"&port={port}")
        assert "w is a read-only replica" in commands.doctor()
    lease.release()
    commands.use(server.url_of("w", "hub", PASSWORD))
    assert "serves it" not in commands.doctor()
    server.run_sql("UPDATE watchkeeper.format SET number = 9", database="w")
    assert "WRONG  tables: they have format 9, but this version reads format 1" in commands.doctor()
    assert "format 9" in commands.run("export", "-", status=2)
    server.run_sql("UPDATE watchkeeper.format SET number = 1", database="w")


def test_findings_of_clock_and_lag() -> None:
    assert _clock(4_000).state == "ok"
    assert _clock(-61_000).found == "61 s behind this machine's"
    assert _replica("standby", None, None).state == "note"
    assert _replica("standby", 100_000_000, 2.0).found == "standby is 100.0 MB behind, 2.0 s"


def test_tables_are_imported_and_exported(commands: Commands, server: Any, tmp_path: Path) -> None:
    server.run_sql("CREATE DATABASE tables OWNER hub")
    commands.use(server.url_of("tables", "hub", PASSWORD))
    assert "There is no history in" in commands.run("export", "-", status=2)
    commands.data.mkdir()
    (commands.data / "install.json").write_text('{"id": "test"}')
    table = tmp_path / "table.csv"
    table.write_text("time,device,metric,value\n2026-01-01T00:00:00Z,pump,temperature,20.5\n")
    assert "1 readings read, 1 of them new" in commands.run("import", table)
    assert "2026-01-01T00:00:00" in (exported := commands.run("export", "-"))
    assert ",20.5" in exported
    from hub.store.postgresql.lease import Candidate

    lease = Candidate(server.url_of("tables", "hub", PASSWORD), "db-1:/srv/hub").poll()
    assert not isinstance(lease, str)
    assert "The hub at db-1:/srv/hub uses the database. Run the command there" in commands.run(
        "import", table, status=2
    )
    assert commands.run("export", "-") == exported
    assert "no alert has a diagnosis and a confirmed known cause" in commands.run("eval", status=2)
    lease.release()


def test_backup_and_restore_name_the_tools_of_postgresql(commands: Commands, server: Any, tmp_path: Path) -> None:
    from postgresql_server import program

    said = commands.run("backup", status=2)
    assert f"Everything is in the PostgreSQL database {server.folder}/w, which has its own backup." in said
    assert "pg_dump --format=custom --schema=watchkeeper" in said
    assert "~/.pgpass" in said, "a URL with a password would be shown by ps"
    assert "pg_restore --clean --if-exists" in commands.run("restore", tmp_path / "a.tar", status=2)
    url = server.url_of("tables", "hub", PASSWORD)
    dump = tmp_path / "watchkeeper.dump"
    tools = [
        ("pg_dump", "--format=custom", "--schema=watchkeeper", f"--file={dump}", url),
        ("pg_restore", "--clean", "--if-exists", f"--dbname={url}", str(dump)),
    ]
    for name, *words in tools:
        done = subprocess.run([program(name), *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    commands.use(url)
    assert ",20.5" in commands.run("export", "-")
