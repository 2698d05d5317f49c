"""assay review: the group; its commands by subject in the files beside."""

from __future__ import annotations

import click

from assay.cli.command import Group
from assay.cli.commands.review import adjudicate, carry, create, judge, look


@click.group(cls=Group)
def command() -> None:
    """Queues of examples, people's verdicts on them, and the version that follows."""


for one in (*create.COMMANDS, *look.COMMANDS, *judge.COMMANDS, *adjudicate.COMMANDS, *carry.COMMANDS):
    command.add_command(one)
