"""Constant or restarting ``id`` and ``seq`` values must not make readings look like duplicates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.model import DeleteDevice
from test_fast_path import HandlerRun, message
from test_pipeline import T0, running

MAC = "c4:7c:8d:66:10:11"


def values(run: HandlerRun, device: str = "d") -> list[Any]:
    """Return the values of metric ``t`` in order of receipt."""
    return [value for _, _, value, _ in sorted(run.history()[device, "t"], key=lambda point: point[1])]


def after_messages(*bodies: dict[str, Any]) -> HandlerRun:
    run = HandlerRun()
    for number, body in enumerate(bodies):
        run.report(body, at=1_000 * number)
    return run


@pytest.mark.parametrize("name", [{"id": MAC}, {"id": 7}, {"seq": 0}, {"seq": 1}, {"id": MAC, "seq": 3}])
def test_constant_id_or_seq_drops_no_reading(name: dict[str, Any]) -> None:
    numbers = [21.5, 22.5, 23.5, 23.5, 23.5, 21.5]
    run = after_messages(*({"t": number, **name} for number in numbers))
    assert values(run) == numbers
    assert run.batch.duplicates == 0
    assert run.registry.require("d").constant_id is not None


@pytest.mark.parametrize("name", [{"id": MAC}, {"seq": 0}])
def test_constant_id_or_seq_with_different_times_drops_no_reading(name: dict[str, Any]) -> None:
    run = after_messages(*({"t": 20, "ts": T0 + 1_000 * number, **name} for number in (0, 1, 2, 2)))
    assert len(values(run)) == 4


def test_constant_ids_of_several_sensors_of_one_device_drop_no_reading() -> None:
    run = after_messages(*({"t": number, "id": "ab"[number % 2]} for number in (1, 2, 3, 4, 3, 4, 3, 4)))
    assert values(run) == [1, 2, 3, 4, 3, 4, 3, 4]


def test_message_id_still_detects_duplicates() -> None:
    run = after_messages(*({"t": 20, "id": name} for name in ("a", "b", "a", "c", "b")))
    assert (len(values(run)), run.batch.duplicates) == (3, 2)
    assert run.registry.require("d").constant_id is None


def test_seq_beside_constant_id_still_detects_duplicates() -> None:
    run = after_messages(*({"t": 20, "id": MAC, "seq": seq} for seq in (1, 2, 3, 2, 3)))
    assert (len(values(run)), run.batch.duplicates) == (3, 2)


def test_seq_detects_duplicates_again_once_it_counts() -> None:
    run = after_messages(*({"t": number, "seq": 0} for number in (1, 2, 2)))
    for number in range(1, 40):
        run.report({"t": 20.0, "seq": number}, at=10_000 + 1_000 * number)
    run.report({"t": 20.0, "seq": 39}, at=60_000)
    assert run.batch.duplicates == 1
    assert run.registry.require("d").constant_id is None
    assert run.fast_count > 20, "the device is on the fast path again"


def test_repeated_list_with_shared_seq_is_duplicate() -> None:
    run = HandlerRun()
    for _ in range(2):
        run.report([{"t": 1, "seq": 7}, {"t": 2, "seq": 7}, {"t": 3, "seq": 7}])
    assert sorted(values(run)) == [1, 2, 3]
    assert run.batch.duplicates == 3


def test_lists_with_constant_id_drop_no_reading() -> None:
    run = HandlerRun()
    for start in (0, 10):
        run.report([{"t": start + number, "id": MAC} for number in range(3)], at=start)
    assert sorted(values(run)) == [0, 1, 2, 10, 11, 12]


@pytest.mark.parametrize("batch_size", [1, 50])
def test_seq_that_stops_counting_on_fast_path_drops_no_reading(batch_size: int) -> None:
    """The topic is on the fast path when the counter stops."""
    run = HandlerRun()
    messages = [message({"t": 20.0 + n % 3, "seq": min(n, 40)}, at=1_000 * n) for n in range(100)]
    for start in range(0, len(messages), batch_size):
        run.handle(*messages[start : start + batch_size])
    assert values(run) == [20.0 + n % 3 for n in range(100)]
    assert run.batch.duplicates == 0


def after_sequence(*seqs: int, value: Any = 20.0, interval_ms: int = 1_000, at: int = 0) -> HandlerRun:
    run = HandlerRun()
    for number, seq in enumerate(seqs):
        run.report({"t": value, "seq": seq}, at=at + interval_ms * number)
    return run


@pytest.mark.parametrize(
    "seqs",
    [
        [*range(6)] * 2,
        [*range(10), *range(3), *range(20)],
        [*range(1, 50)] * 3,
        [*range(200)] * 2,
        [*range(200), *range(2, 200)],
        [n % 16 for n in range(100)],
        [n % 256 for n in range(5, 600)],
        [n % 2 for n in range(20)],
        [5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [2**31 - 2, 2**31 - 1, 0, 1, 2],
    ],
    ids=lambda seqs: f"{seqs[0]}..{max(seqs)}-{len(seqs)}",
)
@pytest.mark.parametrize("value", [20.0, "open"])
def test_restarted_seq_with_equal_values_drops_no_reading(seqs: list[int], value: Any) -> None:
    run = after_sequence(*seqs, value=value)
    assert len(values(run)) == len(seqs)
    assert run.batch.duplicates == 0


@pytest.mark.parametrize("again", [[99], [98, 99], [*range(80, 100)], [99, 99], [99, 98, 99]])
@pytest.mark.parametrize("restarted", [False, True])
def test_resent_in_flight_messages_are_duplicates(again: list[int], restarted: bool) -> None:
    seqs = [*range(100)] * (1 + restarted)
    run = after_sequence(*seqs, *again, *range(100, 110))
    assert len(values(run)) == len(seqs) + 10
    assert run.batch.duplicates == len(again)


def test_device_that_restarts_before_each_message_drops_no_reading() -> None:
    assert len(values(after_sequence(*[0] * 10, interval_ms=300_000))) == 10
    assert len(values(after_sequence(0, 0, interval_ms=5_000))) == 1, "an immediate repeat is a duplicate"


def test_lists_that_number_items_from_zero_drop_no_reading() -> None:
    run = HandlerRun()
    for number in range(4):
        run.report([{"t": 1, "seq": 0}, {"t": 1, "seq": 1}], at=600_000 * number)
    assert len(values(run)) == 8


def test_restarted_seq_with_one_new_value_drops_no_reading() -> None:
    run = after_messages(*({"t": 20, "seq": seq} for seq in range(10)), {"t": 21, "seq": 0})
    for seq in range(1, 10):
        run.report({"t": 20, "seq": seq}, at=20_000 + seq)
    assert len(values(run)) == 20


def test_restarted_lists_are_kept_and_resent_lists_are_duplicates() -> None:
    lists = [[{"t": 1, "seq": 3 * number + place} for place in range(3)] for number in range(4)]
    run = HandlerRun()
    for number, items in enumerate([*lists, *lists[2:], *lists, lists[3]]):
        run.report(items, at=1_000 * number)
    assert len(values(run)) == 24
    assert run.batch.duplicates == 9


def test_late_message_does_not_restart_seq() -> None:
    run = after_sequence(*range(50), 51, 52, 50, 51, 52, 53)
    assert len(values(run)) == 54
    assert run.batch.duplicates == 2


async def test_redelivered_sequence_after_restart_is_duplicate(tmp_path: Path) -> None:
    async with running(tmp_path) as run:
        for seq in range(30):
            run.publish({"t": 20, "seq": seq})
        await run.drain()
    async with running(tmp_path) as run:
        for seq in range(30):
            run.publish({"t": 20, "seq": seq}, redelivered=True)
        for seq in range(30):
            run.publish({"t": 20, "seq": seq})
        await run.drain()
        assert run.pipeline.counters.duplicates == 30
        assert len(await run.points()) == 60
    async with running(tmp_path) as run:
        for seq in (28, 29, 30):
            run.publish({"t": 20, "seq": seq})
        await run.drain()
        assert run.pipeline.counters.duplicates == 2
        assert len(await run.points()) == 61


def test_deleted_device_forgets_constant_id() -> None:
    run = after_messages({"t": 1, "id": MAC}, {"t": 2, "id": MAC})
    run.submit(DeleteDevice("d", T0))
    run.report({"t": 3, "id": MAC}, at=9_000)
    assert run.registry.require("d").constant_id is None


async def test_constant_id_is_detected_across_restarts(tmp_path: Path) -> None:
    other = "devices/other/telemetry"
    for restart, number in enumerate((21.5, 22.5, 22.5)):
        async with running(tmp_path) as run:
            run.publish({"t": number, "id": MAC}, at=T0 + restart)
            run.publish({"t": 1, "id": "m-1"}, topic=other)
            await run.drain()
            assert (run.registry.require("d").constant_id is None) == (restart == 0)
            assert run.registry.require("other").constant_id is None
            assert run.pipeline.counters.duplicates == (restart > 0), "a message id must be known after a restart"
            assert len(await run.points()) == restart + 1
