"""The ``hub`` command. Parses words, starts what they name, and turns errors into one line and an exit status."""

from __future__ import annotations

import argparse
import asyncio
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
from hub.errors import HubError
from hub.runtime import log_setup
from hub.runtime.network_addresses import check_address, is_loopback, split_address
from hub.topics import printable


def main(words: Sequence[str] | None = None) -> int:
    """The console script. 0: done. 1: a check failed, or nobody reads the output. 2: something a person has to put
    right."""
    _write_what_the_terminal_can_show()
    try:
        status = _command(words)
        sys.stdout.flush()
        return status
    except HubError as error:
        return _failed(f"{error.message} {error.hint}")
    except BrokenPipeError:
        _give_up_output()
        return 1
    except OSError as error:
        return _failed(f"{_reason(error)}.")
    except KeyboardInterrupt:
        return 130


def _command(words: Sequence[str] | None) -> int:
    arguments = _parser().parse_args(words)
    if arguments.command in ("serve", "demo"):  # before anything that takes time
        arguments.hangup = Hangup()
    # The doctor's report says what is wrong itself, in order.
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
    elif arguments.command == "device":
        from hub.commandline import device

        device.run(arguments)
    elif arguments.command in ("backup", "restore"):
        from hub.commandline import backup

        backup.run(arguments)
    elif arguments.command in ("export", "import"):
        from hub.commandline import export as export_commandline

        export_commandline.run(arguments)
    elif arguments.command == "doctor":
        from hub.commandline import doctor

        return asyncio.run(doctor.run(arguments))
    return 0


def _write_what_the_terminal_can_show() -> None:
    """Replace what the output's encoding cannot express (the blocks of a QR code), instead of failing."""
    if sys.stdout is None:  # closed by who started this
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 (it lives as long as the process)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace" if stream is sys.stdout else "backslashreplace")


def _failed(message: str) -> int:
    """Print an error as one line on standard error, without control characters, and return the exit status."""
    line = " ".join(message.split())
    try:
        sys.stdout.flush()
    except OSError:
        _give_up_output()
    with suppress(OSError):
        print("hub:", printable(line, 2_000), file=sys.stderr)
    return 2


def _reason(error: OSError) -> str:
    """Describe an error of the operating system with the file it is about."""
    reason = error.strerror or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


def _give_up_output() -> None:
    """Discard what is still buffered for a closed or full output: Python would report it again at exit."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(work: object) -> None:
    """uvloop where there is one: the loop carries every message."""
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

    demo = commands.add_parser("demo", help="a hub with its own broker and simulated devices, at once")
    demo.add_argument("--http", default="127.0.0.1:8000", metavar="HOST:PORT", type=_loopback)
    demo.add_argument("--mqtt", default="127.0.0.1:1883", metavar="HOST:PORT", type=_loopback)
    demo.add_argument("--data", type=Path, metavar="DIR", help="keep the history here (default: a temporary folder)")
    demo.add_argument("--devices", type=_count, default=24, metavar="N", help="simulated devices, 0 for none (24)")
    demo.add_argument("--seed", type=int, default=1, metavar="N", help="same seed, same telemetry")
    demo.add_argument("--ai", choices=("auto", "builtin", "openai", "ollama"), help="who writes the diagnoses")
    demo.add_argument(
        "--show-faults", action="store_true", help="print which faults the simulated machines have, and when"
    )
    demo.add_argument("--no-open", action="store_true", help="do not open a browser")

    serve = commands.add_parser("serve", help="the hub against your own broker")
    _settings(serve)
    _settings(commands.add_parser("token", help="show the access token that the hub made for itself"))
    doctor = commands.add_parser("doctor", help="check broker, data, AI, ports and clock, and say what to do")
    doctor.add_argument(
        "--trust-clock", action="store_true", help="say that the clock is right, where the hub doubts it"
    )
    _settings(doctor)
    _device(commands.add_parser("device", help="who may connect to the broker: add, revoke, list"))
    _backups(commands)
    _tables(commands)
    return parser


def _backups(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    backup = commands.add_parser("backup", help="the data folder as one file, while the hub runs or not")
    backup.add_argument("file", nargs="?", type=Path, metavar="FILE", help="where to (default: a name with the time)")
    restore = commands.add_parser("restore", help="a backup into the data folder")
    restore.add_argument("file", type=Path, metavar="FILE", help="what hub backup wrote")
    backup.add_argument("--replace", action="store_true", help="write over the file, if there is one")
    backup.add_argument("--with-secrets", action="store_true", help="with tokens, keys and passwords")
    restore.add_argument("--replace", action="store_true", help="put the history aside, if there is one")
    for parser in (backup, restore):
        _settings(parser)


def _tables(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    export = commands.add_parser("export", help="readings as CSV or Parquet, while the hub runs or not")
    export.add_argument("file", type=Path, metavar="FILE", help="where to; - is the standard output")
    export.add_argument("--device", action="append", metavar="ID", help="only of this device; may be repeated")
    export.add_argument("--metric", metavar="PATTERN", help="only of metrics that fit, with * and ?")
    export.add_argument("--from", dest="start", metavar="TIME", help="2026-11-25T13:00:00Z, or seconds since 1970")
    export.add_argument("--to", dest="end", metavar="TIME")
    export.add_argument("--replace", action="store_true", help="write over the file, if there is one")
    bring = commands.add_parser("import", help="a table of readings into the history")
    bring.add_argument("file", type=Path, metavar="FILE", help="what hub export wrote, or columns named alike")
    bring.add_argument("--zone", metavar="ZONE", help="of times without one: Europe/Berlin, say (default: UTC)")
    for parser in (export, bring):
        parser.add_argument("--format", choices=("csv", "parquet"), help="else as the file's name says")
        _settings(parser)


def _device(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    add = actions.add_parser("add", help="a user and password for a device, and a line to try it with")
    add.add_argument("name", metavar="NAME", help="the device's id, which is its user name too")
    bridge = "for a gateway instead of a device: the prefixes that are its own, such as zigbee2mqtt"
    add.add_argument("--bridge", nargs="+", default=[], metavar="PREFIX", help=bridge)
    revoke = actions.add_parser("revoke", help="its password is void at once")
    revoke.add_argument("name", metavar="NAME")
    for action in (add, revoke, actions.add_parser("list", help="who has a password")):
        _settings(action)


def _settings(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings, see config/hub.toml")
    parser.add_argument("--http", metavar="HOST:PORT", type=_address, help="overrides http.listen")
    parser.add_argument("--mqtt", metavar="HOST:PORT", type=_address, help="overrides mqtt.broker")
    parser.add_argument("--data", type=Path, metavar="DIR", help="overrides store.data")


def _address(text: str) -> str:
    try:
        return check_address(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not {error}") from None


def _loopback(text: str) -> str:
    """Check that the address is of loopback; a name is judged by the addresses that it has here."""
    host, port = split_address(_address(text))
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise argparse.ArgumentTypeError(f"{host!r} is no host name that is known here") from None
    if not all(is_loopback(str(each[4][0])) for each in found):
        raise argparse.ArgumentTypeError("the demo has no login and stays on loopback; use `hub serve` for the network")
    return text


def _count(text: str) -> int:
    if not text.isdigit() or int(text) > 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of devices from 0 to 100000")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
