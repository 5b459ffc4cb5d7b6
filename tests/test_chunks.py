"""Chunk codec: values round-trip bit for bit, in the expected number of bytes."""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from hub.store.chunks.codec import POINTS, decode, encode
from hub.store.points import Floats, Ints, Points

FINITE = st.floats(allow_nan=False, allow_infinity=False)
NEAR = st.floats(59.9, 60.1)
SHAPES = st.one_of(
    st.lists(FINITE, min_size=1, max_size=40),
    st.lists(NEAR, min_size=1, max_size=40),
    st.lists(NEAR.map(lambda value: -value), min_size=1, max_size=40),
    st.lists(st.integers(-(2**52), 2**52).map(float), min_size=1, max_size=40),
    st.lists(st.integers(-(10**6), 10**6).map(lambda tenths: tenths / 1000), min_size=1, max_size=40),
    st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40),
)


def columns(ts: Ints, value: Floats) -> Points:
    codes = np.zeros(len(ts), np.uint8)
    return Points(np.zeros(len(ts), np.int64), ts, value, codes, codes)


@settings(max_examples=examples(300), deadline=None)
@given(st.lists(SHAPES, min_size=1, max_size=4), st.randoms())
def test_chunks_round_trip_bit_for_bit(chunks: list[list[float]], draw: random.Random) -> None:
    scale = draw.choice([1, 1_000, 10**7, 10**11])
    ts = np.concatenate([np.sort([draw.randrange(scale * 50) for _ in chunk]) for chunk in chunks]).astype(np.int64)
    value = np.array([v + 0.0 for chunk in chunks for v in chunk])  # + 0.0 removes the sign of zero
    counts = [len(chunk) for chunk in chunks]
    starts = np.cumsum([0, *counts[:-1]])
    bodies = encode(columns(ts, value), starts)
    found = decode(range(len(chunks)), ts[starts].tolist(), bodies)
    assert found.series.tolist() == [i for i, count in enumerate(counts) for _ in range(count)]
    assert found.ts.tolist() == ts.tolist()
    assert found.value.tobytes() == value.tobytes()


@pytest.mark.parametrize(
    ("name", "bytes_per_point", "values"),
    [
        ("equal", 0, lambda draw, i: 71.3),
        ("tenths", 1, lambda draw, i: round(20 + draw.random() * 20, 1)),
        ("a counter", 0, lambda draw, i: 1e6 + 5 * i),
        ("thousandths", 2, lambda draw, i: round(20 + draw.random() * 20, 3)),
        ("millionths", 4, lambda draw, i: round(20 + draw.random() * 10, 6)),
        ("single precision", 4, lambda draw, i: struct.unpack("f", struct.pack("f", draw.gauss(0, 1)))[0]),
        ("doubles of one exponent", 8, lambda draw, i: 60 + draw.random()),
        ("doubles of any exponent", 8, lambda draw, i: draw.gauss(0, 1) * 10 ** draw.randrange(-9, 9)),
    ],
)
def test_chunk_size_matches_value_range(name: str, bytes_per_point: int, values: object) -> None:
    draw = random.Random(name)
    value = np.array([values(draw, i) for i in range(POINTS)])
    [body] = encode(columns(np.arange(POINTS) * 1000, value), np.zeros(1, np.int64))
    assert bytes_per_point * (POINTS - 1) <= len(body) <= bytes_per_point * POINTS + 40
    assert decode([0], [0], [body]).value.tobytes() == value.tobytes()
