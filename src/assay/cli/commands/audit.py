"""assay audit COMMAND"""

from __future__ import annotations

import click

from assay.cli.command import FileGroup

SUBCOMMANDS = {
    "log": "The operations, by who, what, when and about which example.",
    "verify": "Check the log, and hold it against what you kept elsewhere.",
    "checkpoint": "State what the log is now, signed if you have a key.",
    "proof": "Prove that an entry is in the log, or that the log only grew.",
    "key": "Make a key that signs checkpoints.",
    "verifier": "Write out the verifier: one file that needs Python alone.",
}


@click.group(name="audit", cls=FileGroup, subcommands=SUBCOMMANDS)
def command() -> None:
    """Prove that the log is whole, and hold it against what you kept elsewhere.

    Make a checkpoint now and then, and keep it where the registry's keepers cannot change it: it is what a rewritten or
    restored log is told by.
    """
