"""assay log [DATASET]"""

from __future__ import annotations

import click
from rich.text import Text

from assay.cli.command import Command
from assay.cli.render import tables
from assay.cli.session import Session
from assay.govern.approvals import ACTIONS
from assay.registry.documents import operation_json


@click.command(cls=Command)
@click.argument("dataset", required=False)
@click.pass_obj
def command(session: Session, dataset: str | None) -> None:
    """What happened in the registry or to one DATASET, the newest first."""
    registry = session.registry
    found = registry.log(dataset)
    refused = {
        one.operation.seq: one.reason
        for name in {
            entry.dataset for entry in found if entry.action in ACTIONS and entry.dataset is not None
        }
        for one in registry.releases.of(name).refused
    }
    session.answer(
        lambda: {
            "operations": [
                operation_json(one) | {"said": registry.said(one), "refused": refused.get(one.seq)}
                for one in found
            ]
        },
        lambda: (
            tables.operations(found, registry.said, refused) if found else Text("nothing happened yet", "dim")
        ),
    )
