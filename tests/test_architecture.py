"""Holds the source tree to the plan of ``architecture.py``, and shows that each of its checks can fail."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hub
from architecture import (
    CHECKS,
    FLOORS,
    LONGEST_FILE,
    Tree,
    border_faults,
    cycle_faults,
    docstring_faults,
    error_code_faults,
    floor_faults,
    floor_of,
    length_faults,
    name_faults,
    owner_faults,
    purity_faults,
    read_tree,
    task_faults,
)

ROOT = Path(__file__).parents[1]
Check = Callable[[Tree], Iterator[str]]

# A small tree without a fault; each offence below adds or replaces files in it.
SOUND = {
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
    "hub/api/schemas/requests.py": '"""JSON."""\nimport pydantic\nfrom hub import __version__\n',
    "hub/assembly/app.py": (
        '"""The life."""\nimport asyncio\nfrom hub import api\n'
        "async def serve():\n"
        "    async with asyncio.TaskGroup() as group:\n"
        '        group.create_task(api.run(), name="api")\n'
        '    task = asyncio.create_task(api.run(), name="again")\n'
        "    await task\n"
    ),
    "hub/server/__init__.py": '"""Web server."""\nimport uvicorn\n',
    "hub/commandline/main.py": '"""Commands."""\nfrom hub.assembly.app import serve\n',
    "simulators/__init__.py": '"""Machines."""\n',
    "simulators/pump.py": '"""A pump."""\nimport paho.mqtt.client\nfrom simulators import __doc__\n',
    "web/src/app.ts": "export {};\n",
}

OFFENCES: list[tuple[str, Check, dict[str, str], str]] = [
    ("unplaced", floor_faults, {"hub/gizmo.py": ""}, "hub.gizmo stands on no floor"),
    ("unplaced package", floor_faults, {"hub/gizmo/part.py": ""}, "hub.gizmo.part stands on no floor"),
    ("upwards", floor_faults, {"hub/topics.py": "import hub.store"}, "hub.store is not on a lower floor"),
    ("upwards, inside", floor_faults, {"hub/topics.py": "def f():\n from hub import app"}, "line 2"),
    ("upwards, relative", floor_faults, {"hub/topics.py": "from . import store"}, "hub.store is not on a lower"),
    ("upwards, relative package", floor_faults, {"hub/model/device.py": "from ..store import X"}, "hub.store is"),
    (
        "sideways",
        floor_faults,
        {"hub/services/alerts.py": "from hub.services.devices import X", "hub/services/devices.py": ""},
        "same floor",
    ),
    ("against the exception", floor_faults, {"hub/topics.py": "from hub.dialects import X"}, "same floor"),
    ("the root", floor_faults, {"hub/__init__.py": "from hub.errors import HubError"}, "imports nothing of ours"),
    ("not the owner", owner_faults, {"hub/topics.py": "import sqlite3"}, "sqlite3 belongs to hub.store"),
    ("part of a library", owner_faults, {"hub/assembly/app.py": "from PIL.Image import open"}, "PIL belongs to"),
    ("a name that begins alike", owner_faults, {"hub/store2.py": "import sqlite3"}, "sqlite3 belongs to"),
    ("nobody's library", owner_faults, {"hub/topics.py": "import requests"}, "requests has no owner"),
    ("hub to simulators", border_faults, {"hub/assembly/app.py": "from simulators import pump"}, "never imports it"),
    ("simulators to hub", border_faults, {"simulators/pump.py": "from hub.topics import X"}, "don't use hub"),
    ("foreign to simulators", border_faults, {"simulators/pump.py": "import fastapi"}, "don't use fastapi"),
    ("clock", purity_faults, {"hub/topics.py": "from time import time"}, "imports time"),
    ("waiting", purity_faults, {"hub/dialects/native.py": "async def f(): ..."}, "f is async"),
    (
        "cycle",
        cycle_faults,
        {
            "hub/model/device.py": "from hub.model import alert",
            "hub/model/alert.py": "from hub.model.device import Device",
        },
        "hub.model.alert",
    ),
    ("long module", length_faults, {"hub/topics.py": "\n" * (LONGEST_FILE + 1)}, "topics.py has 301 lines"),
    ("long page", length_faults, {"web/src/App.svelte": "\n" * (LONGEST_FILE + 1)}, "App.svelte has 301 lines"),
    ("utils", name_faults, {"hub/model/time_utils.py": ""}, "time_utils.py: name the noun"),
    ("utils in the web", name_faults, {"web/src/utils.ts": ""}, "utils.ts: name the noun"),
    ("manager", name_faults, {"hub/topics.py": "class TopicManager: ..."}, "class TopicManager"),
    ("no docstring", docstring_faults, {"simulators/pump.py": "import paho"}, "simulators.pump has no docstring"),
    ("no code", error_code_faults, {"hub/topics.py": "class Bad(errors.HubError): ..."}, "Bad sets no `code`"),
    (
        "no code, further down",
        error_code_faults,
        {"hub/topics.py": 'class Bad(HubError):\n code = "bad"\nclass Worse(Bad): ...'},
        "Worse sets no `code`",
    ),
    (
        "code twice",
        error_code_faults,
        {"hub/topics.py": 'class Bad(HubError):\n code: str = "hub"'},
        "'hub' of HubError",
    ),
    ("no name", task_faults, {"hub/assembly/app.py": "t = group.create_task(f())"}, "without name="),
    ("no owner", task_faults, {"hub/assembly/app.py": "asyncio.create_task(f(), name='f')"}, "nobody owns"),
    ("no owner, bare", task_faults, {"hub/assembly/app.py": "create_task(f(), name='f')"}, "nobody owns"),
    (
        "no owner, loop",
        task_faults,
        {"hub/assembly/app.py": "get_running_loop().create_task(f(), name='f')"},
        "nobody owns",
    ),
    ("ensure_future", task_faults, {"hub/assembly/app.py": "t = asyncio.ensure_future(f())"}, "use create_task"),
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
def test_the_source_tree_keeps_to_the_plan(check: Check, ours: Tree) -> None:
    faults = list(check(ours))
    assert not faults, "\n".join(["", *faults])


def test_the_whole_source_tree_is_read(ours: Tree) -> None:
    assert {"hub", "hub.errors", "hub.model.device"} <= ours.modules.keys()
    assert any(path.suffix == ".svelte" for path in ours.web)
    assert any(name.startswith("simulators.") for name in ours.modules)


def test_the_map_in_the_package_is_this_one(ours: Tree) -> None:
    """Every family that exists is drawn on its floor, and nothing on two."""
    drawn: dict[str, int] = {}
    floor = None
    for line in (hub.__doc__ or "").partition("\n==")[2].splitlines():
        floor = int(line[0]) if line[:1].isdigit() else floor
        for name in re.findall(r"``(\w+)/?``", line):
            assert floor is not None
            assert drawn.setdefault(name, floor) == floor, f"{name} is drawn twice"
    families = {module.family for module in ours.of("hub")} - {"", "__main__"}
    missing = sorted(families - drawn.keys())
    assert not missing, f"place these in the map of hub/__init__.py: {missing}"
    moved = [
        f"{name}: drawn on {there}, in FLOORS on {floor_of(name)}"
        for name, there in drawn.items()
        if floor_of(name) not in (None, there)
    ]
    assert not moved, moved


def test_a_module_stands_on_one_floor() -> None:
    placed = [family for floor in FLOORS for family in floor]
    assert len(placed) == len(set(placed))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_sound_tree_passes(check: Check, tmp_path: Path) -> None:
    assert list(check(tree_of(tmp_path, SOUND))) == []


@pytest.mark.parametrize(("check", "files", "words"), [o[1:] for o in OFFENCES], ids=[o[0] for o in OFFENCES])
def test_an_offence_is_found(check: Check, files: dict[str, str], words: str, tmp_path: Path) -> None:
    faults = list(check(tree_of(tmp_path, SOUND | files)))
    assert len(faults) == 1
    assert words in faults[0]


def test_every_check_has_an_offence() -> None:
    assert {offence[1] for offence in OFFENCES} == set(CHECKS)
