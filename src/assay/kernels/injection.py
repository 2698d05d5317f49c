"""Eval items as they get into training data: whole, edited, and in the middle of something else."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Final

from assay.kernels.wordgrams import tokens_of

DROPPED: Final = 0.1
"""Share of words, or of Han and kana characters, that the `words_dropped` kind leaves out."""

Make = Callable[[str, str, str, random.Random], str]


def _without_marks(text: str) -> str:
    return "".join(c for c in text if c.isalnum() or c.isspace() or not c.isprintable() or ord(c) > 0xFFFF)


def _with_words_dropped(text: str, source: random.Random) -> str:
    tokens = tokens_of([text])
    out, at = [], 0
    for start, end in zip(tokens.start.tolist(), tokens.end.tolist(), strict=True):
        if source.random() < DROPPED:
            out.append(text[at:start])
            at = end
    return "".join(out) + text[at:]


KINDS: Final[Mapping[str, Make]] = {
    "verbatim": lambda q, a, host, source: f"{q}\n{a}",
    "question": lambda q, a, host, source: q,
    "upper_case": lambda q, a, host, source: f"{q}\n{a}".upper(),
    "no_punctuation": lambda q, a, host, source: _without_marks(q),
    "words_dropped": lambda q, a, host, source: _with_words_dropped(q, source),
    "wrapped": lambda q, a, host, source: f"{host[: len(host) // 2]} {q} {host[len(host) // 2 :]}",
}
"""Kind → the text of a training row, given question, answer, another row's text and a source of chance."""


def injections(kind: str, items: list[tuple[str, str]], hosts: list[str], seed: int) -> list[str]:
    """One text for each item; the same for the same seed."""
    source = random.Random(seed)  # noqa: S311 - chance for a test, no secret
    return [
        KINDS[kind](question, answer, hosts[k % len(hosts)] if hosts else "", source)
        for k, (question, answer) in enumerate(items)
    ]
