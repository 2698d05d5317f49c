"""Errors as a person or a program reads them."""

from __future__ import annotations

import sys
from typing import Any

import click

from assay.errors import AssayError, GateFailed, MergeConflict, StorageFailure, UsageError


def as_assay_error(error: Exception) -> AssayError:
    """What the command line says of an error of click, of the operating system or of assay."""
    if isinstance(error, AssayError):
        return error
    if isinstance(error, click.ClickException):
        where = getattr(error, "ctx", None)
        hint = f"see: {where.command_path} --help" if where else ""
        said = error.format_message().rstrip(".")
        return UsageError(said[:1].lower() + said[1:], hint)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        hint = "check the path, its permissions and the free space"
        return StorageFailure(f"{place}{error.strerror or error}", hint)
    raise error


def report(error: AssayError, as_json: bool) -> None:
    """`error:` and `hint:` on standard error; with `--json`, one document on standard output instead."""
    if as_json:
        from assay.cli.session import print_json

        said: dict[str, Any] = {"code": error.code, "message": error.message, "hint": error.hint}
        if isinstance(error, MergeConflict):
            said["conflicts"] = [dict(one) for one in error.conflicts]
        print_json({"error": said} | ({"gate": error.gate} if isinstance(error, GateFailed) else {}))
        return
    from rich.console import Console
    from rich.text import Text

    from assay.cli.render.text import safe_text

    console = Console(file=sys.stderr, highlight=False, markup=False, emoji=False)
    console.soft_wrap = not console.is_terminal  # a pipe is given whole lines
    console.print(Text.assemble(("error:", "bold red"), " ", safe_text(error.message, lines=True)))
    if isinstance(error, MergeConflict):
        from assay.cli.render.refs import conflicts

        console.print(conflicts(error.conflicts))
    if error.hint:
        console.print(Text.assemble(("hint:", "cyan"), "  ", safe_text(error.hint, lines=True)))
