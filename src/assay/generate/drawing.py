"""Draws that follow from what they are for, and from nothing else: the same on every machine and in any order."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, TypeVar

from assay.model.canonical import canonical_json

T = TypeVar("T")

_DOMAIN = b"assay.draw.v1\n"


class Draws:
    """Draws under a name (JSON values). Each has a label, so that one more of them moves no other.

    They are SHA-256 over the name and the label, taken as a number.
    """

    def __init__(self, *name: Any) -> None:
        self._begun = hashlib.sha256(_DOMAIN + canonical_json(list(name)))

    def number(self, *label: Any) -> int:
        """A whole number of 256 bits."""
        digest = self._begun.copy()
        digest.update(canonical_json(list(label)))
        return int.from_bytes(digest.digest(), "big")

    def below(self, n: int, *label: Any) -> int:
        """A whole number from 0 to below n, each alike often (to within n in 2²⁵⁶)."""
        return self.number(*label) % n

    def share(self, *label: Any) -> float:
        """A number from 0 to below 1."""
        return (self.number(*label) >> 203) / 2**53

    def one(self, of: Sequence[T], *label: Any) -> T:
        """One of several."""
        return of[self.below(len(of), *label)]

    def some(self, n: int, k: int, *label: Any) -> list[int]:
        """k different positions of n (all of them where there are fewer), in drawn order."""
        moved: dict[int, int] = {}
        out = []
        for at in range(min(n, k)):
            other = at + self.below(n - at, *label, at)
            out.append(moved.get(other, other))
            moved[other] = moved.get(at, at)
        return out
