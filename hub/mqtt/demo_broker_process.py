"""Child process of :mod:`hub.mqtt.demo_broker`: a script that runs the broker and ends with its parent.

With the arguments ``PARENT run PROGRAM ARGUMENTS...`` the process becomes that program (exec). With ``PARENT amqtt HOST
PORT`` it serves amqtt. The script imports nothing of the hub, so that it starts quickly and from any directory.
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


def command_line(mode: str, *arguments: str) -> list[str]:
    """Return the command line of a child process that runs this script and ends when the calling process ends.

    With the ``mode`` ``run``, the child becomes the program with the command line ``arguments``. With ``amqtt``, it
    serves amqtt on the host and port in ``arguments``.
    """
    return [sys.executable, "-P", __file__, str(os.getpid()), mode, *arguments]


def die_with_parent(parent: int) -> None:
    """Have Linux kill this process when the process ``parent`` ends.

    This lasts when the process becomes another program (exec). Other systems cannot do this: there a broker outlives a
    hub that was killed with SIGKILL.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended before the call
            sys.exit(1)


async def serve_amqtt(host: str, port: int) -> None:
    """Run amqtt until SIGTERM."""
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
    """Run the broker until the broker or the process ``parent`` ends."""
    die_with_parent(parent)
    # One descriptor for each connection: the usual limit of 1,024 is too low for a demo with a thousand devices.
    maximum = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    limit = OPEN_FILES if maximum == resource.RLIM_INFINITY else min(OPEN_FILES, maximum)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, maximum))
    if mode == "run":
        os.execv(arguments[0], arguments)  # noqa: S606 (no shell is needed)
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(serve_amqtt(arguments[0], int(arguments[1])))


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
