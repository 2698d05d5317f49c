"""assay audit verifier"""

from __future__ import annotations

import sys

import click

from assay.cli.command import Command
from assay.cli.session import Session, print_json
from assay.govern.proofs.standalone import standalone_source


@click.command(name="verifier", cls=Command)
@click.pass_obj
def command(session: Session) -> None:
    """Write the verifier to standard output: `assay audit verifier > verify.py`.

    One file: `python -I verify.py PACK` needs Python 3.11 or newer, no network, nothing installed. Needs no registry.
    """
    source = standalone_source()
    if session.as_json:
        print_json({"verifier": source})
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(source.encode())
