"""Log format: text from outside cannot forge log entries."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from datetime import datetime

import pypdf
import pytest
from pypdf.generic import DictionaryObject, NameObject, StreamObject

from hub.events import DeviceDiscovered
from hub.registry.registry import DeviceRegistry
from hub.runtime.bus import Bus
from hub.runtime.log_setup import LineFormatter
from hub.services.event_log import MAX_PER_MINUTE, EventLog
from hub.worker import Worker

FORGED = "2026-11-28 03:00:00,000 ERROR hub.api: FORGED"


def entry(message: str, *, error: Exception | None = None) -> str:
    formatter = LineFormatter("%(levelname)s %(name)s: %(message)s")
    info = (type(error), error, None) if error else None
    return formatter.format(logging.LogRecord("hub", logging.ERROR, "", 1, message, (), info))


@pytest.mark.parametrize("character", ["\n", "\r", "\x1b[2K\r", "\x85", "\u2028", "\x00", "\u202e"])
def test_control_characters_in_message_are_escaped(character: str) -> None:
    line = entry(f"the topic a{character}{FORGED}")
    assert line.isprintable()
    assert line.startswith("ERROR hub: the topic a")


def test_error_text_in_traceback_is_indented() -> None:
    lines = entry("failed", error=ValueError(f"bad\n{FORGED}\x1b[31m")).split("\n")
    assert all(line.startswith("    ") for line in lines[1:])
    assert any("FORGED" in line for line in lines[1:])
    assert "\x1b" not in "".join(lines)


def test_time_has_its_zone_and_json_is_one_object_a_line() -> None:
    code = (
        "import logging, hub.runtime.log_setup as s; s.configure(20); log = logging.getLogger('hub.x')\n"
        "log.info('as text'); s.set_level_and_format('warning', 'json'); log.info('too low'); log.warning('a\\nb')\n"
        "try: 1 / 0\nexcept ZeroDivisionError: log.exception('failed')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    text, *lines = done.stderr.splitlines()
    time, rest = text.split(" ", 1)
    assert datetime.fromisoformat(time).tzinfo is not None
    assert rest == "INFO hub.x: as text"
    warned, failed = map(json.loads, lines)
    assert (warned["level"], warned["logger"], warned["message"]) == ("warning", "hub.x", "a\\nb")
    assert datetime.fromisoformat(warned["time"]).tzinfo is not None
    assert "ZeroDivisionError" in failed["traceback"]


def test_events_are_logged_once_each_and_counted_in_a_storm(caplog: pytest.LogCaptureFixture) -> None:
    now = [60_000]
    events = EventLog(Bus(), DeviceRegistry(), lambda: now[0])
    with caplog.at_level(logging.INFO):
        events.write([DeviceDiscovered(f"pump-{number}", now[0]) for number in range(MAX_PER_MINUTE + 5)])
        now[0] += 60_000
        events.write([DeviceDiscovered("late", now[0])])
    messages = [each.getMessage() for each in caplog.records]
    assert messages[0] == "Device discovered: pump-0"
    assert messages[MAX_PER_MINUTE:] == ["5 more devices discovered within a minute", "Device discovered: late"]


def test_python_warning_is_logged_as_one_line() -> None:
    code = "import warnings, hub.runtime.log_setup as s; s.configure(20); warnings.warn('a\\n' + 'forged')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not [line for line in done.stderr.splitlines() if line.startswith("forged")]
    assert "py.warnings" in done.stderr


def forging_pdf() -> bytes:
    """Return a PDF with a font of unknown encoding, whose name pypdf quotes in a warning."""
    writer = pypdf.PdfWriter()
    page = writer.add_blank_page(200, 200)
    encoding = NameObject("/a#0A" + FORGED.replace(" ", "#20"))
    font = DictionaryObject({NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1")})
    font |= {NameObject("/BaseFont"): NameObject("/Helvetica"), NameObject("/Encoding"): NameObject("/SOME")}
    fonts = DictionaryObject({NameObject("/F1"): font})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    content = StreamObject()
    content.set_data(b"BT /F1 12 Tf 20 100 Td (Grease every week) Tj ET")
    page[NameObject("/Contents")] = writer._add_object(content)
    buffer = io.BytesIO()
    writer.write(buffer)
    return buffer.getvalue().replace(b"/SOME", encoding.encode())


async def test_document_cannot_forge_log_entry(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture) -> None:
    worker = Worker()
    found = await worker.run("document", forging_pdf())
    await worker.close()
    assert "Grease every week" in found["pages"][0]
    messages = [record.getMessage() for record in caplog.records if "FORGED" in record.getMessage()]
    assert messages, "the library did not quote the name, so the test is meaningless"
    assert all(message.startswith("worker: ") and "\n" not in message for message in messages)
    assert FORGED not in capfd.readouterr().err


def test_malformed_form_is_not_logged() -> None:
    """Malformed forms get status 400; logging each would let a client fill the log."""
    code = (
        "import logging, hub.runtime.log_setup as s; s.configure(20); "
        "logging.getLogger('python_multipart.multipart').warning('Expected boundary character')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stderr
