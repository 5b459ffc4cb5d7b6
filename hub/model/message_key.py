"""Deduplication keys: a signed 64-bit integer per message, equal for a repeated delivery of the same message.

A key has two parts: the *stem* identifies the message (its ``seq``, or a hash of its ``id``), the other part is a
checksum of its content. Both parts are needed. A device that restarts counts from 0 again, so an old ``seq`` comes with
new content. And if the stem stays the same while the content changes, the ``id`` names the device, not the message.

==========  ===========================  ==================
            stem                         checksum
==========  ===========================  ==================
``seq``     31 bits, not negative        32 bits (CRC-32)
``id``      44 bits of a hash, negative  19 bits (of CRC-32)
==========  ===========================  ==================

Two different messages with an ``id`` have the same key by chance once in 2**63 pairs, two different ids have the same
stem once in 2**44 pairs.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TypeVar

from hub.model.record_batch import Ints

SEQ_SHIFT, ID_SHIFT = 32, 19
"""The number of checksum bits in a key: in the key of a ``seq``, and in the key of an ``id``."""
Whole = TypeVar("Whole", int, Ints)


def key_of_seq(seq: Whole, checksum: Whole) -> Whole:
    """Return the key of a message with a ``seq``. Keys grow with ``seq``.

    ``checksum`` is the CRC-32 of the payload. For int64 columns as arguments, return a column of keys.
    """
    return (seq & 0x7FFF_FFFF) << SEQ_SHIFT | checksum


def key_of_id(name: str, content: bytes) -> int:
    """Return the deduplication key of a message: the same for each delivery of it.

    ``name`` is the ``id`` field of the message, and ``content`` its payload.
    """
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, person=b"message id").digest()
    stem = int.from_bytes(digest) >> (ID_SHIFT + 1)
    return -1 - (stem << ID_SHIFT | zlib.crc32(content) & ((1 << ID_SHIFT) - 1))


def stem_of(key: int) -> int:
    """Return the part of a key that is the same for all items of a message; negative if it comes from an ``id``."""
    return key >> (SEQ_SHIFT if key >= 0 else ID_SHIFT)
