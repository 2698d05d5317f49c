"""assay judge …"""

from __future__ import annotations

import click

from assay.cli.command import FileGroup

COMMANDS = {
    "run": "Let language models judge the examples of a version.",
    "calibrate": "Hold a judge against people's labels.",
    "bias": "Look for a judge's known biases.",
}


@click.group(name="judge", cls=FileGroup, subcommands=COMMANDS)
def command() -> None:
    """Language models as judges of examples, and how far a judge can be believed."""
