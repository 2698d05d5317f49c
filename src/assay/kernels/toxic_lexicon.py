"""Which listed insults, slurs and threats stand in a text: a lexical screen, by a list and nothing else."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

_LEET: Final = str.maketrans("013457@$!", "oieastasi")
_MIXED: Final = re.compile(r"[a-z][013457@$!]|[013457@$][a-z]")
_TOKEN: Final = re.compile(r"[a-z0-9@$!]+")
_WIDE: Final = re.compile("[\uff10-\uff5a]")
_VOWEL: Final = re.compile("(?<=.)[aeiou](?=.)")


@dataclass(frozen=True, slots=True)
class Term:
    """A listed term: `weight` 1 rude, 2 insult, 3 slur, threat or worse."""

    text: str
    weight: int

    @property
    def veiled(self) -> str:
        """The term for people to read: its first character and stars."""
        return self.text[0] + "*" * (len(self.text.rstrip("*")) - 1)

    @property
    def pattern(self) -> str:
        """RE2 on lower case: whole words of Latin letters, inner vowels perhaps starred; Chinese anywhere."""
        if not self.text.isascii():
            return re.escape(self.text)
        stem = self.text.rstrip("*")
        starred = _VOWEL.sub(lambda match: f"[{match[0]}*]", stem).replace(" ", r"[ -]+")
        return rf"\b{starred}" + ("[a-z]*" if self.text.endswith("*") else "") + r"\b"


@lru_cache(maxsize=1)
def terms() -> tuple[Term, ...]:
    """The list, in the order of the file `toxic_terms.txt`."""
    lines = files("assay.kernels").joinpath("toxic_terms.txt").read_text("utf-8").splitlines()
    split = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return tuple(Term(text, int(weight)) for weight, text in split)


@lru_cache(maxsize=1)
def _compiled() -> tuple[Any, Any]:
    """The gate that tells in one scan whether there is anything to see, and the set that tells what."""
    import re2

    found = re2.Set.SearchSet()
    for term in terms():
        found.Add(term.pattern)
    found.Compile()
    return re2.compile("|".join([_MIXED.pattern, *(term.pattern for term in terms())])), found


def listed(text: str) -> list[int]:
    """The indices in `terms()`, in rising order, of the terms that a text holds, each once.

    Case, full-width Latin letters, digits for letters within a word ("1d10t") and starred vowels are seen
    through. A term that lies within another that is found (妈的 in 他妈的) is not given. Linear time.
    """
    folded = (unicodedata.normalize("NFKC", text) if _WIDE.search(text) else text).lower()
    gate, patterns = _compiled()
    if gate.search(folded) is None:
        return []
    found = set(patterns.Match(folded) or ())
    if _MIXED.search(folded):
        found.update(patterns.Match(_TOKEN.sub(_spelled_out, folded)) or ())
    within = _within()
    return sorted(k for k in found if within[k].isdisjoint(found))


@lru_cache(maxsize=1)
def _within() -> tuple[frozenset[int], ...]:
    """For each term the others that hold it; none for Latin ones, which are matched as whole words."""
    every = [term.text for term in terms()]
    return tuple(
        frozenset(k for k, longer in enumerate(every) if text in longer != text and not text.isascii())
        for text in every
    )


def _spelled_out(token: re.Match[str]) -> str:
    return token[0].translate(_LEET) if _MIXED.search(token[0]) else token[0]
