"""What every command shares: the global options, accepted before and after the command's name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from assay.cli.session import Session

GLOBAL = ("folder", "actor", "as_of", "as_json", "cache")
"""What the global options are called where they arrive."""


def global_options() -> list[click.Option]:
    """Fresh `--registry`, `--cache`, `--actor`, `--as-of` and `--json`."""
    return [
        click.Option(["--registry", "folder"], metavar="DIR", help="The registry (default: .assay here)."),
        click.Option(["--cache"], metavar="DIR", help="What a registry in s3://… keeps on this machine."),
        click.Option(["--actor"], metavar="NAME", help="Who acts (default: your user name)."),
        click.Option(["--as-of", "as_of"], metavar="MOMENT", help="Answer as of then: YYYY-MM-DD[THH:MMZ]."),
        click.Option(["--json", "as_json"], is_flag=True, help="Answer with one JSON document."),
    ]


class Command(click.Command):
    """A command whose function is given the `Session` first (with `click.pass_obj`)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(global_options())

    def invoke(self, ctx: click.Context) -> Any:
        _take_globals(ctx)
        return super().invoke(ctx)


def _take_globals(ctx: click.Context) -> None:
    """Move what was given of the global options from the parameters to the session."""
    given = {name: ctx.params.pop(name) for name in GLOBAL}
    ctx.obj = (ctx.obj or Session()).override(**given)


class SourceRecord(click.ParamType[tuple[str, int]]):
    """`SRC:RECORD`, split at the last colon: ("tickets.jsonl", 17). Record numbers start at 1."""

    name = "SRC:RECORD"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        source, colon, number = str(value).rpartition(":")
        if not colon or not source:
            self.fail(f"{value!r} is not SRC:RECORD, such as tickets.jsonl:17", param, ctx)
        if not (number.isascii() and number.isdigit() and len(number) <= 18 and int(number) > 0):
            self.fail(f"{number!r} is not a record number; records are counted from 1", param, ctx)
        return source, int(number)


class Group(click.Group):
    """A command of commands (`runs link`, `runs list`); global options may stand after its name too."""

    command_class = Command

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.extend(global_options())

    def invoke(self, ctx: click.Context) -> Any:
        _take_globals(ctx)
        return super().invoke(ctx)


class FileGroup(Group):
    """A group whose commands lie in files of their own, `assay.cli.commands.<group>_<name>`, imported when asked for.

    `subcommands`: name → one-line help, in the order of the help page.
    """

    def __init__(self, *args: Any, subcommands: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.subcommands = subcommands

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.subcommands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.subcommands:
            return None
        command: click.Command = import_module(f"assay.cli.commands.{self.name}_{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self.subcommands.items()), col_max=10, col_spacing=4)
