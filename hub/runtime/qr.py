"""A text as a QR code, as rows of modules. It knows no picture format: a terminal and a page draw it themselves."""

from __future__ import annotations

import segno

QUIET = 2
"""Empty modules around it: scanners need a margin (the standard asks for 4; phones are content with 2)."""


def rows(text: str) -> list[str]:
    """One text a row, ``1`` for a dark module and ``0`` for a light one."""
    code = segno.make(text, error="m", micro=False)
    return ["".join("1" if dark else "0" for dark in row) for row in code.matrix_iter(border=QUIET)]


def drawn(text: str) -> str:
    """For a terminal with a dark background: two rows a line, by half blocks."""
    found = rows(text)
    if len(found) % 2:
        found.append("0" * len(found[0]))
    block = {"00": "█", "01": "▀", "10": "▄", "11": " "}
    pairs = zip(found[::2], found[1::2], strict=True)
    return "\n".join("".join(block[top + low] for top, low in zip(*pair, strict=True)) for pair in pairs)
