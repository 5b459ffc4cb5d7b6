"""A PostgreSQL server for tests: in a temporary folder, on a Unix socket only, and without waiting for the disk."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

USER = "postgres"
"""The server refuses to run as root, so it then runs as this user."""


def program(name: str) -> str:
    """Return the path of a program of PostgreSQL, which Debian does not put on the path."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ["PATH"]]))
    assert found, f"PostgreSQL is missing ({name}): see .ci/needs cluster"
    return found


class PostgresServer:
    """One server with an empty database. ``url`` is for :func:`psycopg.connect`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._as: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
        if self._as:
            shutil.chown(self.folder, USER, USER)
        self.url = f"postgresql://{USER}@/postgres?host={self.folder}"
        self._run("initdb", "--pgdata", str(self.folder / "data"), "--username", USER, "--auth", "trust", "--no-sync",
                  "--locale", "C.UTF-8", "--encoding", "UTF8")  # fmt: skip
        # Other users sign in with a password.
        (self.folder / "data" / "pg_hba.conf").write_text(
            f"local all {USER} trust\nlocal replication {USER} trust\nlocal all all scram-sha-256\n"
        )
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def _run(self, name: str, *arguments: str) -> None:
        command = [program(name), *arguments]
        done = subprocess.run(command, capture_output=True, check=False, cwd=self.folder, text=True, **self._as)
        assert done.returncode == 0, done.stderr

    def run_sql(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser, each in a transaction of its own."""
        with psycopg.connect(self.url_of(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def url_of(self, database: str, user: str = USER, password: str = "") -> str:
        """Return the URL of a database for a user."""
        return f"postgresql://{user}{password and ':' + password}@/{database}?host={self.folder}"

    @contextmanager
    def replica(self) -> Iterator[int]:
        """Run a replica of the server, and yield its port."""
        folder, port = self.folder / "replica", 5433
        self._run("pg_basebackup", "-D", str(folder), "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
                  "-h", str(self.folder), "-U", USER)  # fmt: skip
        with (self.folder / "replica.log").open("ab") as log:
            process = subprocess.Popen(
                [program("postgres"), "-D", str(folder), "-k", str(self.folder), "-h", "", "-p", str(port),
                 "-c", "fsync=off", "-c", "max_connections=60"],
                cwd=self.folder, stdout=log, stderr=log, **self._as,
            )  # fmt: skip
        try:
            yield port
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)

    def start(self) -> None:
        """Start the server, and wait until it accepts connections."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [program("postgres"), "-D", str(self.folder / "data"), "-k", str(self.folder), "-h", "",
                 "-c", "fsync=off", "-c", "max_connections=60"],
                cwd=self.folder, stdout=log, stderr=log, **self._as,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url).close()
                return
            except psycopg.OperationalError:
                assert self._process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < deadline, (self.folder / "log").read_text()
                time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT ends it cleanly. SIGQUIT ends all of it at once, as after a crash."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(30)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@cache
def shared_server() -> PostgresServer:
    """Return the server that all tests of this process use, each with a schema of its own."""
    server = PostgresServer()
    atexit.register(server.remove)
    return server
