"""A judgement: what one judge said of one example, and all that shows how it came to say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

SCORED: Final = "scored"
NOT_APPLICABLE: Final = "not_applicable"
"""Nobody was asked: the rubric cannot judge such an example."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one judge said of one example, or why it said nothing that can be used.

    `id`: of the example. `judge`: the digest of the judge (`assay.judge.judge.Judge`). `outcome`: `SCORED`,
    `NOT_APPLICABLE`, or one of `assay.llm.answers.CODES`; `detail` tells it in words, and of a scored one what to know
    of it (that it was cut, why it is to be excluded). `scores`: what the rubric asks for, by name: every
    dimension, `overall`, `weighted`, `difficulty`; of a pair `preference`. `reasoning` is the judge's, `raw` the
    answers as they came, the one that held last. `prompt`: SHA-256, hexadecimal, of the messages as they were sent.
    `answered_by`: the model as the server names it. Money in US dollars, None without a price; tokens None where the
    server did not say. `steering`: what the screen saw in the example (`assay.kernels.steering.attempts`).
    """

    id: bytes
    judge: str
    outcome: str
    detail: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    exclude: bool | None = None
    reasoning: str | None = None
    raw: tuple[str, ...] = ()
    prompt: str = ""
    answered_by: str | None = None
    request_ids: tuple[str, ...] = ()
    input_tokens: int | None = None
    output_tokens: int | None = None
    price: Decimal | None = None
    created: str | None = None
    mended: bool = False
    steering: tuple[str, ...] = ()

    @property
    def scored(self) -> bool:
        return self.outcome == SCORED
