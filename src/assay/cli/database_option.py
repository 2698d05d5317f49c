"""`--database`, or the variable ASSAY_DATABASE: where a team keeps the index and who may come in."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

VARIABLE: Final = "ASSAY_DATABASE"


def from_environment() -> str | None:
    """The address that the environment names, if any."""
    return os.environ.get(VARIABLE) or None


def database_option() -> Callable[[F], F]:
    """`--database URL`. A password does not belong into a command line, which others see."""
    return click.option(
        "--database",
        metavar="URL",
        help=f"postgresql://… of your team (default: the variable {VARIABLE}).",
    )


def hand_on(database: str | None) -> None:
    """What this process starts asks the same database."""
    if database:
        os.environ[VARIABLE] = database
