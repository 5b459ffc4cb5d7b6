"""Docstrings, comments, test names and texts are plain English."""

from __future__ import annotations

from pathlib import Path

import pytest

import english


def test_files_have_no_faults() -> None:
    faults = [f"{name}: {fault}" for name, fault in english.faults(english.files())]
    assert not faults, "\n".join(["", *faults])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('"""Numbers."""\n\n\ndef f() -> int:\n    """The number."""\n    return 1\n', "D401"),
        ('"""Numbers."""\n\n# What was told is taken up anew.\n', "is hard to read"),
        ('"""Numbers that bear out an answer."""\n', "supported by"),
    ],
)
def test_private_english_is_found(text: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "number.py").write_text(text, "utf-8")
    monkeypatch.setattr(english, "ROOT", tmp_path)
    assert any(fault in found for _, found in english.faults(["number.py"]))


@pytest.mark.parametrize(
    ("name", "is_plain"),
    [
        ("test_alert_survives_restart", True),
        ("test_whatsapp_message_is_sent", True),
        ("test_an_alert_survives_a_restart", False),
        ("test_what_comes_twice_is_done_once", False),
        ("test_one_that_comes_back_is_asked_again", False),
        ("test_fault_is_told_once", False),
        (f"test_{'long_' * 15}name", False),
    ],
)
def test_private_test_name_is_found(name: str, is_plain: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_alerts.py").write_text(f"async def {name}() -> None: ...\n", "utf-8")
    monkeypatch.setattr(english, "ROOT", tmp_path)
    found = [fault for _, fault in english.faults(["tests/test_alerts.py"])]
    assert bool(found) is not is_plain, found
