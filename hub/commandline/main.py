"""The ``hub`` command: parse arguments, run a subcommand, and turn errors into one line and an exit status."""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import logging
import os
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from hub import __version__
from hub.assembly.hangup import Hangup
from hub.commandline import data_arguments, device_arguments
from hub.commandline.add_command import add_command
from hub.commandline.argument_types import path
from hub.commandline.output import discard_output
from hub.errors import HubError
from hub.runtime import log_setup
from hub.runtime.broker_address import check_broker
from hub.runtime.network_addresses import check_address, is_loopback, split_address
from hub.topics import printable


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    The status is 0 for success, 1 if a check failed or the output was closed, 2 for an error that the user can fix, and
    130 if the command was interrupted. ``words`` are the arguments; None: those of the process.
    """
    _replace_unencodable_output()
    try:
        status = _command(words)
        sys.stdout.flush()
        return status
    except HubError as error:
        return _failed(f"{error.message} {error.hint}")
    except BrokenPipeError:
        discard_output()
        return 1
    except OSError as error:
        return _failed(f"{_reason(error)}.")
    except KeyboardInterrupt:
        return 130


def _command(words: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(words)
    if arguments.command in ("serve", "demo"):  # before slow imports: SIGHUP must not end the process
        arguments.hangup = Hangup()
        gc.disable()  # saves an eighth of the import time; enabled again when the hub runs
    # The doctor reports problems itself.
    level = logging.CRITICAL if arguments.command == "doctor" else logging.INFO
    log_setup.configure(level)
    if arguments.command == "demo":
        from hub.commandline import demo

        _run(demo.run(arguments))
    elif arguments.command == "serve":
        from hub.commandline import serve

        _run(serve.run(arguments))
    elif arguments.command == "token":
        from hub.commandline import token

        token.run(arguments)
    elif arguments.command == "link":
        from hub.commandline import link

        link.run(arguments)
    elif arguments.command == "device":
        from hub.commandline import device

        device.run(arguments)
    elif arguments.command == "certificate":
        from hub.commandline import certificate

        certificate.run(arguments)
    elif arguments.command in ("backup", "restore"):
        from hub.commandline import backup

        backup.run(arguments)
    elif arguments.command in ("export", "import"):
        from hub.commandline import export as export_commandline

        export_commandline.run(arguments)
    elif arguments.command == "mcp":
        from hub.commandline import mcp

        mcp.run(arguments)
    elif arguments.command == "replay":
        from hub.commandline import replay

        return replay.run(arguments)
    elif arguments.command == "eval":
        from hub.commandline import evaluate

        return evaluate.run(arguments)
    elif arguments.command == "doctor":
        from hub.commandline import doctor

        return asyncio.run(doctor.run(arguments))
    return 0


def _replace_unencodable_output() -> None:
    """Print a replacement for characters that the terminal's encoding lacks, such as the blocks of a QR code.

    Otherwise printing them would fail.
    """
    if sys.stdout is None:  # closed by the parent process
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 (it lives as long as the process)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace" if stream is sys.stdout else "backslashreplace")


def _failed(message: str) -> int:
    """Print an error as one line on standard error, without control characters, and return the exit status 2."""
    line = " ".join(message.split())
    try:
        sys.stdout.flush()
    except OSError:
        discard_output()
    with suppress(OSError):
        print("hub:", printable(line, 2_000), file=sys.stderr)
    return 2


def _reason(error: OSError) -> str:
    """Return the reason for an operating system error, with the name of the file if the error has one."""
    reason = error.strerror or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


def _run(work: object) -> None:
    """Run a coroutine with uvloop if it is installed."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)  # type: ignore[arg-type]
    else:
        uvloop.run(work)  # type: ignore[arg-type]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hub", description="Watchkeeper: an IoT hub whose alerts explain themselves.")
    parser.add_argument("--version", action="version", version=f"Watchkeeper {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    demo = add_command(commands, "demo", "run a hub with its own broker and simulated devices, for trying it out")
    demo.add_argument(
        "--http",
        default="127.0.0.1:8000",
        metavar="HOST:PORT",
        type=_loopback,
        help="address of the dashboard and the API (default: %(default)s)",
    )
    demo.add_argument(
        "--mqtt",
        default="127.0.0.1:1883",
        metavar="HOST:PORT",
        type=_loopback,
        help="address of the broker (default: %(default)s)",
    )
    demo.add_argument(
        "--data", type=path, metavar="DIR", help="data folder, kept after the demo (default: a temporary folder)"
    )
    demo.add_argument(
        "--devices", type=_count, default=24, metavar="N", help="number of simulated devices (default: %(default)s)"
    )
    demo.add_argument(
        "--seed", type=int, default=1, metavar="N", help="seed of the simulated telemetry (default: %(default)s)"
    )
    demo.add_argument(
        "--ai",
        choices=("auto", "builtin", "openai", "ollama"),
        help="AI that writes diagnoses and answers (default: auto)",
    )
    demo.add_argument("--show-faults", action="store_true", help="print which faults the simulated machines have")
    demo.add_argument("--no-open", action="store_true", help="do not open a browser")

    serve = add_command(commands, "serve", "run the hub with your own MQTT broker")
    serve.add_argument(
        "--no-reactions", action="store_true", help="switch all reactions off, like reactions.enabled = false"
    )
    _settings(serve)
    _settings(add_command(commands, "token", "print the access token"))
    link = add_command(
        commands,
        "link",
        "print a one-time link that creates an administrator's account, or sets a new password with --account",
    )
    link.add_argument("--account", metavar="NAME", help="account for which the link sets a new password")
    _settings(link)
    doctor = add_command(commands, "doctor", "check broker, data, AI, ports and clock, and print how to fix problems")
    doctor.add_argument(
        "--trust-clock", action="store_true", help="confirm that the clock is correct, if the hub does not trust it"
    )
    _settings(doctor)
    _settings(add_command(commands, "mcp", "run an MCP server on standard input and output, for an AI program"))
    device = add_command(
        commands, "device", "manage the passwords and certificates with which devices connect to the broker"
    )
    device_arguments.add_device(device, _settings)
    certificate = add_command(
        commands, "certificate", "issue TLS certificates for servers from the hub's own certificate authority (CA)"
    )
    device_arguments.add_certificate(certificate, _settings)
    data_arguments.add_backups(commands, _settings)
    data_arguments.add_tables(commands, _settings)
    data_arguments.add_alert_files(commands, _settings)
    return parser


def _settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=path, metavar="FILE", help="settings file, such as config/hub.toml")
    parser.add_argument("--http", metavar="HOST:PORT", type=_address, help="override http.listen")
    parser.add_argument("--mqtt", metavar="ADDRESS", type=_broker, help="override mqtt.broker: HOST:PORT or a URL")
    parser.add_argument("--data", type=path, metavar="DIR", help="override store.data")


def _address(text: str) -> str:
    try:
        return check_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not {error}") from None


def _broker(text: str) -> str:
    try:
        return check_broker(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not {error}") from None


def _loopback(text: str) -> str:
    """Return the address if its host is a loopback address, or a name for one. Refuse it otherwise."""
    host, port = split_address(_address(text))
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise argparse.ArgumentTypeError(f"host name {host!r} cannot be resolved") from None
    if not all(is_loopback(str(each[4][0])) for each in found):
        raise argparse.ArgumentTypeError("the demo has no login and is limited to loopback; use hub serve instead")
    return text


def _count(text: str) -> int:
    if not text.isdigit() or int(text) > 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of devices from 0 to 100000")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
