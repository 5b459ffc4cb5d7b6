"""Add a command to the ``hub`` command's parser."""

from __future__ import annotations

import argparse
from typing import TypeAlias

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def add_command(commands: Commands, name: str, summary: str) -> argparse.ArgumentParser:
    """Add a command and return its parser.

    ``summary`` is shown in the list of commands and, as a sentence, in the command's own help.
    """
    return commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
