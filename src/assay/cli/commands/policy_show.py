"""assay policy show"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session


@click.command(cls=Command)
@click.argument("dataset", required=False)
@click.pass_obj
def command(session: Session, dataset: str | None) -> None:
    """The policy in force for DATASET, or for every dataset that has none of its own."""
    from assay.cli.render.policy import no_policy, policy_card

    found = session.registry.policies.show(dataset)
    if found is None:
        session.answer(lambda: {"policy": None}, no_policy)
    else:
        session.answer(found.as_json, lambda: policy_card(found))
