"""``python tests/layer_map.py``: write the table of layers into README.md and docs/architecture.md.

The layers come from the import contracts in pyproject.toml, the descriptions from each package's docstring. A test
checks that both files are up to date.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FILES = ("README.md", "docs/architecture.md")
BEGIN, END = "<!-- layers: written by tests/layer_map.py -->", "<!-- end of layers -->"


def contracts(root: Path = ROOT) -> list[dict[str, Any]]:
    """Return the import contracts of pyproject.toml."""
    settings = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))
    found: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return found


def layers(root: Path = ROOT) -> list[list[str]]:
    """Return the names of the packages and modules below ``hub``, layer by layer from the top."""
    (contract,) = (each for each in contracts(root) if each["id"] == "layers")
    return [re.split(r"\s*[|:]\s*", line) for line in contract["layers"]]


def layer_map(root: Path = ROOT) -> str:
    """Return the layers as a Markdown table, top layer first; packages of one layer do not import each other."""
    rows = ["| layer | package | what it does |", "|---|---|---|"]
    found = layers(root)
    for number, names in zip(range(len(found), 0, -1), found, strict=True):
        rows += [f"| {number} | {_name(root, name)} | {_summary(root, name)} |" for name in names]
    return "\n".join(rows)


def _path(root: Path, name: str) -> Path:
    folder = root / "hub" / name
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")


def _name(root: Path, name: str) -> str:
    return f"`{name}/`" if (root / "hub" / name).is_dir() else f"`{name}.py`"


def _summary(root: Path, name: str) -> str:
    docstring = ast.get_docstring(ast.parse(_path(root, name).read_text("utf-8"))) or ""
    return docstring.split("\n\n")[0].replace("\n", " ").replace("``", "`")


def with_map(text: str, table: str) -> str:
    """Return ``text`` with ``table`` between the two markers. Raise ValueError if they are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The text needs the lines {BEGIN!r} and {END!r}.")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main() -> None:
    """Write the map into each of :data:`FILES`."""
    for name in FILES:
        file = ROOT / name
        file.write_text(with_map(file.read_text("utf-8"), layer_map()), "utf-8")


if __name__ == "__main__":
    main()
