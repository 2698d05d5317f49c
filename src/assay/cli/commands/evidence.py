"""assay evidence REF --to FILE.zip"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("ref")
@click.option("--to", required=True, metavar="FILE.zip", help="Where to write it; FILE.zip must not exist.")
@click.option("--key", metavar="FILE", help="Sign with this private key (`assay audit key` makes one).")
@click.option("--fill", metavar="FILE", help="A YAML file with what only a person knows, for the card.")
@click.option("--notes", is_flag=True, help="Put people's reasons and comments in as well.")
@click.option("--dry-run", is_flag=True, help="Say what would be in it.")
@click.pass_obj
def command(
    session: Session, ref: str, to: str, key: str | None, fill: str | None, notes: bool, dry_run: bool
) -> None:
    """Everything that proves the version REF, in one zip that checks itself offline.

    Card, Croissant, forms, the version's manifest, the ledger in numbers, acts and what they name, the log's entries
    about the dataset with proofs, a new checkpoint, and the verifier: python -I verify.py FILE.zip --key THEIR.pub
    """
    from assay.cli.render.evidence import packed
    from assay.registry.governing.evidence import EvidenceRequest

    made = session.registry.papers.evidence(EvidenceRequest(ref, to, key, fill, notes, dry_run))
    session.answer(made.as_json, lambda: packed(made, dry_run, key is not None))
