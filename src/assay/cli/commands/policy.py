"""assay policy …"""

from __future__ import annotations

import click

from assay.cli.command import FileGroup

COMMANDS = {
    "set": "Put a policy in force.",
    "show": "The policy in force.",
    "test": "Hold a version against a policy that is not in force.",
    "rules": "The rules that there are, or one rule's page.",
}


@click.group(name="policy", cls=FileGroup, subcommands=COMMANDS)
def command() -> None:
    """What a version must be like, and who may approve it."""
