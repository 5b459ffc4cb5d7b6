"""Run the commands of README.md and docs/ as readers would type them, against a real hub and broker.

Each line of the ``sh`` blocks is run, apart from those that a comment before the block excludes. Readers do not see
these comments::

    <!-- not run: reason -->
    <!-- not run "beginning of a line": reason -->

Host names, ports and folders of the documents are replaced by those of the test. Nothing else is changed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from brokers import HOST, Mosquitto
from hub_process import without_settings
from serving import Serving, Thing, until

pytestmark = pytest.mark.timeout(300)  # a block starts up to six processes

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"(?P<marks>(?:<!-- not run.*? -->\n)*)```sh\n(?P<text>.*?)```", re.DOTALL)
MARK = re.compile(r'<!-- not run(?: "(?P<beginning>[^"]+)")?: (?P<reason>.{10,}?) -->')
SERVE = "hub serve --config config/hub.toml"
REPLACED = {
    **{"/mnt/nas/": "nas/", "/etc/mosquitto/certs": "certs", "/etc/watchkeeper": "etc"},
    # The hub of the test listens on the loopback interface only, without other names, and so needs no token.
    **dict.fromkeys(("http://hub:8000", "https://hub.example.org"), "http://localhost:8000"),
}
RULE = '[[rule]]\nid = "hot"\nmetric = "temperature"\nabove = 80\nseverity = "critical"\n'


@dataclass(frozen=True)
class Block:
    """A block of commands, with the beginnings of those lines that are not run. An empty beginning fits all lines."""

    where: str
    commands: tuple[str, ...]
    skipped: tuple[str, ...]


def blocks() -> Iterator[Block]:
    for path in DOCUMENTS:
        text = path.read_text("utf-8")
        for found in BLOCK.finditer(text):
            marks = [MARK.fullmatch(line) for line in found["marks"].splitlines()]
            assert all(marks), f"{path}: {found['marks']}"
            line = text[: found.start("text")].count("\n") + 1
            joined = re.sub(r"\\\n\s*", "", found["text"])
            lines = tuple(each for each in joined.splitlines() if each.strip() and not each.startswith("#"))
            skipped = tuple(mark["beginning"] or "" for mark in marks if mark is not None)
            yield Block(f"{path.relative_to(ROOT)}:{line}", lines, skipped)


class Shell:
    """A folder in which the commands run, with programs that reach the hub and the broker of the test."""

    def __init__(self, folder: Path, hub: Serving) -> None:
        self.folder = folder
        self.words = dict(REPLACED)
        programs = folder / "programs"
        programs.mkdir()
        curl = f"--connect-to localhost:8000:{HOST}:{hub.port}"
        for name, options in (
            ("curl", f"--silent --show-error --fail-with-body --max-time 60 {curl}"),
            ("mosquitto_pub", f"-h {HOST}"),
        ):
            program = shutil.which(name)
            assert program, f"{name} is missing: sh .ci/needs tests"
            last = f" -p {hub.broker.port}" if name == "mosquitto_pub" else ""
            self._add(programs / name, f'exec {program} {options} "$@"{last}')
        self._add(programs / "hub", f'exec {sys.executable} -m hub "$@"')
        self.environ = without_settings() | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "HUB": "http://localhost:8000",
            "TOKEN": "none",
            "HUB_HTTP_LISTEN": f"{HOST}:{hub.port}",
            "HUB_MQTT_BROKER": hub.broker.address,
            "HUB_MQTT_PASSWORD_FILE": str(folder / "broker" / "passwd"),
            "HUB_MQTT_ACL_FILE": str(folder / "broker" / "acl"),
            "PYTHONPATH": str(ROOT),
        }

    @staticmethod
    def _add(path: Path, line: str) -> None:
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)

    def run(self, block: Block) -> None:
        """Run the lines of a block, one after the other. Raise AssertionError for a failure."""
        if any(line.startswith("hub device add") for line in block.commands):
            for name in ("boiler-1", "zigbee"):  # users of earlier blocks
                self._sh(f"hub device revoke {name}")
        before = ""
        for line in block.commands:
            if any(line.startswith(each) for each in block.skipped):
                continue
            if line.startswith("hub serve"):
                assert line.startswith(SERVE), f"{block.where}: the test has started another command than {line!r}"
                continue
            script = before + line
            for word, actual in self.words.items():
                script = script.replace(word, actual)
            done = self._sh(script)
            assert done.returncode == 0, f"{block.where}\n{script}\n{done.stdout}\n{done.stderr}"
            before = f"{script}\n" if re.match(r"\w+=", line) else ""
            if (key := re.search(r"wke_[\w-]+", done.stdout)) is not None:
                self.words["wke_…"] = key[0]

    def _sh(self, script: str) -> subprocess.CompletedProcess[str]:
        words = ["sh", "-eu", "-c", script]
        return subprocess.run(words, cwd=self.folder, env=self.environ, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("documented")
    (folder / "config").mkdir()
    shutil.copy(ROOT / "config" / "hub.toml", folder / "config")
    for name in ("nas", "etc", "certs", "boiler-1", "new", "broker", "data"):
        (folder / name).mkdir()
    broker = Mosquitto(folder)
    broker.start()
    (folder / "data" / "rules.toml").write_text(RULE)
    hub = Serving(folder / "data", broker, folder / "config" / "hub.toml")
    shell = Shell(folder, hub)
    hub.environ = shell.environ
    hub.start()
    device = Thing(broker, "none")
    tank = {"set_valve": {"type": "number", "minimum": 0, "maximum": 100}}
    device.say("devices/tank-3/info", {"commands": tank}, retained=True)
    device.say("devices/thermostat-1/info", {"desired": {"interval": {"type": "number"}}}, retained=True)
    device.say("devices/pump-1/telemetry", {"temperature": 95, "vibration_rms": 1.5})
    for name in ("tank-3", "thermostat-1"):
        device.say(f"devices/{name}/telemetry", {"temperature": 20})
    (alert,) = until(lambda: hub.get("/api/alerts?state=open")["items"])
    shell.words["/ID/"] = f"/{alert['id']}/"
    yield shell
    device.leave()
    hub.stop()
    broker.stop()


def test_comment_excludes_lines_that_exist() -> None:
    found = list(blocks())
    assert len(found) > 20
    for block in found:
        for beginning in filter(None, block.skipped):
            assert any(line.startswith(beginning) for line in block.commands), (block.where, beginning)


@pytest.mark.parametrize("block", [each for each in blocks() if "" not in each.skipped], ids=lambda block: block.where)
def test_command_of_the_documentation_works(shell: Shell, block: Block) -> None:
    shell.run(block)
