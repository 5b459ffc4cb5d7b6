"""The broker's side of :mod:`hub.mqtt.demo_broker`: a script that dies with its parent and then is the broker.

``child.py run PROGRAM ARGUMENTS...`` becomes that program; ``child.py amqtt HOST PORT`` serves amqtt. It imports
nothing of the hub, so that it starts quickly and from any directory.
"""

from __future__ import annotations

import asyncio
import ctypes
import logging
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
OPEN_FILES = 65_536


def tied(mode: str, *arguments: str) -> list[str]:
    """The command line of a child that ends when this process does: see the module's words."""
    return [sys.executable, "-P", __file__, str(os.getpid()), mode, *arguments]


def die_with_parent(parent: int) -> None:
    """Ask Linux for SIGKILL when the process ``parent`` ends, in whatever way; kept over exec.

    Other systems have no such thing: there a broker outlives a hub that was killed with -9.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it was faster
            sys.exit(1)


async def serve_amqtt(host: str, port: int) -> None:
    """Serve until SIGTERM."""
    from amqtt.broker import Broker  # type: ignore[import-untyped]

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    broker = Broker(
        {
            "listeners": {"default": {"type": "tcp", "bind": f"{host}:{port}"}},
            "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
        }
    )
    await broker.start()
    sys.stderr.write("amqtt running\n")
    sys.stderr.flush()
    await stop.wait()
    await broker.shutdown()


def main(parent: int, mode: str, *arguments: str) -> None:
    """``parent`` is the process that must be alive."""
    die_with_parent(parent)
    # A descriptor a device: the usual limit of 1,024 would end a demo with a thousand of them.
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(OPEN_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    if mode == "run":
        os.execv(arguments[0], arguments)  # noqa: S606 (no shell on purpose)
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(serve_amqtt(arguments[0], int(arguments[1])))


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
