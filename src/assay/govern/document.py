"""A paper before it has a form: sections of plain values, which Markdown and HTML are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.govern.filling import QUESTIONS, Fill

BLANK = "(to be filled by a person)"


class Mono(str):
    """A text that is an identifier: a digest, a name, a path. Rendered in a fixed pitch."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names and values, one a line; a value that is empty is left to a person."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """`right`: positions of columns of numbers."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Bullets:
    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Answers:
    """Questions with the texts that people gave, or none."""

    rows: Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines of code or data, shown as they are."""

    text: str


Block = Paragraph | Pairs | Table | Bullets | Answers | Listing


@dataclass(frozen=True, slots=True)
class Section:
    """`name` is for machines and for pictures that belong to it."""

    name: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Document:
    """`open` are the keys of questions that a person has yet to answer."""

    title: str
    lede: str
    sections: Sequence[Section]
    open: Sequence[str]


def answers(fill: Fill, *keys: str) -> Answers:
    """Questions and what people answered."""
    return Answers([(QUESTIONS[key], fill.all(key)) for key in keys])


def to_fill(keys: Sequence[str]) -> Section:
    """The list of what a person must still say, last in every paper."""
    if not keys:
        return Section(
            "open", "To be filled by a person", [Paragraph("Nothing: every question is answered.")]
        )
    rows = [(Mono(key), QUESTIONS[key]) for key in keys]
    said = "Answer these in a YAML file and give it with --fill. Nothing here is guessed."
    return Section("open", "To be filled by a person", [Paragraph(said), Table(("key", "question"), rows)])
