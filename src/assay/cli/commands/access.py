"""assay access …"""

from __future__ import annotations

import click

from assay.cli.command import FileGroup

COMMANDS = {
    "add": "Write somebody in, with roles and a password.",
    "change": "Other roles, another password, shut out or let in.",
    "token": "A token for a program, shown once.",
    "revoke": "End a token.",
    "list": "People and tokens.",
}


@click.group(name="access", cls=FileGroup, subcommands=COMMANDS)
def command() -> None:
    """Who may come in where `assay serve` asks: people, roles and tokens."""
