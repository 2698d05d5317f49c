"""assay judge …"""

from __future__ import annotations

import click

from assay.cli.command import FileGroup

COMMANDS = {
    "calibrate": "Hold a judge against people's labels.",
    "bias": "Look for a judge's known biases.",
}


@click.group(name="judge", cls=FileGroup, subcommands=COMMANDS)
def command() -> None:
    """How far a judge, a model that scores or compares answers, can be believed."""
