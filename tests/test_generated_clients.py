"""Clients that are generated from the OpenAPI description, as docs/clients.md shows, make a call to a running hub."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hatch_build import node_binary
from serving import Serving, Thing, served, until

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "clients.md").read_text("utf-8")
MODULES = ROOT / "web" / "node_modules"
STRICT = (
    *("--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom", "--module", "nodenext"),
    *("--allowImportingTsExtensions", "--skipLibCheck"),
)

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with served(tmp_path_factory.mktemp("clients")) as hub:
        device = Thing(hub.broker, "none")
        for name in ("pump-1", "pump-2"):
            device.say(f"devices/{name}/telemetry", {"temperature": 20})
        until(lambda: len(hub.get("/api/devices")["items"]) == 2)
        yield hub
        device.leave()


def example(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def described(hub: Serving, folder: Path) -> str:
    """Write the description of the running hub into a folder. Return its name."""
    (folder / "openapi.json").write_text(json.dumps(hub.get("/openapi.json")), "utf-8")
    return "openapi.json"


def node(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [str(node_binary()), *map(str, words)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_client_in_typescript_has_types_and_lists_the_devices(hub: Serving, tmp_path: Path) -> None:
    generated = node(
        *(tmp_path, MODULES / "openapi-typescript" / "bin" / "cli.js", described(hub, tmp_path)),
        *("--output", "hub.d.ts"),
    )
    assert generated.returncode == 0, generated.stderr
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "client.ts").write_text(example("ts"), "utf-8")
    address = f"http://127.0.0.1:{hub.port}"
    main = "import { devices } from './client.ts';\n" + f"const found = await devices('{address}', 'none');\n"
    (tmp_path / "main.ts").write_text(f"{main}for (const each of found) console.log(each.id, each.presence);\n")
    (tmp_path / "wrong.ts").write_text(f"{main}console.log(found.map((each) => each.no_such_field).join());\n")
    compiler = MODULES / "typescript" / "bin" / "tsc"
    checked = node(tmp_path, compiler, *STRICT, "main.ts")
    assert checked.returncode == 0, checked.stdout
    wrong = node(tmp_path, compiler, *STRICT, "wrong.ts")
    assert "no_such_field" in wrong.stdout, "the generated types are not strict"
    done = node(tmp_path, "main.ts")
    assert (done.returncode, done.stdout) == (0, "pump-1 online\npump-2 online\n"), done.stderr


@pytest.mark.integration
def test_client_in_python_lists_the_devices(hub: Serving, tmp_path: Path) -> None:
    def run(*words: object) -> str:
        command = [str(word) for word in words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    run(sys.executable, "-m", "venv", "venv")
    programs = tmp_path / "venv" / "bin"
    run(programs / "pip", "install", "--quiet", "openapi-python-client")
    options = ("--path", described(hub, tmp_path), "--output-path", "hub_client", "--meta", "none")
    run(programs / "openapi-python-client", "generate", *options)
    script = example("python").replace("http://hub:8000", f"http://127.0.0.1:{hub.port}").replace("wk_…", "none")
    (tmp_path / "main.py").write_text(script, "utf-8")
    assert run(programs / "python", "main.py") == "pump-1 online\npump-2 online\n"
