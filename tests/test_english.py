"""Docstrings, comments and texts are written in plain English, but for the files on a list that only shrinks."""

from __future__ import annotations

from pathlib import Path

import pytest

import english


def test_rewritten_files_stay_plain() -> None:
    listed = english.pending()
    faults = [f"{name}: {fault}" for name, fault in english.faults([n for n in english.files() if n not in listed])]
    assert not faults, "\n".join(["", *faults])


def test_list_of_files_to_rewrite_only_shrinks() -> None:
    listed = english.pending()
    assert listed <= set(english.files()), "files that no longer exist: run `python tests/english.py`"
    wrong = {name for name, _ in english.faults(sorted(listed))}
    assert listed == wrong, "files that have become right: run `python tests/english.py`"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('"""Numbers."""\n\n\ndef f() -> int:\n    """The number."""\n    return 1\n', "D401"),
        ('"""Numbers."""\n\n# What was told is taken up anew.\n', "is hard to read"),
        ('"""Numbers that bear out an answer."""\n', "supported by"),
    ],
)
def test_private_english_is_found(text: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "number.py").write_text(text, "utf-8")
    monkeypatch.setattr(english, "ROOT", tmp_path)
    assert any(words in fault for _, fault in english.faults(["number.py"]))
