"""assay merge NAME FROM_BRANCH"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from assay.cli.command import Command
from assay.cli.render import refs as picture
from assay.cli.session import Session
from assay.errors import UsageError

if TYPE_CHECKING:
    from assay.store.merge import Take


@click.command(cls=Command)
@click.argument("name")
@click.argument("branch", metavar="FROM_BRANCH")
@click.option("--into", default="main", show_default=True, metavar="B", help="The branch that is moved.")
@click.option("-m", "--message", default="", metavar="MSG", help="Why.")
@click.option("--ours", is_flag=True, help="Where both contradict each other, keep what --into has.")
@click.option("--theirs", is_flag=True, help="Where both contradict each other, take what FROM_BRANCH has.")
@click.option("--resolve", metavar="FILE", help='Decisions, one a line: {"id": "…", "take": "ours"}.')
@click.option("--dry-run", is_flag=True, help="Say what would change, and what contradicts.")
@click.pass_obj
def command(  # noqa: PLR0913 - its options
    session: Session,
    /,
    name: str,
    branch: str,
    into: str,
    message: str,
    ours: bool,
    theirs: bool,
    resolve: str | None,
    dry_run: bool,
) -> None:
    """Bring what FROM_BRANCH changed into another branch, example by example.

    What both changed differently is a conflict: nothing is written, every one is named, and the exit code is 3.
    """
    if ours and theirs:
        raise UsageError("--ours and --theirs contradict each other", "give one of them, or --resolve FILE")
    take: Take | None = "ours" if ours else "theirs" if theirs else None
    done = session.registry.refs.merge(
        name, branch, into=into, message=message, take=take, resolve=resolve, dry_run=dry_run
    )
    session.answer(done.as_json, lambda: picture.merged(done))
