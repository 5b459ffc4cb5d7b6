"""Arguments of ``hub backup``, ``restore``, ``export``, ``import``, ``replay`` and ``eval``."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from hub.commandline.add_command import Commands, add_command
from hub.commandline.argument_types import file_or_folder, path

AddSettings = Callable[[argparse.ArgumentParser], None]


def add_backups(commands: Commands, add_settings: AddSettings) -> None:
    backup = add_command(commands, "backup", "back up the data folder into one file, also while the hub is running")
    backup.add_argument(
        "file",
        nargs="?",
        type=file_or_folder,
        metavar="FILE",
        help="file to write, or its folder (default: watchkeeper-TIME.tar)",
    )
    restore = add_command(commands, "restore", "restore a backup into the data folder")
    restore.add_argument("file", type=path, metavar="FILE", help="backup that hub backup has written")
    backup.add_argument("--replace", action="store_true", help="overwrite an existing file")
    backup.add_argument("--with-secrets", action="store_true", help="include tokens, keys and passwords")
    restore.add_argument("--replace", action="store_true", help="move existing data into another folder first")
    for parser in (backup, restore):
        add_settings(parser)


def add_tables(commands: Commands, add_settings: AddSettings) -> None:
    export = add_command(commands, "export", "export readings as CSV or Parquet, also while the hub is running")
    export.add_argument("file", type=path, metavar="FILE", help="file to write; - is standard output")
    export.add_argument(
        "--device", action="append", metavar="ID", help="export only this device; can be given several times"
    )
    export.add_argument("--metric", metavar="PATTERN", help="export only matching metrics; * and ? are wildcards")
    times = "2026-11-25T13:00:00Z, or seconds since 1970"
    export.add_argument("--from", dest="start", metavar="TIME", help=f"export readings from this time on: {times}")
    export.add_argument("--to", dest="end", metavar="TIME", help="export readings up to and including this time")
    export.add_argument("--replace", action="store_true", help="overwrite an existing file")
    imports = add_command(commands, "import", "import a table of readings into the history")
    imports.add_argument(
        "file", type=path, metavar="FILE", help="an export, or a table with the columns time, device, metric and value"
    )
    imports.add_argument(
        "--zone", metavar="ZONE", help="time zone for times that have none, such as Europe/Berlin (default: UTC)"
    )
    for parser in (export, imports):
        parser.add_argument("--format", choices=("csv", "parquet"), help="file format (default: by the extension)")
        add_settings(parser)


def add_alert_files(commands: Commands, add_settings: AddSettings) -> None:
    replay = add_command(
        commands, "replay", "run the rule and the diagnosis of an alert again, from an exported alert file"
    )
    replay.add_argument("file", type=path, metavar="FILE", help="alert file, downloaded from the page of an alert")
    evaluation = add_command(commands, "eval", "score the diagnoses of a model on alerts whose cause was confirmed")
    evaluation.add_argument(
        "files", nargs="*", type=path, metavar="FILE", help="alert files with a confirmed cause (default: the history)"
    )
    evaluation.add_argument("--model", metavar="NAME", help="model to score (default: the built-in analyst)")
    evaluation.add_argument(
        "--baseline",
        type=path,
        metavar="FILE",
        help="exit with 1 if the score is over 5 points lower than in FILE; write FILE if missing",
    )
    add_settings(evaluation)
