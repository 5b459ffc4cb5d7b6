"""Log configuration: no text from outside can forge an entry.

Topics, file names and warnings of libraries contain text from outside. A line break in it must not look like the
beginning of another entry, and an escape sequence must not reach the terminal.

Libraries log from "warning" on only, whatever level is set: at lower levels they log the URLs and headers of requests,
which contain secrets.
"""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import Any, Literal

from hub.topics import printable

Level = Literal["debug", "info", "warning", "error"]
Form = Literal["text", "json"]
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_INDENT = "    "
_MAX_LINE = 4_000
"""Maximum number of characters of a line; the rest is cut off."""


class LineFormatter(logging.Formatter):
    """Escapes control characters in messages. Indents the lines of a traceback, which may quote text from outside."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 (the library's name)
        """Return the time of the record in ISO 8601, with the UTC offset of this machine."""
        return datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        record.message = printable(record.message, _MAX_LINE)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 (the library's name)
        lines = super().formatException(ei).splitlines()
        return "\n".join(_INDENT + printable(line, _MAX_LINE) for line in lines)


class JsonFormatter(LineFormatter):
    """Formats a record as one JSON object in one line.

    The keys are ``time``, ``level``, ``logger``, ``message`` and, if there is a traceback, ``traceback``.
    """

    def format(self, record: logging.LogRecord) -> str:
        found = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": printable(record.getMessage(), _MAX_LINE),
        }
        if record.exc_info:
            found["traceback"] = self.formatException(record.exc_info)
        return json.dumps(found, ensure_ascii=False)


class LibraryFilter(logging.Filter):
    """Passes all log records of the hub, and from libraries only those of the level "warning" or higher."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True if the log record comes from the hub, or has at least the level "warning"."""
        return record.levelno >= logging.WARNING or record.name.partition(".")[0] == "hub"


def set_level_and_format(level: Level, form: Form) -> None:
    """Set the log level and the format. :func:`configure` must have been called before."""
    formatter = JsonFormatter() if form == "json" else LineFormatter(_TEXT)
    root = logging.getLogger()
    root.setLevel(level.upper())
    for handler in root.handlers:
        if isinstance(handler.formatter, LineFormatter):
            handler.setFormatter(formatter)


def configure(level: int) -> None:
    """Send the log, with time and level, to the standard error. This includes warnings of libraries."""
    handler = logging.StreamHandler()
    handler.setFormatter(LineFormatter(_TEXT))
    handler.addFilter(LibraryFilter())
    logging.basicConfig(level=level, handlers=[handler])
    logging.captureWarnings(True)
    # python_multipart logs a warning for each malformed form, so a client could fill the log.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
