"""Contradictions: the same prompt, answered differently."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from assay.curate.batch import Batch
from assay.curate.stage import Columns, Removals, Rows, Selector
from assay.kernels.counting import CJK, count_units
from assay.kernels.jaccard import jaccard, shingles
from assay.kernels.normalise import fold_width
from assay.kernels.sketch import VALUES, short_sketch, sketches
from assay.model.canonical import canonical_json
from assay.model.example import Views, flat_text

_LETTERS, _CHARACTERS = 5, 2
"""Length of a shingle, about a word: in scripts of letters, and in Han and kana."""

_CJK = re.compile(f"[{CJK}]")

_MANY = 64
"""Above so many different answers to one prompt only equal ones support each other: pairs would be too many."""

_FETCHED = 1_024
_LONG = 2**31 - 1
_ELSEWHERE = -1
"""`start` of an output that is not one piece of the text; it is compared by its sketch."""

Ints = npt.NDArray[np.int64]


class Contradictions(Selector):
    """Flags a row whose answer differs from the one that stays for the same prompt.

    Prompts are the same when they are equal after NFKC, lower case and white-space folding. Answers agree when
    they are equal after the same and without closing punctuation, or when the Jaccard similarity of their sets
    of shingles (5 characters; 2 where most are Han or kana) is at least `agree_at`. If either has at most
    `short` units, or is a label, only equal ones agree. The answer that most rows agree with stays; of equals
    the one whose best row ranks first.
    """

    kind: ClassVar[str] = "contradictions"
    version: ClassVar[int] = 1
    codes: ClassVar[dict[str, str]] = {
        "contradiction": "the same prompt as an example that stays, and another answer"
    }

    action: Literal["reject", "flag"] = "flag"
    agree_at: float = Field(default=0.5, gt=0.0, le=1.0)
    short: int = Field(default=5, ge=0)

    def keys(self, batch: Batch) -> Columns:
        """Digests of question and answer (0 where there is none), where the answer stands in the text, its sketch."""
        asked = [_asked(payload, view) for payload, view in zip(batch.payloads, batch.views, strict=True)]
        answers = [_answer(entry.answer) for entry in asked]
        start, size = _places(batch.texts, [entry.answer for entry in asked])
        questions, said = _digests([entry.question for entry in asked]), _digests(answers)
        counted = (
            0 if e.verdict else min(count_units(a), _LONG) for e, a in zip(asked, answers, strict=True)
        )
        units = np.fromiter(counted, np.int32, len(batch))
        return {
            "question_high": questions[:, 0],
            "question_low": questions[:, 1],
            "answer_high": said[:, 0],
            "answer_low": said[:, 1],
            "units": units,
            "start": start,
            "size": size,
            "sketch": _sketches(answers, (start == _ELSEWHERE) & (units > self.short)),
        }

    def select(self, rows: Rows) -> Removals:
        found: list[tuple[int, int, float, float]] = []
        for block in _batched(_groups(rows)):
            heads = [answer[0] for answers in block for answer in answers]
            said = dict(zip(heads, self._said(rows, heads), strict=True))
            for answers in block:
                found += self._disagreeing(rows, answers, said)
        row, twin = (np.array([f[k] for f in found], np.int64) for k in (0, 1))
        value, threshold = (np.array([f[k] for f in found], np.float64) for k in (2, 3))
        prompts = len({f[1] for f in found})
        return Removals(
            row,
            np.zeros(len(found), np.int16),
            value,
            threshold,
            twin,
            summary={"prompts_with_contradictions": prompts, "contradictions": len(found)},
        )

    def _disagreeing(
        self, rows: Rows, answers: Sequence[Sequence[int]], said: Mapping[int, _Said]
    ) -> list[tuple[int, int, float, float]]:
        """(row, row that stays, similarity of the answers, bound) for one question's rows, by answer."""
        heads = [answer[0] for answer in answers]
        support = {answer[0]: len(answer) for answer in answers}
        if len(heads) <= _MANY:
            for (a, first), (b, second) in combinations(zip(heads, answers, strict=True), 2):
                value, bound = self._held(said[a], said[b])
                if value >= bound:
                    support[a] += len(second)
                    support[b] += len(first)
        stands = [head for head in heads if rows.eligible[head]]
        if not stands:
            return []
        winner = min(stands, key=lambda head: (-support[head], rows.rank[head]))
        out = []
        for answer in answers:
            value, bound = self._held(said[answer[0]], said[winner])
            if answer[0] != winner and value < bound:
                out += [(row, winner, value, bound) for row in answer]
        return out

    def _said(self, rows: Rows, heads: Sequence[int]) -> list[_Said]:
        texts = rows.texts(heads)
        units, start, size, sketch = (rows.keys[name] for name in ("units", "start", "size", "sketch"))
        out = []
        for row, text in zip(heads, texts, strict=True):
            at = int(start[row])
            cut = None if at == _ELSEWHERE else _answer(text[at : at + int(size[row])])
            out.append(_Said(cut, int(units[row]), sketch[row]))
        return out

    def _held(self, a: _Said, b: _Said) -> tuple[float, float]:
        """How similar two answers of different digests are, and how similar they must be to agree.

        Between short ones only equality counts, so that is what is measured: they have none.
        """
        if min(a.units, b.units) <= self.short:
            return 0.0, 1.0
        return _similarity(a, b), self.agree_at


class _Said:
    """An answer: its folded text, or None where it lies in pieces; its length; its sketch if it lies in pieces."""

    def __init__(self, text: str | None, units: int, sketch: npt.NDArray[np.generic]) -> None:
        self.text = text
        self.units = units
        self._sketch = sketch

    @cached_property
    def shingles(self) -> set[str]:
        text = self.text or ""
        return shingles(text, _shingle(text))

    @cached_property
    def sketch(self) -> npt.NDArray[np.generic]:
        return self._sketch if self.text is None else _sketch(self.text)


