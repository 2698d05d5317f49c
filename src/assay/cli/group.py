"""Commands that have commands: `assay policy set`. Each lies in a file of its own, imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from assay.cli.command import global_options


class Group(click.Group):
    """A group by the name of NAME with its commands in `assay.cli.commands.NAME_<command>`.

    Global options may stand on either side of the command's name.
    """

    def __init__(self, *args: Any, subcommands: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._subcommands = subcommands
        self.params.extend(global_options())

    def invoke(self, ctx: click.Context) -> Any:
        from assay.cli.session import Session

        given = {name: ctx.params.pop(name) for name in ("folder", "actor", "as_json")}
        ctx.obj = (ctx.obj or Session()).override(**given)
        return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._subcommands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self._subcommands:
            return None
        command: click.Command = import_module(f"assay.cli.commands.{self.name}_{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(self._subcommands.items()), col_max=10, col_spacing=4)
