"""The lease: the right to write to the database, which one hub has at a time.

====================  ====================================================================================
table ``lease``       ``epoch`` grows by one with each take-over; each transaction that writes checks it
table ``heartbeat``   who has the lease, and when this hub last said so (epoch ms, by the server's clock)
====================  ====================================================================================

The hub that has the lease renews it every second. Another one takes it when it was not renewed for ``EXPIRED_MS``, or
was released. The clocks of the hubs are not used, and wrong times do no harm: a hub that wakes up after it was replaced
finds another epoch, and cannot write.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from hub.errors import StoreBusy, StoreError
from hub.runtime.database_url import database_name
from hub.store.postgresql.connection import PostgresConnection
from hub.store.postgresql.errors import translated
from hub.store.postgresql.schema import prepare_schema

log = logging.getLogger(__name__)

SCHEMA = "watchkeeper"
RENEW_S = 1.0
EXPIRED_MS = 6_000
SILENT_S = 4.0
"""A server that has not answered the renewal for so long is reported."""

NOW = "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)"


class Lease:
    """A lease that this hub has, with the connection and the thread that renew it."""

    def __init__(self, connection: PostgresConnection, url: str, epoch: int) -> None:
        self.epoch = epoch
        self._connection, self._name = connection, database_name(url)
        self._fault = ""  # why the last renewal failed
        self._renewed = time.monotonic()
        self._lost = False
        self._on_loss: list[Callable[[], object]] = []
        self._releasing = threading.Event()
        self._thread = threading.Thread(target=self._renew_until_released, name="store-lease", daemon=True)
        self._thread.start()

    def problem(self) -> str | None:
        """Return a sentence that says why the database cannot be used now; None if it can."""
        if self._lost:
            return "another hub has taken over the database"
        if self._fault:
            return self._fault
        silence = time.monotonic() - self._renewed
        return f"PostgreSQL at {self._name} has not answered for {silence:.0f} s" if silence > SILENT_S else None

    def on_loss(self, call: Callable[[], object]) -> None:
        """Call ``call``, possibly in another thread, when another hub has taken over; at once if it has already."""
        self._on_loss.append(call)
        if self._lost:
            call()

    def release(self) -> None:
        """Stop renewing, and let another hub take over at once."""
        self._releasing.set()
        self._thread.join()
        try:
            with translated():
                self._connection.execute("UPDATE heartbeat SET holder = NULL WHERE epoch = ?", (self.epoch,))
        except StoreError as error:
            log.info("The lease was not released (%s). It expires in %d s.", error.message, EXPIRED_MS // 1000)
        finally:
            self._connection.close()

    def _renew_until_released(self) -> None:
        while not self._lost and not self._releasing.wait(RENEW_S):
            try:
                with translated():
                    self._renew()
            except StoreError as error:
                if not self._fault:
                    log.warning("The connection to PostgreSQL is interrupted: %s", error)
                self._fault = error.message.rstrip(".")

    def _renew(self) -> None:
        if self._connection.closed:
            self._connection.reconnect()
        renewal = f"UPDATE heartbeat SET at = {NOW} WHERE epoch = ?"  # noqa: S608 (our own words)
        self._lost = self._connection.execute(renewal, (self.epoch,)).rowcount == 0
        self._renewed = time.monotonic()
        if self._fault and not self._lost:
            log.warning("The connection to PostgreSQL works again.")
        self._fault = ""
        if self._lost:
            for call in list(self._on_loss):
                call()


class Candidate:
    """A hub that wants the lease.

    Args:
        url: The database.
        holder: Names this hub to others. The lease of a hub of the same name is taken at once: the caller makes sure
            that no other hub of this name runs.
        schema: The schema with the tables.
    """

    def __init__(self, url: str, holder: str = "", schema: str = SCHEMA) -> None:
        self._url, self._schema, self._holder = url, schema, holder or "a hub without a name"
        self._connection: PostgresConnection | None = None
        self._not_before = 0.0  # take no expired lease before this time of the monotonic clock

    def poll(self) -> Lease | str:
        """Take the lease if no other hub has it. Return it, or else the name of the hub that has it. Blocks.

        Raises StoreError or a subclass.
        """
        asked = time.monotonic()
        try:
            with translated():
                connection = self._connected()
                holder = self._other_holder(connection)
                return holder or self._take(connection)
        except StoreBusy:
            self.close()
            raise
        finally:
            # After a pause of the server, the hub that has the lease may still be about to renew it.
            if time.monotonic() - asked > RENEW_S or self._connection is None:
                self._not_before = time.monotonic() + EXPIRED_MS / 1000

    def seize(self) -> Lease:
        """Take the lease, whoever has it. Blocks. Raises StoreError or a subclass."""
        with translated():
            connection = self._connected()
            with connection.transaction():
                epoch = self._write(connection)
            return self._lease(connection, epoch)

    def close(self) -> None:
        """Close the connection, unless a lease that was acquired uses it now."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> PostgresConnection:
        if self._connection is None or self._connection.closed:
            connection = PostgresConnection(self._url, self._schema)
            try:
                prepare_schema(connection, self._schema)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _other_holder(self, connection: PostgresConnection, lock: str = "") -> str | None:
        """Return the name of another hub whose lease has not expired. ``lock`` may be ``FOR UPDATE``."""
        query = f"SELECT holder, {NOW} - at FROM heartbeat {lock}"  # noqa: S608 (our own words)
        holder, age = connection.execute(query).fetchone()
        if holder is None or holder == self._holder:
            return None
        expired = age > EXPIRED_MS and time.monotonic() >= self._not_before
        return None if expired else str(holder)

    def _take(self, connection: PostgresConnection) -> Lease | str:
        with connection.transaction():
            # It may have been renewed, or taken by a third hub, meanwhile.
            if holder := self._other_holder(connection, "FOR UPDATE"):
                return holder
            epoch = self._write(connection)
        return self._lease(connection, epoch)

    def _write(self, connection: PostgresConnection) -> int:
        # Waits for the transaction of the hub that has the lease: it has locked this row.
        epoch = int(connection.execute("UPDATE lease SET epoch = epoch + 1 RETURNING epoch").fetchone()[0])
        taken = f"UPDATE heartbeat SET epoch = ?, holder = ?, at = {NOW}"  # noqa: S608 (our own words)
        connection.execute(taken, (epoch, self._holder))
        return epoch

    def _lease(self, connection: PostgresConnection, epoch: int) -> Lease:
        self._connection = None
        return Lease(connection, self._url, epoch)
