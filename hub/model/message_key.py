"""Dedupe keys: one signed number of 64 bits a message, equal for a repeated delivery of the same message.

A key has two parts: the *stem* names the message (its ``seq``, or a hash of its ``id``), the rest is a checksum of what
it says. Only both together tell a repeated delivery: a device that restarts counts from 0 again, and one whose stem
stays the same while what it says differs has an ``id`` that names the device and no message.

==========  ===========================  ==================
            stem                         checksum
==========  ===========================  ==================
``seq``     31 bits, not negative        32 bits (CRC-32)
``id``      44 bits of a hash, negative  19 bits (of CRC-32)
==========  ===========================  ==================

By chance two different messages with an ``id`` are taken for one once in 2**63 pairs, two different ids for the same
one once in 2**44 pairs.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TypeVar

from hub.model.record_batch import Ints

SEQ_SHIFT, ID_SHIFT = 32, 19
"""Bits of the checksum."""
Whole = TypeVar("Whole", int, Ints)


def key_of_seq(seq: Whole, checksum: Whole) -> Whole:
    """Return the key of a message that counts, of numbers or of columns of them (int64); it grows with ``seq``.

    ``checksum`` (32 bits) is that of its payload.
    """
    return (seq & 0x7FFF_FFFF) << SEQ_SHIFT | checksum


def key_of_id(name: str, content: bytes) -> int:
    """Return the key of a message called ``name`` that says ``content``."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, person=b"message id").digest()
    stem = int.from_bytes(digest) >> (ID_SHIFT + 1)
    return -1 - (stem << ID_SHIFT | zlib.crc32(content) & ((1 << ID_SHIFT) - 1))


def stem_of(key: int) -> int:
    """Return the part of a key that names the message: not negative for a ``seq``, negative for an ``id``."""
    return key >> (SEQ_SHIFT if key >= 0 else ID_SHIFT)
