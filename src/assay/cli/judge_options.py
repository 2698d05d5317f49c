"""What the commands of `assay judge` take in common: files of labels, and what their fields mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from assay.errors import UsageError

if TYPE_CHECKING:
    from assay.registry.judge_files import JudgeRequest

_OPTIONS = (
    click.argument("files", nargs=-1, required=True, metavar="FILE…"),
    click.option("--human", metavar="FIELD[,…]", help="People's labels; of several fields the majority or mean."),
    click.option("--judge", metavar="FIELD", help="The judge's answers."),
    click.option(
        "--scores", is_flag=True, help="Labels are numbers, and no preferences between two answers."
    ),
    click.option("--join", metavar="FIELD", help="Rows of all files with one value of it are one row."),
    click.option(
        "--field", "parts", multiple=True, metavar="PART=FIELD", help="Another part's field, as in swapped=second_run."
    ),
    click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the intervals."),
)  # fmt: skip


def label_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the shared argument and options to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def request_of(
    files: Sequence[str], parts: Sequence[str], human: str | None, judge: str | None, **given: Any
) -> JudgeRequest:
    """The request that the options spell. Raises UsageError for a part that is no PART=FIELD."""
    from assay.registry.judge_files import JudgeRequest

    fields = {}
    for part in parts:
        name, sign, value = part.partition("=")
        if not sign or not value:
            raise UsageError(f"{part!r} is not PART=FIELD", "such as --field swapped=second_run")
        fields[name] = value
    fields |= {name: value for name, value in (("human", human), ("judge", judge)) if value}
    return JudgeRequest(tuple(files), fields, **given)
