"""Log configuration: no text from outside can forge an entry.

Topics, file names and warnings of libraries contain text from outside. A line break in it must not look like the
beginning of another entry, and an escape sequence must not reach the terminal.
"""

from __future__ import annotations

import logging
from typing import Any

from hub.topics import printable

_INDENT = "    "
_LONGEST = 4_000
"""Characters of one line; the rest is cut off."""


class LineFormatter(logging.Formatter):
    """Escape control characters in the message; indent the lines of a traceback, which may quote foreign text."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        record.message = printable(record.message, _LONGEST)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the library's name)
        lines = super().formatException(ei).splitlines()
        return "\n".join(_INDENT + printable(line, _LONGEST) for line in lines)


def configure(level: int) -> None:
    """Log to the standard error with time and level, warnings of libraries included."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    logging.captureWarnings(True)
    # It logs a warning for each malformed form, which is answered with 400: a client could fill the log.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
