"""The settings in the documentation are valid: each block of TOML with tables of hub.toml is read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.assembly.load_settings import load_settings

DOCS = Path(__file__).parents[1] / "docs"
TABLES = re.compile(
    r"^\[(?:http|mqtt|dialects|log|store|ai|openid|presence|incidents|limits|analysis)[\].]", re.MULTILINE
)
BLOCKS = [
    (f"{file.relative_to(DOCS)}-{number}", block)
    for file in sorted(DOCS.rglob("*.md"))
    for number, block in enumerate(re.findall(r"```toml\n(.*?)```", file.read_text("utf-8"), re.DOTALL))
    if block.startswith(("[", "#")) and TABLES.search(block)
]


@pytest.mark.parametrize("block", [block for _, block in BLOCKS], ids=[name for name, _ in BLOCKS])
def test_settings_of_the_documentation_are_valid(tmp_path: Path, block: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret of the documentation")
    file = tmp_path / "hub.toml"
    file.write_text(re.sub(r'(\w+_from = )"[^"]*"', rf'\1"{secret}"', block))
    assert load_settings(file, environ={}) != load_settings(environ={})
