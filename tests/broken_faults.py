"""A broken version of the hub for each of the 26 faults of ``docs/security-tests.md``, except 11 and 25.

Fault 11 needs a PostgreSQL, and memory that grows is seen in an hour of ``python -m benchmarks.soak``, not in a test.
"""

from __future__ import annotations

from broken_version import BrokenVersion

_COMMIT = """        if delta is not None:
            await self._committer.commit(delta, self.link)
"""
_EARLY = f"""        if self.link is not None:
            self.link.ack(batch.receipts)
            batch.receipts = []
{_COMMIT}"""

BROKEN_FAULTS = (
    BrokenVersion(
        "F1",
        "acknowledging after the commit only",
        "hub/ingest/pipeline.py",
        _COMMIT,
        _EARLY,
        "test_kill.py::test_killed_hub_stores_confirmed_messages_exactly_once",
    ),
    BrokenVersion(
        "F2",
        "reporting what the broker dropped",
        "hub/mqtt/broker_drops.py",
        "if known is None:",
        "if True:",
        "test_faults.py::test_messages_dropped_by_broker_while_hub_was_down_are_reported",
    ),
    BrokenVersion(
        "F3",
        "noticing that the broker lost the session",
        "hub/mqtt/reconnecting_client.py",
        "if not connection.session_present and self._had_session:",
        "if False:",
        "test_faults.py::test_hub_reconnects_to_killed_broker_and_reports_lost_session",
    ),
    BrokenVersion(
        "F4",
        "continuing the session at the broker",
        "hub/mqtt/fast/connection.py",
        "clean_start=not settings.persistent",
        "clean_start=True",
        "test_faults.py::test_broker_restart_under_load_loses_no_message",
    ),
    BrokenVersion(
        "F5",
        "ending a silent connection",
        "hub/mqtt/fast/connection.py",
        ">= 1.5 * self._keepalive:",
        ">= 15 * self._keepalive:",
        "test_mqtt_outages.py::test_half_open_connection_is_detected_within_two_keepalives[5]",
    ),
    BrokenVersion(
        "F6",
        "closing the socket of a lost connection",
        "hub/mqtt/fast/connection.py",
        "        if self._transport is not None:\n            self._transport.abort()",
        "        self._loop.create_task(asyncio.sleep(3600))",
        "test_mqtt_outages.py::test_500_reconnects_leak_no_tasks_threads_or_files[5]",
    ),
    BrokenVersion(
        "F7",
        "writing a batch again until the database accepts it",
        "hub/ingest/committer.py",
        "            await asyncio.sleep(pause)\n            pause = min(5.0, pause * 2)",
        "            break",
        "test_store_outages.py::test_locked_database_stops_acknowledgements_with_bounded_memory",
    ),
    BrokenVersion(
        "F7",
        "waiting while the batch is full",
        "hub/ingest/pipeline.py",
        "if self._batch.messages >= MAX_BATCH_MESSAGES:",
        "if False:",
        "test_store_outages.py::test_locked_database_stops_acknowledgements_with_bounded_memory",
    ),
    BrokenVersion(
        "F8",
        "acknowledging after the commit only",
        "hub/ingest/pipeline.py",
        _COMMIT,
        _EARLY,
        "test_faults.py::test_full_disk_stops_acknowledgements_and_hub_recovers",
    ),
    BrokenVersion(
        "F9",
        "waiting for the disk",
        "hub/store/sqlite_connection.py",
        'no longer has.\n    connection.execute("PRAGMA synchronous = FULL")',
        'no longer has.\n    connection.execute("PRAGMA synchronous = NORMAL")',
        "test_store_faults.py::test_every_commit_is_synced_to_the_disk",
    ),
    BrokenVersion(
        "F10",
        "keeping a damaged database",
        "hub/store/sqlite_connection.py",
        "    path.rename(target)\n",
        "    path.unlink()\n    target.touch()\n",
        "test_faults.py::test_damaged_history_is_set_aside_and_hub_serves_on",
    ),
    BrokenVersion(
        "F12",
        "looking for a key in the window",
        "hub/registry/dedup.py",
        "elif self._found(slot, key):",
        "elif False:",
        "test_dedup.py::test_key_is_duplicate_within_device_or_overall_window",
    ),
    BrokenVersion(
        "F12",
        "the keys from before a restart",
        "hub/registry/dedup.py",
        "self._counts[slot] = keys, len(keys)",
        "self._counts[slot] = keys, 0",
        "test_dedup.py::test_window_is_restored_and_deleted_device_is_forgotten",
    ),
    BrokenVersion(
        "F13",
        "noticing that the counter of a device restarted",
        "hub/registry/dedup.py",
        "if not 0 <= key <= greatest:",
        "if True:",
        "test_store_outages.py::test_equal_readings_and_restarted_seq_are_stored",
    ),
    BrokenVersion(
        "F14",
        "acknowledging a rejected message",
        "hub/ingest/handler.py",
        "            batch.reject(rejection(message, error))\n            self._registry.fast_path.demote",
        "            batch.reject(rejection(message, error))\n            batch.receipts.remove(message)\n"
        "            self._registry.fast_path.demote",
        "test_faults.py::test_invalid_message_is_rejected_acknowledged_and_not_redelivered",
    ),
    BrokenVersion(
        "F15",
        "a limit of the queue",
        "hub/ingest/queue.py",
        "if self._waiting + len(messages) <= self._fair_above:",
        "if True:",
        "test_overload.py::test_qos0_flood_is_shed_with_bounded_memory",
    ),
    BrokenVersion(
        "F16",
        "a quota of the queue for each topic",
        "hub/ingest/queue.py",
        "(count := counts[message.topic]) < self._topic_quota:",
        "(count := counts[message.topic]) < self._capacity:",
        "test_overload.py::test_noisy_device_does_not_delay_others",
    ),
    BrokenVersion(
        "F17",
        "sharing the list of devices",
        "hub/api/live/device_list.py",
        "if self._text is None or self._changes.lagged:",
        "if True:",
        "test_slow_viewers.py::test_sockets_that_do_not_read_share_one_list_and_delay_nobody",
    ),
    BrokenVersion(
        "F18",
        "resuming a stream",
        "hub/api/live/dashboard_socket.py",
        "elif self.columns.knows(message.epoch, message.since):",
        "elif False:",
        "test_live_resume.py::test_resume_after_reconnect_sends_one_delta",
    ),
    BrokenVersion(
        "F19",
        "distrusting a device's wrong clock",
        "hub/dialects/times.py",
        'return (received, "clock") if received - ts > DAY or ts > received else (ts, "late")',
        'return ts, "late"',
        "test_clocks.py::test_device_with_wrong_clock_uses_receive_time_and_is_marked",
    ),
    BrokenVersion(
        "F20",
        "a circuit breaker",
        "hub/ai/circuit_breaker.py",
        "return self._failures < FAILURES or (",
        "return True or (",
        "test_provider_faults.py::test_failing_provider_is_not_called_for_a_while",
    ),
    BrokenVersion(
        "F21",
        "keeping an upload out of named files",
        "hub/analysis/service.py",
        "        pages: Sequence[str] = ()\n",
        "        pages: Sequence[str] = ()\n        __import__('tempfile').mkstemp()\n",
        "test_killed_upload.py::test_hub_killed_while_it_reads_file_keeps_nothing_of_it",
    ),
    BrokenVersion(
        "F22",
        "the expiry of a command",
        "hub/control/command_tracker.py",
        "if now >= command.expires_at:",
        "if False:",
        "test_commands.py::test_command_for_offline_device_is_delivered_on_return_or_expires",
    ),
    BrokenVersion(
        "F22",
        "remembering after a restart which commands were sent",
        "hub/control/command_tracker.py",
        "for command in commands:\n            self._update(command)",
        "for command in commands:\n"
        '            self._update(replace(command, state="queued") if command.state == "sent" else command)',
        "test_commands.py::test_killed_hub_sends_no_command_twice",
    ),
    BrokenVersion(
        "F23",
        "writing the format after its last step only",
        "hub/store/migrations.py",
        "        while step is not None and",
        '        connection.execute(f"PRAGMA user_version = {number}")\n        while step is not None and',
        "test_store_migrations.py::test_failed_migration_step_continues_at_next_start",
    ),
    BrokenVersion(
        "F23",
        "a transaction for a migration",
        "hub/store/migrations.py",
        "with connection.transaction():",
        "if True:",
        "test_store_migrations.py::test_failed_migration_is_rolled_back",
    ),
    BrokenVersion(
        "F24",
        "a connection until everything is acknowledged",
        "hub/assembly/app.py",
        "connection.link.pause()",
        "link.cancel()",
        "test_faults.py::test_sigterm_under_load_stores_and_acknowledges",
    ),
    BrokenVersion(
        "F26",
        "a consistent copy of the database",
        "hub/store/database_copy.py",
        "source.backup(copy)",
        "unfinished.write_bytes(path.read_bytes())",
        "test_store_faults.py::test_backup_is_consistent_during_commits",
    ),
)
