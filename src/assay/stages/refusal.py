"""Refusals, and answers that say no more than that somebody else will answer."""

from __future__ import annotations

import re
from typing import ClassVar, Final

import numpy as np
from pydantic import Field

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, RowStage
from assay.kernels.answers import final_answer
from assay.kernels.counting import count_units
from assay.kernels.phrases import BOILERPLATE, COURTESY, REFUSALS, pattern_set, plain

_HEAD: Final = 240
"""A refusal begins an answer: so many characters are looked at."""

_LONGEST: Final = 2_000
"""An answer of more characters is neither; no bound in units can be set above it."""

_SENTENCES: Final = re.compile("[.!?。！？;；]+ ?")


class Refusal(RowStage):
    """Rejects (or flags) short answers that refuse, and short answers made of service phrases alone.

    A lexical screen by lists of phrases in English and Chinese (`assay.kernels.phrases`). An answer refuses if one
    of its first sentences does and it has at most `max_refusal` units: a long answer that begins politely passes.
    It is boilerplate if it has at most `max_boilerplate` units, every sentence is a service phrase or a courtesy,
    and at least one is a service phrase.
    """

    kind: ClassVar[str] = "refusal"
    version: ClassVar[int] = 1
    codes: ClassVar[dict[str, str]] = {
        "refusal": "the answer is a refusal",
        "boilerplate_answer": "the answer is a stock phrase that answers nothing",
    }

    max_refusal: int = Field(default=80, ge=1, le=300)
    max_boilerplate: int = Field(default=30, ge=1, le=300)

    def measure(self, batch: Batch) -> Columns:
        """`refusal`, `boilerplate`: bool[n]; `units`: int64[n], length of an answer with such a phrase, else 0."""
        refused = np.zeros(len(batch), np.bool_)
        stock = np.zeros(len(batch), np.bool_)
        length = np.zeros(len(batch), np.int64)
        phrases = pattern_set(REFUSALS + BOILERPLATE)
        for row, output in enumerate(batch.outputs):
            answer = final_answer(batch.payloads[row], output)
            if len(answer) > _LONGEST:
                continue
            said = phrases.Match(plain(answer[:_HEAD]))
            if said:
                refused[row] = min(said) < len(REFUSALS)
                stock[row] = (
                    max(said) >= len(REFUSALS) and len(answer) <= 2 * _HEAD and is_boilerplate(answer)
                )
                length[row] = count_units(answer)
        return {"refusal": refused, "boilerplate": stock, "units": length}

    def checks(self, values: Columns) -> list[Check]:
        units = values["units"].astype(np.float64)
        found = []
        for code, column, most in (
            ("refusal", "refusal", self.max_refusal),
            ("boilerplate_answer", "boilerplate", self.max_boilerplate),
        ):
            says = values[column].astype(np.bool_)
            found.append(Check(code, says & (units <= most), np.where(says, units, np.nan), float(most)))
        return found


def is_boilerplate(text: str) -> bool:
    """Whether every sentence of a text is a stock phrase, and at least one is more than a courtesy."""
    text = plain(text)
    if not pattern_set(BOILERPLATE).Match(text):
        return False
    stock = pattern_set(BOILERPLATE + COURTESY)
    return all(stock.Match(sentence) for sentence in _SENTENCES.split(text) if sentence.strip())
