"""assay policy …"""

from __future__ import annotations

import click

from assay.cli.group import Group

COMMANDS = {
    "set": "Put a policy in force.",
    "show": "The policy in force.",
    "test": "Hold a version against a policy that is not in force.",
    "rules": "The rules that there are, or one rule's page.",
}


@click.command(cls=Group, name="policy", subcommands=COMMANDS)
def command() -> None:
    """What a version must be like, and who may approve it."""
