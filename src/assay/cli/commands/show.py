"""assay show REF | ID"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import click

from assay.cli.command import Command
from assay.cli.render import cards
from assay.cli.render.gate import gate_line, refused_lines, standing_line
from assay.cli.session import Session
from assay.errors import NotFound
from assay.registry.documents import example_json, governed_json, version_json

if TYPE_CHECKING:
    from assay.registry import Registry

_ID = re.compile(r"[0-9a-f]{6,64}")


@click.command(cls=Command)
@click.argument("what", metavar="REF|ID")
@click.pass_obj
def command(session: Session, what: str) -> None:
    """A version's card, or one example whole when given its ID (or a beginning that only it has)."""
    with session.asking() as registry:
        _answer(session, registry, what)


def _answer(session: Session, registry: Registry, what: str) -> None:
    if _ID.fullmatch(what):
        try:
            example = registry.example(what)
        except NotFound:
            if what not in {one.name for one in registry.datasets()}:
                raise
        else:
            session.answer(lambda: example_json(example), lambda: cards.example_card(example))
            return
    version = registry.version(what)
    parents = [registry.store.objects.manifest(name).ref for name in version.manifest.parents]
    malformed = (registry.store.curation(version.manifest) or {}).get("malformed_codes", {})
    number, dataset = version.manifest.number, version.manifest.dataset
    said = registry.releases.of(dataset)
    standing, needed = said.versions[number], registry.releases.needed(dataset)
    refused = [one for one in said.refused if one.operation.body.get("version") == number]
    gate = registry.policies.recorded(standing.released or version.operation)
    governed = [
        ("state", standing_line(standing, needed)),
        ("authors", ", ".join(sorted(standing.authors))),
        ("gate", gate_line(gate)),
        ("refused", refused_lines(refused)),
    ]
    session.answer(
        lambda: version_json(version, parents, malformed) | governed_json(standing, needed, gate),
        lambda: cards.version_card(version, parents, malformed, governed),
    )
