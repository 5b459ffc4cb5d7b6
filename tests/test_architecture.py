"""The source tree passes the import contracts and the checks of ``architecture.py``, and each check can fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from architecture import (
    CHECKS,
    MAX_LINES,
    Tree,
    class_faults,
    docstring_faults,
    error_code_faults,
    length_faults,
    library_faults,
    name_faults,
    read_tree,
    task_faults,
    waiting_faults,
)
from layer_map import FILES, layer_map, with_map

ROOT = Path(__file__).parents[1]
Check = Callable[[Tree], Iterator[str]]

# Small source tree without faults; each violation below adds or replaces files in it.
VALID_TREE = {
    "hub/__init__.py": '"""A hub."""\n__version__ = "1"\n',
    "hub/errors.py": '"""Errors."""\nclass HubError(Exception):\n    code = "hub"\n',
    "hub/model/__init__.py": '"""Words."""\nfrom hub.model.device import Device\n',
    "hub/model/device.py": '"""A device."""\nimport msgspec\nclass Device(msgspec.Struct):\n    id: str\n',
    "hub/events.py": '"""Events."""\nfrom hub.model import Device\n',
    "hub/topics.py": '"""Topics."""\n',
    "hub/dialects/__init__.py": '"""Dialects."""\nfrom hub import topics\nfrom hub.dialects import native\n',
    "hub/dialects/native.py": '"""Native."""\nfrom hub.model.device import Device\n',
    "hub/store/__init__.py": '"""History."""\nimport sqlite3\n',
    "hub/api/__init__.py": '"""HTTP."""\nfrom fastapi import FastAPI\n',
    "hub/api/requests.py": '"""JSON."""\nimport pydantic\nfrom hub import __version__\n',
    "hub/app.py": (
        '"""The life."""\nimport asyncio\nfrom hub import api\n'
        "async def serve():\n"
        "    async with asyncio.TaskGroup() as group:\n"
        '        group.create_task(api.run(), name="api")\n'
        '    task = asyncio.create_task(api.run(), name="again")\n'
        "    await task\n"
    ),
    "hub/server/__init__.py": '"""Web server."""\nimport uvicorn\n',
    "simulators/__init__.py": '"""Machines."""\n',
    "simulators/pump.py": '"""A pump."""\nimport paho.mqtt.client\nfrom simulators import __doc__\n',
    "web/src/app.ts": "export {};\n",
}

VIOLATIONS: list[tuple[str, Check, dict[str, str], str]] = [
    ("library without owner", library_faults, {"hub/topics.py": "import requests"}, "requests has no owner"),
    (
        "library not allowed in simulators",
        library_faults,
        {"simulators/pump.py": "import fastapi"},
        "fastapi has no owner",
    ),
    ("coroutine in pure package", waiting_faults, {"hub/dialects/native.py": "async def f(): ..."}, "f is async"),
    ("class defined twice", class_faults, {"hub/topics.py": "class Device: ..."}, "class Device is defined in"),
    ("long module", length_faults, {"hub/topics.py": "\n" * (MAX_LINES + 1)}, "topics.py has 301 lines"),
    ("long page", length_faults, {"web/src/App.svelte": "\n" * (MAX_LINES + 1)}, "App.svelte has 301 lines"),
    ("utils", name_faults, {"hub/model/time_utils.py": ""}, "time_utils.py: name the file"),
    ("utils in the web", name_faults, {"web/src/utils.ts": ""}, "utils.ts: name the file"),
    ("manager", name_faults, {"hub/topics.py": "class TopicManager: ..."}, "class TopicManager"),
    ("no docstring", docstring_faults, {"simulators/pump.py": "import paho"}, "simulators.pump has no docstring"),
    ("no code", error_code_faults, {"hub/topics.py": "class Bad(errors.HubError): ..."}, "Bad does not set `code`"),
    (
        "no code in subclass",
        error_code_faults,
        {"hub/topics.py": 'class Bad(HubError):\n code = "bad"\nclass Worse(Bad): ...'},
        "Worse does not set `code`",
    ),
    (
        "code twice",
        error_code_faults,
        {"hub/topics.py": 'class Bad(HubError):\n code: str = "hub"'},
        "'hub' of HubError",
    ),
    ("no name", task_faults, {"hub/app.py": "t = group.create_task(f())"}, "without name="),
    ("no owner", task_faults, {"hub/app.py": "asyncio.create_task(f(), name='f')"}, "has no owner"),
    ("no owner, bare", task_faults, {"hub/app.py": "create_task(f(), name='f')"}, "has no owner"),
    ("no owner, loop", task_faults, {"hub/app.py": "get_running_loop().create_task(f(), name='f')"}, "has no owner"),
    ("ensure_future", task_faults, {"hub/app.py": "t = asyncio.ensure_future(f())"}, "use create_task"),
]


def tree_of(root: Path, files: dict[str, str]) -> Tree:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return read_tree(root)


@pytest.fixture(scope="module")
def ours() -> Tree:
    return read_tree(ROOT)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_source_tree_passes_check(check: Check, ours: Tree) -> None:
    faults = list(check(ours))
    assert not faults, "\n".join(["", *faults])


def test_all_parts_of_source_tree_are_read(ours: Tree) -> None:
    assert {"hub", "hub.errors", "hub.model.device"} <= ours.modules.keys()
    assert any(path.suffix == ".svelte" for path in ours.web)
    assert any(name.startswith("simulators.") for name in ours.modules)


@pytest.mark.parametrize("name", FILES)
def test_table_of_layers_is_up_to_date(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert with_map(text, layer_map()) == text, "run: make generated"


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter with the contracts of pyproject.toml on the tree below ``root``."""
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
            "--no-logo",
        ],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def copied_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the source tree in which tests change modules."""
    root = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", root)
    for package in ("hub", "simulators"):
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("_web", "__pycache__"))
    return root


def test_import_contracts_hold(copied_tree: Path) -> None:
    done = lint_imports(copied_tree)
    assert done.returncode == 0, done.stdout


BROKEN_CONTRACTS = {
    "a lower layer imports a higher one": ("hub/topics.py", "import hub.store", "lower layers"),
    "inside a function": ("hub/model/device.py", "def f():\n    from hub.assembly import app", "lower layers"),
    "relative": ("hub/model/device.py", "from ..store import base", "lower layers"),
    "siblings": ("hub/rules/parse.py", "import hub.control", "lower layers"),
    "a package without a layer": ("hub/gizmo.py", "", "lower layers"),
    "a clock in a pure package": ("hub/rules/parse.py", "from time import time", "Decisions know"),
    "an outer layer in a pure package": ("hub/registry/registry.py", "from hub.store import base", "Decisions know"),
    "hub imports simulators": ("hub/assembly/app.py", "from simulators import pump", "share nothing"),
    "simulators import hub": ("simulators/machines.py", "from hub import topics", "share nothing"),
    "a cycle": ("hub/model/metric.py", "from hub.model import device", "No import cycles"),
    "a library of another package": ("hub/ingest/batch.py", "import sqlite3", "sqlite3: imported only by"),
    "a part of a library": ("hub/assembly/app.py", "from PIL.Image import open", "PIL: imported only by"),
}


@pytest.mark.parametrize("case", BROKEN_CONTRACTS)
def test_broken_import_contract_is_found(case: str, copied_tree: Path) -> None:
    name, statement, contract = BROKEN_CONTRACTS[case]
    file = copied_tree / name
    before = file.read_text("utf-8") if file.is_file() else None
    file.write_text(f"{before or ''}\n{statement}\n", "utf-8")
    try:
        done = lint_imports(copied_tree)
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_text(before, "utf-8")
    assert done.returncode == 1, done.stdout + done.stderr
    assert contract in done.stdout


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_valid_tree_passes_check(check: Check, tmp_path: Path) -> None:
    assert list(check(tree_of(tmp_path, VALID_TREE))) == []


@pytest.mark.parametrize(("check", "files", "message"), [v[1:] for v in VIOLATIONS], ids=[v[0] for v in VIOLATIONS])
def test_violation_is_found(check: Check, files: dict[str, str], message: str, tmp_path: Path) -> None:
    faults = list(check(tree_of(tmp_path, VALID_TREE | files)))
    assert len(faults) == 1
    assert message in faults[0]


def test_every_check_has_a_violation() -> None:
    assert {violation[1] for violation in VIOLATIONS} == set(CHECKS)
