"""The store on PostgreSQL.

It runs the SQL of :mod:`hub.store` on a server instead of a file::

    sql_store.py, writer.py, chunks/, …     the SQL, written for both databases
         │ SqlConnection (hub/store/connection.py)
         ▼
    connection.py ──▶ sql.py     rewrites a statement for PostgreSQL
         │
         ├─ lease.py          which hub writes, and how another one takes over
         ├─ partitions.py        creates and drops the tables of sealed chunks
         ├─ errors.py            turns errors of the server into the hub's own
         └─ schema.py            the tables, in a schema of their own

One hub writes at a time, and has the *lease*: a number in the table ``lease`` that grows by one with each take-over.
Each transaction that writes checks this number, so a hub that has been replaced cannot write any more.
"""
