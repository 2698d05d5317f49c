"""What the commands of `assay access` share: the book, roles, a password that is typed or piped."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from assay.errors import MissingExtra

if TYPE_CHECKING:
    from assay.cli.session import Session
    from assay.web.access.book import Book

F = TypeVar("F", bound=Callable[..., Any])

ROLES = ("reader", "contributor", "reviewer", "releaser", "auditor", "admin")


def role_option(required: bool) -> Callable[[F], F]:
    """`--role`, as often as needed."""
    return click.option(
        "--role",
        "roles",
        type=click.Choice(ROLES),
        multiple=True,
        required=required,
        help="May be given often.",
    )


@contextmanager
def the_book(session: Session, database: str | None) -> Iterator[Book]:
    """The book of the session's registry, or that in a database. Raises MissingExtra, UsageError, StorageFailure."""
    try:
        from secrets import token_bytes
        from time import time

        from assay.web.access.book import open_book
    except ImportError:
        raise MissingExtra(
            "the web application needs packages of its own", "pip install 'assay-data[web]'"
        ) from None
    book = open_book(session.over(database).registry, time, token_bytes)
    try:
        yield book
    finally:
        book.close()


def read_password() -> str:
    """The hash of a password that is typed twice at a terminal, or the first line of standard input. Never an option: a
    command line is seen by others and kept in histories."""
    from assay.web.access.passwords import hashed

    if sys.stdin.isatty():
        text: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        text = sys.stdin.readline().rstrip("\r\n")
    return hashed(text)
