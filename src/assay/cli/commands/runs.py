"""assay runs …"""

from __future__ import annotations

import click

from assay.cli.command import FileGroup

COMMANDS = {
    "link": "Say that a training run learned from a version.",
    "list": "The runs, what they learned from, and how they ended.",
    "results": "Attach what a run scored in an evaluation.",
    "show": "One run whole: its receipt, its figures, its ids at trackers.",
}


@click.group(name="runs", cls=FileGroup, subcommands=COMMANDS)
def command() -> None:
    """Training runs, and the versions that they learned from."""
