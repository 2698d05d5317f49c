"""assay policy set FILE"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("file")
@click.option("--dataset", metavar="NAME", help="For this dataset alone (default: for all without one).")
@click.option("--reason", default="", metavar="TEXT", help="Why.")
@click.option("--dry-run", is_flag=True, help="Check it and write nothing.")
@click.pass_obj
def command(session: Session, file: str, dataset: str | None, reason: str, dry_run: bool) -> None:
    """Put the policy in FILE (YAML) in force, from now on."""
    from assay.cli.render.policy import policy_card, was_read

    policies = session.registry.policies
    done = policies.set(file, dataset, reason=reason, dry_run=dry_run)
    if done is None:
        policy = policies.read(file)
        session.answer(
            lambda: {"dataset": dataset, "digest": policy.digest, "policy": policy.as_json()},
            lambda: was_read(policy),
        )
    else:
        session.answer(done.as_json, lambda: policy_card(done))
