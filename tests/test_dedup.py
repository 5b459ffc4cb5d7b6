"""The memory of what was delivered: a key is told again within its windows, and no other one is."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.registry.dedup import DedupWindow

LEAST, MOST = -1 << 63, (1 << 63) - 1


def packed(*keys: int) -> bytes:
    return struct.pack(f"<{len(keys)}q", *keys)


def test_a_key_is_known_again_within_either_window():
    window = DedupWindow(overall=10, each=3)
    assert not window.check_and_add("quiet", 7)
    for number in range(50):
        assert not window.check_and_add("noisy", number)
    assert window.check_and_add("quiet", 7), "a noisy neighbour must not push it out"
    assert window.check_and_add("noisy", 45), "still in flight for all"
    assert not window.check_and_add("noisy", 3)


def test_the_window_stays_bounded():
    window = DedupWindow(overall=100, each=5)
    for number in range(10_000):
        window.check_and_add(f"d{number % 7}", number)
    assert len(window) <= 2 * 100 + 7 * 5


def test_a_window_is_restored_and_forgets_a_deleted_device():
    window = DedupWindow()
    window.restore({"d": packed(1, 5, 9), "e": packed(1)}, [("d", 1), ("e", 1), ("d", 9)])
    assert [window.check_and_add("d", key) for key in (1, 5, 9, 2)] == [True, True, True, False]
    window.forget("d")
    assert [window.check_and_add("d", key) for key in (1, 5, 9, 2)] == [False] * 4
    assert window.check_and_add("e", 1)


def test_a_restored_device_goes_on_where_it_was():
    """Its oldest keys make room, in their order, as if it had never been away."""
    window = DedupWindow(overall=1, each=3)
    window.restore({"d": packed(10, 20, 30, 40)}, [])
    assert not window.check_and_add("d", 50)
    window.check_and_add("other", 1)  # nothing of it is among the last of all
    assert [window.check_and_add("d", key) for key in (30, 40, 50)] == [True] * 3
    assert not window.check_and_add("d", 20)


def test_a_device_that_counts_anew_is_heard_and_what_it_says_again_is_told():
    window = DedupWindow(overall=10, each=128)
    for number in range(1_000, 1_128):
        window.check_and_add("d", number)
    for number in range(64):
        assert not window.check_and_add("d", number), "it has restarted"
    assert all(window.check_and_add("d", number) for number in (*range(1_064, 1_128), *range(64))), (
        "of before and of after"
    )
    assert not window.check_and_add("d", 1_128), "a number that it never said"


@pytest.mark.parametrize("before", [0, 8])
def test_greater_numbers_of_before_are_told_for_as_long_as_they_are_remembered(before):
    """Also once the device's own window has none of them: those of all have them still."""
    window = DedupWindow(overall=5, each=3)
    assert not any(window.check_and_add("x", number) for number in range(before))
    assert not any(window.check_and_add("d", number) for number in (100, 1, 2, 3, 4))
    assert window.check_and_add("d", 100)
    window = DedupWindow(overall=6, each=3)
    assert not any(window.check_and_add("x", number) for number in range(before))
    assert not any(
        window.check_and_add(device, number) for device, number in (("d", 100), ("d", 1), ("o", 1), ("o", 2))
    )
    assert not any(window.check_and_add("d", number) for number in (50, 2, 3, 4, 5))
    assert window.check_and_add("d", 50)


@pytest.mark.parametrize("key", [LEAST, -1, 0, MOST])
def test_any_key_of_64_bits_will_do(key):
    window = DedupWindow()
    assert [window.check_and_add("d", key), window.check_and_add("d", key), window.check_and_add("e", key)] == [
        False,
        True,
        False,
    ]


def test_what_stands_across_two_keys_is_none():
    first, second = 0x0102030405060708, 0x1112131415161718
    across = first >> 32 | (second & 0xFFFF_FFFF) << 32
    assert packed(first, second)[4:12] == packed(across)
    window = DedupWindow(overall=1)
    for key in (first, second, MOST):
        assert not window.check_and_add("d", key)
    assert not window.check_and_add("d", across)
    window.check_and_add("other", 1)
    assert window.check_and_add("d", across), "and it is found behind the place where it is none"
    assert window.check_and_add("d", first)


KEYS = st.integers(0, 11) | st.sampled_from([LEAST, -2, MOST, 1 << 56, 257 << 32])


@given(st.lists(st.tuples(st.sampled_from("aaab"), st.none() | KEYS, st.integers(1, 6)), max_size=150))
def test_whatever_comes_in_whatever_order(said):
    """Against plain lists: what is in a window is told, and what never came is not. ``None`` deletes the device; of
    others so many follow, each one greater."""
    window, overall, each = DedupWindow(overall=4, each=3), 4, 3
    accepted: list[tuple[str, int]] = []
    for device, first, count in said:
        if first is None:
            window.forget(device)
            accepted = [("", 0) if one[0] == device else one for one in accepted]
            continue
        for key in range(first, min(first + count, MOST + 1)):
            own = [one for one in accepted if one[0] == device]
            told = window.check_and_add(device, key)
            if (device, key) in accepted[-overall:] or (device, key) in own[-each:]:
                assert told
            elif (device, key) not in accepted:
                assert not told
            if not told:
                accepted.append((device, key))
