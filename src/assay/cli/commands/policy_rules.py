"""assay policy rules [RULE]"""

from __future__ import annotations

import click

from assay.cli.command import Command
from assay.cli.session import Session
from assay.errors import NotFound


@click.command(cls=Command)
@click.argument("rule", required=False)
@click.pass_obj
def command(session: Session, rule: str | None) -> None:
    """The rules that a policy may name; with RULE, its page: codes, parameters, and what it means."""
    from assay.cli.render.policy import page_text, rules_table
    from assay.govern.pages import page
    from assay.govern.policy import rule_classes

    known = rule_classes()
    if rule is None:
        session.answer(
            lambda: {"rules": {name: dict(one.codes) for name, one in known.items()}},
            lambda: rules_table(known),
        )
        return
    if rule not in known:
        raise NotFound(f"no rule {rule!r}", f"there are: {', '.join(known)}")
    text = page(known[rule])
    session.answer(
        lambda: {"rule": rule, "codes": dict(known[rule].codes), "page": text}, lambda: page_text(text)
    )
