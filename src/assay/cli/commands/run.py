"""assay run REF -- CMD…"""

from __future__ import annotations

import os
import shutil
from typing import Any

import click

from assay.cli.child import Child, program_name
from assay.cli.command import Command
from assay.cli.failure import report
from assay.cli.render import runs as picture
from assay.cli.session import Session
from assay.errors import AssayError, NotFound
from assay.registry.training.wrapping import fresh_name, variables
from assay.track.receipt import Receipt


@click.command(cls=Command)
@click.argument("ref")
@click.argument("cmd", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option("--name", metavar="RUN", help="What the run is called (default: by the time).")
@click.option("--seed", type=int, metavar="K", help="Its seed; CMD finds it in ASSAY_SEED.")
@click.option("--tracker", "trackers", metavar="T", multiple=True, help="Who is told; may be repeated.")
@click.option("--data", metavar="DIR", help="Export the version there first; CMD finds DIR in ASSAY_DATA.")
@click.option("--data-format", type=click.Choice(["hf", "trl"]), default="hf", show_default=True)
@click.option("--force", is_flag=True, help="Although the policy says no; the log will say so.")
@click.option("--reason", metavar="TEXT", default="", help="Why, with --force.")
@click.option("--dry-run", is_flag=True, help="Say whether models may learn from it, and stop.")
@click.pass_obj
def command(session: Session, /, ref: str, cmd: tuple[str, ...], dry_run: bool, **given: Any) -> None:
    """Run CMD, which trains on REF, and keep a receipt of it.

    CMD finds ASSAY_DATASET, ASSAY_FINGERPRINT, ASSAY_RUN and ASSAY_REGISTRY in its environment. Its output stays
    its own (with --json it goes to standard error), and its exit code is that of this command. Write `--` before
    CMD.
    """
    if shutil.which(cmd[0]) is None:
        raise NotFound(f"no program {cmd[0]!r}", "write it as you would without assay, after `--`")
    runs, words = session.registry.runs, {"force": given["force"], "reason": given["reason"]}
    if dry_run:
        version = runs.admit(ref, gate=True)
        session.answer(lambda: picture.admitted_json(version), lambda: picture.admitted(version))
        return
    receipt = runs.begin(
        ref, given["name"] or fresh_name(session.registry), seed=given["seed"], trackers=given["trackers"],
        program=program_name(cmd), failed=lambda *failure: session.err.print(picture.not_told(*failure)), **words,
    )  # fmt: skip
    session.err.print(picture.begins(receipt))
    code = 1
    try:
        if given["data"]:
            session.registry.export(ref, given["data"], format=given["data_format"], **words)
        told = variables(session.registry, receipt, session.path, given["data"])
        code = Child().run(cmd, os.environ | told, quiet=session.as_json)
    finally:
        code = _end(session, receipt, code)
    if session.as_json:
        account = runs.account(runs.named(receipt.run)[-1])
        session.answer(lambda: account.as_json() | {"exit": code}, lambda: "")
    raise click.exceptions.Exit(code)


def _end(session: Session, receipt: Receipt, code: int) -> int:
    """Write down how CMD ended; its exit code, which counts although the receipt could not be kept."""
    try:
        ended = session.registry.runs.end(
            receipt, "failed" if code else "finished",
            failed=lambda *failure: session.err.print(picture.not_told(*failure)),
        )  # fmt: skip
    except AssayError as error:
        report(error, as_json=False)
        return code or error.exit_code
    session.err.print(picture.ends(ended, session.command("runs", "show", ended.run)))
    return code