def _similarity(a: _Said, b: _Said) -> float:
    """Exact Jaccard similarity of two answers; estimated from sketches where one of them lies in pieces."""
    if a.text is not None and b.text is not None:
        return jaccard(a.shingles, b.shingles)
    agree = float(np.mean(a.sketch == b.sketch))
    return max(0.0, (agree - 1 / 256) / (1 - 1 / 256))  # bytes of unequal values agree once in 256


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked, folded, and what was answered. Of verdicts (labels, choices) any two that differ disagree."""

    question: str
    answer: str
    verdict: bool = False


def _asked(payload: Mapping[str, Any], view: Views) -> _Asked:
    """The question that an example answers.

    Two different good answers to a prompt do not make two preference pairs contradict each other, but the same
    pair preferred the other way round does; so the pair is part of the question. Likewise an answer that is
    rated is part of the question, and the rating is the answer.
    """
    prompt = fold_width(view.input)
    if not prompt:
        return _Asked("", "")
    if "messages" in payload:
        return _Asked(prompt, view.output)
    if "chosen" in payload:
        sides = sorted([fold_width(view.output), fold_width(flat_text(payload.get("rejected")))])
        return _Asked("\x00".join([prompt, *sides]), view.output, True)
    label = payload.get("label")
    if "completion" in payload and label is not None:
        rating = label if isinstance(label, str) else canonical_json(label).decode()
        return _Asked(f"{prompt}\x00{fold_width(view.output)}", rating, True)
    return _Asked(prompt, view.output, "text" in payload)


def _answer(text: str) -> str:
    """An answer as it is compared: folded, and without the punctuation that closes it."""
    folded = fold_width(text)
    return folded.rstrip(" .!?,;:。…") or folded


def _digests(folded: Sequence[str]) -> npt.NDArray[np.uint64]:
    """uint64[n, 2]: 128 bits of BLAKE2b of each text; 0 for an empty one."""
    made = b"".join(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() if text else bytes(16)
        for text in folded
    )
    return np.frombuffer(made, "<u8").reshape(-1, 2).astype(np.uint64)


def _places(texts: Sequence[str], outputs: Sequence[str]) -> tuple[Ints, Ints]:
    """Where each output stands in its text, `_ELSEWHERE` when not in one piece; and its length in characters."""
    pairs = zip(texts, outputs, strict=True)
    start = [len(t) - len(o) if t.endswith(o) else t.find(o) for t, o in pairs]
    return np.array(start, np.int64), np.fromiter(map(len, outputs), np.int64, len(outputs))


def _shingle(folded: str) -> int:
    """How many characters make a shingle of an answer: fewer where most of them are Han or kana."""
    dense = 0 if folded.isascii() else len(_CJK.findall(folded))
    return _CHARACTERS if 2 * dense > len(folded) else _LETTERS


def _sketch(folded: str) -> npt.NDArray[np.uint8]:
    made: npt.NDArray[np.uint8] = short_sketch(sketches([folded], _shingle(folded)))[0]
    return made


def _sketches(answers: Sequence[str], wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """uint8[n, 128]: sketches of the answers that will be compared and lie in pieces; zero for the others."""
    out = np.zeros((len(answers), VALUES), np.uint8)
    for k in np.flatnonzero(wanted).tolist():
        out[k] = _sketch(answers[k])
    return out


def _groups(rows: Rows) -> Iterator[list[list[int]]]:
    """The rows of each question that has at least two different answers, by answer; in each the best row first."""
    keys: Mapping[str, npt.NDArray[np.generic]] = rows.keys
    asked = (keys["question_high"] != 0) | (keys["question_low"] != 0)
    answered = (keys["answer_high"] != 0) | (keys["answer_low"] != 0)
    some = np.flatnonzero(asked & answered)
    high, low = keys["question_high"], keys["question_low"]
    some = some[np.lexsort((rows.rank[some], low[some], high[some]))]
    if len(some) < 2:
        return
    same = (high[some[1:]] == high[some[:-1]]) & (low[some[1:]] == low[some[:-1]])
    differs = (keys["answer_high"][some[1:]] != keys["answer_high"][some[:-1]]) | (
        keys["answer_low"][some[1:]] != keys["answer_low"][some[:-1]]
    )
    bounds = [0, *(np.flatnonzero(~same) + 1).tolist(), len(some)]
    disputed = np.concatenate([[0], np.cumsum(same & differs)])
    for first, end in pairwise(bounds):
        if disputed[end - 1] > disputed[first]:
            yield _distinct(rows, some[first:end])


def _batched(groups: Iterator[list[list[int]]]) -> Iterator[list[list[list[int]]]]:
    """Groups of about a thousand answers, whose texts are fetched together."""
    block: list[list[list[int]]] = []
    held = 0
    for group in groups:
        block.append(group)
        held += len(group)
        if held >= _FETCHED:
            yield block
            block, held = [], 0
    if block:
        yield block


def _distinct(rows: Rows, group: Ints) -> list[list[int]]:
    """The rows of each different answer, best rank first; eligible rows lead."""
    answers: dict[tuple[int, int], list[int]] = {}
    high, low = rows.keys["answer_high"][group].tolist(), rows.keys["answer_low"][group].tolist()
    for row, digest in zip(group.tolist(), zip(high, low, strict=True), strict=True):
        answers.setdefault(digest, []).append(row)
    return [
        sorted(some, key=lambda row: (not rows.eligible[row], rows.rank[row])) for some in answers.values()
    ]
