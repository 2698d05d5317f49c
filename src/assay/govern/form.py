"""A form that somebody else drew up: numbered fields, each answered by facts, by a person, or not yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assay.govern.document import BLANK, Document, Section, Table, to_fill
from assay.govern.filling import QUESTIONS, Fill


@dataclass(frozen=True, slots=True)
class Item:
    """A field of the form. `fact`: what the registry knows, empty when nothing; `keys`: what a person may add.

    A field is open when there is neither fact nor answer; with `needs_person`, whenever there is no answer.
    """

    number: str
    title: str
    fact: str = ""
    keys: tuple[str, ...] = ()
    needs_person: bool = False

    def open(self, fill: Fill) -> tuple[str, ...]:
        """The keys that still wait for a person."""
        if self.fact and not self.needs_person:
            return ()
        return fill.open(self.keys)

    def rows(self, fill: Fill) -> list[tuple[str, str, str]]:
        """Number, what is asked, and the answer: the fact, then what people said or have yet to say."""
        found = [(self.number, self.title, self.fact)] if self.fact else []
        alone = not self.fact and len(self.keys) == 1
        for key in self.keys:
            said = fill.text(key)
            if said or key in self.open(fill):
                found.append((self.number, self.title if alone else QUESTIONS[key], said or BLANK))
        return found or [(self.number, self.title, "none is known")]

    def as_json(self, fill: Fill) -> dict[str, Any]:
        return {
            "number": self.number,
            "field": self.title,
            "fact": self.fact or None,
            "answers": {key: list(fill.all(key)) for key in self.keys if fill.all(key)},
            "open": list(self.open(fill)),
        }


@dataclass(frozen=True, slots=True)
class Part:
    """Fields under one heading."""

    name: str
    title: str
    items: Sequence[Item]


def form_document(title: str, lede: str, parts: Sequence[Part], fill: Fill) -> Document:
    """The form as sections, with the list of what a person must still say last."""
    left = open_keys(parts, fill)
    heads = ("no.", "field", "answer")
    sections = [
        Section(
            part.name, part.title, [Table(heads, [row for item in part.items for row in item.rows(fill)])]
        )
        for part in parts
    ]
    return Document(title, lede, [*sections, to_fill(left)], left)


def form_json(head: dict[str, Any], parts: Sequence[Part], fill: Fill) -> dict[str, Any]:
    """The form as plain values."""
    return {
        **head,
        "parts": [
            {"title": part.title, "items": [item.as_json(fill) for item in part.items]} for part in parts
        ],
        "open": list(open_keys(parts, fill)),
    }


def open_keys(parts: Sequence[Part], fill: Fill) -> tuple[str, ...]:
    """Every key that waits for a person, once each, in the form's order."""
    return tuple(dict.fromkeys(key for part in parts for item in part.items for key in item.open(fill)))
