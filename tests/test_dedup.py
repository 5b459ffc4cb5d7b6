"""Deduplication window: keys within the windows are recognised as duplicates, other keys are not."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.registry.dedup import DedupWindow

MIN_KEY, MAX_KEY = -1 << 63, (1 << 63) - 1


def packed(*keys: int) -> bytes:
    return struct.pack(f"<{len(keys)}q", *keys)


def test_key_is_duplicate_within_device_or_overall_window():
    window = DedupWindow(overall=10, per_device=3)
    assert not window.check_and_add("quiet", 7)
    for number in range(50):
        assert not window.check_and_add("noisy", number)
    assert window.check_and_add("quiet", 7), "another device's keys must not evict this key"
    assert window.check_and_add("noisy", 45), "the key is still in the overall window"
    assert not window.check_and_add("noisy", 3)


def test_window_size_is_bounded():
    window = DedupWindow(overall=100, per_device=5)
    for number in range(10_000):
        window.check_and_add(f"d{number % 7}", number)
    assert len(window) <= 2 * 100 + 7 * 5


def test_window_is_restored_and_deleted_device_is_forgotten():
    window = DedupWindow()
    window.restore({"d": packed(1, 5, 9), "e": packed(1)}, [("d", 1), ("e", 1), ("d", 9)])
    assert [window.check_and_add("d", key) for key in (1, 5, 9, 2)] == [True, True, True, False]
    window.forget("d")
    assert [window.check_and_add("d", key) for key in (1, 5, 9, 2)] == [False] * 4
    assert window.check_and_add("e", 1)


def test_restored_device_evicts_oldest_keys_first():
    """Eviction order is the same as without a restart."""
    window = DedupWindow(overall=1, per_device=3)
    window.restore({"d": packed(10, 20, 30, 40)}, [])
    assert not window.check_and_add("d", 50)
    window.check_and_add("other", 1)  # evicts every key of d from the overall window
    assert [window.check_and_add("d", key) for key in (30, 40, 50)] == [True] * 3
    assert not window.check_and_add("d", 20)


def test_restarted_counter_is_accepted_and_its_repeats_are_duplicates():
    window = DedupWindow(overall=10, per_device=128)
    for number in range(1_000, 1_128):
        window.check_and_add("d", number)
    for number in range(64):
        assert not window.check_and_add("d", number), "the counter restarted"
    assert all(window.check_and_add("d", number) for number in (*range(1_064, 1_128), *range(64))), (
        "keys from before and after the restart"
    )
    assert not window.check_and_add("d", 1_128), "a new key must not be a duplicate"


@pytest.mark.parametrize("before", [0, 8])
def test_greater_key_from_before_restart_is_duplicate_while_in_window(before):
    """This also holds when only the overall window still has the key."""
    window = DedupWindow(overall=5, per_device=3)
    assert not any(window.check_and_add("x", number) for number in range(before))
    assert not any(window.check_and_add("d", number) for number in (100, 1, 2, 3, 4))
    assert window.check_and_add("d", 100)
    window = DedupWindow(overall=6, per_device=3)
    assert not any(window.check_and_add("x", number) for number in range(before))
    assert not any(
        window.check_and_add(device, number) for device, number in (("d", 100), ("d", 1), ("o", 1), ("o", 2))
    )
    assert not any(window.check_and_add("d", number) for number in (50, 2, 3, 4, 5))
    assert window.check_and_add("d", 50)


@pytest.mark.parametrize("key", [MIN_KEY, -1, 0, MAX_KEY])
def test_any_64_bit_key_is_valid(key):
    window = DedupWindow()
    assert [window.check_and_add("d", key), window.check_and_add("d", key), window.check_and_add("e", key)] == [
        False,
        True,
        False,
    ]


def test_bytes_across_two_packed_keys_are_not_a_key():
    first, second = 0x0102030405060708, 0x1112131415161718
    across = first >> 32 | (second & 0xFFFF_FFFF) << 32
    assert packed(first, second)[4:12] == packed(across)
    window = DedupWindow(overall=1)
    for key in (first, second, MAX_KEY):
        assert not window.check_and_add("d", key)
    assert not window.check_and_add("d", across)
    window.check_and_add("other", 1)
    assert window.check_and_add("d", across), "the search must continue after the false match"
    assert window.check_and_add("d", first)


KEYS = st.integers(0, 11) | st.sampled_from([MIN_KEY, -2, MAX_KEY, 1 << 56, 257 << 32])


@given(st.lists(st.tuples(st.sampled_from("aaab"), st.none() | KEYS, st.integers(1, 6)), max_size=150))
def test_window_agrees_with_model_for_any_key_sequence(steps):
    """Compare with a model of plain lists: keys in a window are duplicates, keys never seen are not.

    Each step is (device, first key, count) and adds ``count`` consecutive keys; key ``None`` deletes the device.
    """
    window, overall, each = DedupWindow(overall=4, per_device=3), 4, 3
    accepted: list[tuple[str, int]] = []
    for device, first, count in steps:
        if first is None:
            window.forget(device)
            accepted = [("", 0) if one[0] == device else one for one in accepted]
            continue
        for key in range(first, min(first + count, MAX_KEY + 1)):
            own = [one for one in accepted if one[0] == device]
            duplicate = window.check_and_add(device, key)
            if (device, key) in accepted[-overall:] or (device, key) in own[-each:]:
                assert duplicate
            elif (device, key) not in accepted:
                assert not duplicate
            if not duplicate:
                accepted.append((device, key))
