"""Make QR codes: as rows of modules (dark and light squares) for the dashboard, as text for a terminal."""

from __future__ import annotations

import segno

QUIET = 2
"""Width of the empty margin in modules: the standard asks for 4, phones read it with 2."""


def rows(text: str) -> list[str]:
    """Return the rows of a QR code for ``text``: in each row, ``1`` is a dark square and ``0`` is a light one."""
    code = segno.make(text, error="m", micro=False)
    return ["".join("1" if dark else "0" for dark in row) for row in code.matrix_iter(border=QUIET)]


def as_text(text: str) -> str:
    """Return a QR code as text for a terminal with a dark background.

    Half blocks show two rows of the code in one line of text.
    """
    modules = rows(text)
    if len(modules) % 2:
        modules.append("0" * len(modules[0]))
    block = {"00": "█", "01": "▀", "10": "▄", "11": " "}
    pairs = zip(modules[::2], modules[1::2], strict=True)
    return "\n".join("".join(block[top + low] for top, low in zip(*pair, strict=True)) for pair in pairs)
