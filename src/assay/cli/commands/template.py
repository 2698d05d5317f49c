"""assay template …"""

from __future__ import annotations

import click

from assay.cli.command import FileGroup

COMMANDS = {
    "save": "Put a template in the log.",
    "list": "The templates that were saved.",
    "show": "One template whole.",
}


@click.group(name="template", cls=FileGroup, subcommands=COMMANDS)
def command() -> None:
    """What language models are asked, and what example is made of their answers."""
