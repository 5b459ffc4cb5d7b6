"""SIGKILL of the hub during an upload: nothing of it is left, and the same file can be sent again."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from sample_files import pdf
from serving import Serving, served, until

PAGES = ["Replace the bearing when the vibration is above 7.1 mm/s."] * 200


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    with served(tmp_path) as hub:
        yield hub


def kill_and_check(hub: Serving) -> None:
    """Kill the hub with SIGKILL, and check that nothing is left of the upload after a restart."""
    assert hub.process is not None
    children = psutil.Process(hub.process.pid).children(recursive=True)
    hub.kill()
    until(lambda: not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children))
    hub.start()
    assert hub.get("/api/analyses")["items"] == []
    assert list((hub.data.parent / "temporary").iterdir()) == []
    file = {"file": ("manual.pdf", pdf(*PAGES[:1]), "application/pdf")}
    answer = hub.http.post("/analyze/document", files=file, timeout=60)
    assert answer.status_code == 200, answer.text
    assert len(hub.get("/api/analyses")["items"]) == 1


def test_hub_killed_while_file_arrives_keeps_nothing_of_it(hub: Serving) -> None:
    head = (
        b"POST /analyze/document HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n"
        b"Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="manual.pdf"\r\n\r\n%PDF-1.7\n'
    )
    with socket.create_connection(("127.0.0.1", hub.port), timeout=30) as upload:
        upload.sendall(head + bytes(3_000_000))  # above the size that is held in memory
        kill_and_check(hub)


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_hub_killed_while_table_arrives_keeps_nothing_of_it(hub: Serving, format: str) -> None:
    head = f"POST /api/history/import?format={format} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000000\r\n\r\n"
    rows = b"time,device,metric,value\n" + b"2026-11-22T22:00:00Z,pump,t,21.5\n" * 100_000
    with socket.create_connection(("127.0.0.1", hub.port), timeout=30) as upload:
        upload.sendall(head.encode() + rows)
        assert hub.process is not None
        process = psutil.Process(hub.process.pid)
        until(lambda: any(child.cmdline() for child in process.children(recursive=True)))
        kill_and_check(hub)


def test_hub_killed_while_it_reads_file_keeps_nothing_of_it(hub: Serving) -> None:
    file = {"file": ("manual.pdf", pdf(*PAGES), "application/pdf")}
    stream = {"accept": "application/x-ndjson"}
    with hub.http.stream(
        "POST", "/analyze/document", files=file, data={"keep": "true"}, headers=stream, timeout=60
    ) as answer:
        lines = answer.iter_lines()
        assert '"started"' in next(lines)
        kill_and_check(hub)
        with pytest.raises(httpx.TransportError):
            list(lines)
