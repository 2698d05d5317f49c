"""A form that somebody else drew up: numbered fields, each answered by facts, by a person, or not yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assay.govern.document import Answers, Block, Document, Pairs, Section, to_fill
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

    def blocks(self, fill: Fill) -> list[Block]:
        shown: list[Block] = []
        label = f"{self.number} {self.title}".strip()
        if self.fact:
            shown.append(Pairs([(label, self.fact)]))
        asked = [(QUESTIONS[key] if self.fact or len(self.keys) > 1 else label, fill.all(key)) for key in self.keys
                 if fill.all(key) or key in self.open(fill)]  # fmt: skip
        if asked:
            shown.append(Answers(asked))
        return shown or [Pairs([(label, "none is known")])]

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
    sections = [
        Section(part.name, part.title, [block for item in part.items for block in item.blocks(fill)])
        for part in parts
    ]
    return Document(title, lede, [*sections, to_fill(left)], left)


def form_json(head: dict[str, Any], parts: Sequence[Part], fill: Fill) -> dict[str, Any]:
    """The form as plain values."""
    return {
        **head,
        "parts": [{"title": part.title, "items": [item.as_json(fill) for item in part.items]} for part in parts],
        "open": list(open_keys(parts, fill)),
    }


def open_keys(parts: Sequence[Part], fill: Fill) -> tuple[str, ...]:
    """Every key that waits for a person, once each, in the form's order."""
    return tuple(dict.fromkeys(key for part in parts for item in part.items for key in item.open(fill)))
