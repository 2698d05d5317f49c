"""The options of every command that chooses examples: `--id`, `--ids` and `--where`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from assay.errors import UsageError

if TYPE_CHECKING:
    from assay.kernels.ids import IdArray
    from assay.registry import Registry


@dataclass(frozen=True, slots=True)
class Choice:
    """What was given. `of(registry, ref)` gives the examples of a version that are meant: V32, sorted."""

    ids: tuple[str, ...] = ()
    file: str | None = None
    where: str | None = None

    @property
    def given(self) -> bool:
        return bool(self.ids) or self.file is not None or self.where is not None

    def of(self, registry: Registry, ref: str) -> IdArray:
        """Raises UsageError when nothing was named or the ways of naming do not go together; NotFound."""
        from assay.registry.querying.choosing import chosen

        return chosen(registry, ref, ids=self.ids, where=self.where, file=self.file)

    def refused(self, why: str) -> None:
        """Raises UsageError when anything was given."""
        if self.given:
            raise UsageError(f"--id, --ids and --where choose among examples, {why}", "leave them out")


def choice_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--id` (repeatable), `--ids FILE` and `--where EXPR`; the function is given `choice`, a `Choice`."""

    @click.option("--id", "choice_ids", metavar="ID", multiple=True, help="This example; repeatable.")
    @click.option("--ids", "choice_file", metavar="FILE", help="The ids in FILE, one a line.")
    @click.option(
        "--where", "choice_where", metavar="EXPR", help="Where this holds: \"generator = 'gpt-4'\"."
    )
    @wraps(function)
    def wrapper(
        *args: Any,
        choice_ids: tuple[str, ...],
        choice_file: str | None,
        choice_where: str | None,
        **options: Any,
    ) -> Any:
        return function(*args, choice=Choice(choice_ids, choice_file, choice_where), **options)

    return wrapper
