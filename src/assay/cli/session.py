"""What a command has at hand: the registry, the two streams, and how to answer on them."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from assay.errors import NotFound

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from assay.registry import Registry
    from assay.registry.results import Progress

DEFAULT_REGISTRY = ".assay"
MAX_WIDTH = 100
SETTLED = 1.0
"""Seconds: so late may an answer know of what other machines did; it does not ask for a far log's end at every step."""


@dataclass(frozen=True)
class Session:
    """One run of one command. `folder` None: the default place; `actor` None: the operating system's user; `as_of`
    None: now."""

    folder: str | None = None
    actor: str | None = None
    as_json: bool = False
    given: bool = False
    """Whether `folder` was given as an option, not by the environment."""
    as_of: str | None = None
    cache: str | None = None
    """Where a registry in an object store keeps things on this machine; None: the user's folder of caches."""
    database: str | None = field(default=None, repr=False)
    """The address of the team's database; it may hold a password."""

    def override(
        self,
        folder: str | None,
        actor: str | None,
        as_json: bool,
        as_of: str | None = None,
        cache: str | None = None,
    ) -> Session:
        """The same with what was given after the command's name."""
        return replace(
            self,
            folder=folder or self.folder,
            actor=actor or self.actor,
            as_of=as_of or self.as_of,
            cache=cache or self.cache,
            as_json=as_json or self.as_json,
            given=bool(folder) or self.given,
        )

    def over(self, database: str | None) -> Session:
        """The same over another database, if one is given."""
        return replace(self, database=database) if database else self

    @property
    def path(self) -> str:
        return self.folder or DEFAULT_REGISTRY

    @cached_property
    def place(self) -> dict[str, Any]:
        """The options of `assay.open` and `assay.init` for a registry in an object store; none for a folder."""
        from assay.store.storage import is_address

        if not is_address(self.path):
            return {}
        from assay.cli.cloud import cache_folder, store_options

        return {
            "options": store_options(self.path, os.environ),
            "cache": cache_folder(self.cache, os.environ),
        }

    def opened(self) -> Registry:
        """The registry, opened anew."""
        import assay

        far: dict[str, Any] = {**self.place, "settled": SETTLED} if self.place else {}
        return assay.open(self.path, actor=self.actor, database=self.database, **far)

    @cached_property
    def registry(self) -> Registry:
        """The registry, as of `as_of`. Raises NotFound, saying to run `assay init`, when there is none."""
        try:
            now = self.opened()
            return now if self.as_of is None else now.at(self.as_of)
        except NotFound as error:
            hint = error.hint or f"create one with: {self.command('init')}"
            raise NotFound(error.message, hint) from None

    @cached_property
    def out(self) -> Console:
        return _console(sys.stdout)

    @cached_property
    def err(self) -> Console:
        return _console(sys.stderr)

    def answer(self, document: Callable[[], Any], picture: Callable[[], RenderableType]) -> None:
        """Print one JSON document, or the picture; only the one that is wanted is made."""
        if self.as_json:
            print_json(document())
        else:
            _print(self.out, picture())

    @contextmanager
    def progress(self) -> Iterator[Callable[[Progress], None] | None]:
        """A live bar on standard error, or None where nobody watches (a pipe, a dumb terminal). A job of the web
        application writes its progress down instead."""
        from assay.cli.job import JobProgress, job_folder

        folder = job_folder()
        if folder is not None:
            yield JobProgress(folder)
            return
        if not self.err.is_terminal or self.err.is_dumb_terminal:
            yield None
            return
        from assay.cli.render.progress import LiveProgress

        with LiveProgress(self.err) as live:
            yield live

    @contextmanager
    def asking(self) -> Iterator[Registry]:
        """The registry, for an answer that may have to wait until the index is built; a bar shows it then."""
        with self.progress() as progress:
            self.registry.tell = progress
            yield self.registry

    def command(self, *words: str) -> str:
        """A command line to copy, quoted for the shell, that reaches the same registry."""
        where = ("--registry", self.path) if self.given and self.path != DEFAULT_REGISTRY else ()
        near = ("--cache", self.cache) if self.cache else ()
        return " ".join(map(_quoted, ("assay", *words, *where, *near)))


def _quoted(word: str) -> str:
    """A word for the shell; in double quotes where that reads better than single ones."""
    if "'" in word and not set(word) & set('"$`\\!'):
        return f'"{word}"'
    return shlex.quote(word)


def print_json(document: Any) -> None:
    """One JSON document and a line feed on standard output, in UTF-8 whatever the terminal speaks."""
    try:
        data = orjson.dumps(document, option=orjson.OPT_INDENT_2, default=_plain)
    except TypeError:  # a file name that is not Unicode, a number of more than 64 bits
        data = json.dumps(document, indent=2, default=_plain).encode("ascii")
    sys.stdout.flush()
    sys.stdout.buffer.write(data + b"\n")
    sys.stdout.buffer.flush()


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} is not JSON")


def _print(console: Console, picture: RenderableType) -> None:
    """To a terminal as it is; to a pipe or a file without the blanks that fill lines up."""
    if console.is_terminal:
        console.print(picture, crop=False)
        return
    with console.capture() as captured:
        console.print(picture, crop=False)
    lines = captured.get().removesuffix("\n").split("\n")
    console.file.write("".join(line.rstrip() + "\n" for line in lines))
    console.file.flush()


def _console(stream: Any) -> Console:
    from rich.console import Console

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    console.width = min(console.width, MAX_WIDTH)
    return console
