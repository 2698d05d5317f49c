"""Decontaminate: rows that hold an item of a frozen eval set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, PrivateAttr, model_validator

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, EvalSet, Resources, RowStage
from assay.errors import NotFound
from assay.kernels.contamination import Items, index_items
from assay.kernels.embedding import Embedder, load_embedder
from assay.kernels.wordgrams import grams_of, tokens_of

_NOTE = 200
"""Characters of evidence that are kept for a row."""
_LEAST = 0.2
"""Below this score no evidence is gathered; no threshold may be lower."""
_BLOCK = 512
"""Rows compared with all questions at a time."""

LEXICAL = "lexical"
"""The `model` that is none: vectors of how a text is written."""
_LIKE = {LEXICAL: 0.55}
_LIKE_OTHERS = 0.85

Vectors = npt.NDArray[np.float32]
Positions = npt.NDArray[np.int64]
Array = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True, eq=False)
class _Guard:
    """One eval set, ready to be looked for. `questions`: float32[items, d] unit rows, with a model."""

    given: EvalSet
    items: Items
    questions: Vectors | None


class Decontaminate(RowStage):
    """Rejects (or flags) rows that hold an item of a frozen eval set: `sets` names them, by default all.

    `contaminated`: by overlap of word n-grams, `assay.kernels.contamination`; it finds copies, edited or
    wrapped, and no rephrased ones. `rephrased`: with `model`, the folder of an embedding model or `lexical`, by
    the cosine of the row's input and the item's question. Rows from eval sources are never looked at.
    """

    kind: ClassVar[str] = "decontaminate"
    version: ClassVar[int] = 1
    spares_eval_sources: ClassVar[bool] = True
    measured_by: ClassVar[tuple[str, ...]] = ("sets", "words", "characters", "model")
    codes: ClassVar[dict[str, str]] = {
        "contaminated": "it holds an item of a frozen eval set",
        "rephrased": "its input is much like an item of a frozen eval set",
    }

    sets: tuple[str, ...] = ()
    threshold: float = Field(default=0.35, ge=_LEAST, le=1.0)
    words: int = Field(default=4, ge=2, le=16)
    characters: int = Field(default=5, ge=2, le=32)
    model: str | None = None
    rephrase_threshold: float = Field(default=_LIKE_OTHERS, gt=0.0, le=1.0)

    _guards: tuple[_Guard, ...] = PrivateAttr(default=())
    _encoder: Embedder | None = PrivateAttr(default=None)

    @model_validator(mode="before")
    @classmethod
    def _each_model_has_its_own_bound(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or "rephrase_threshold" in given:
            return given
        return {**given, "rephrase_threshold": _LIKE.get(str(given.get("model")), _LIKE_OTHERS)}

    def bind(self, resources: Resources) -> Self:
        """With the eval sets, and the model if one is named. Raises NotFound for a set that nobody froze."""
        return self.guarding(_chosen(resources.eval_sets(), self.sets))

    def guarding(self, sets: Sequence[EvalSet]) -> Self:
        """This stage, looking for the items of exactly these sets."""
        encoder: Embedder | None = None
        if self.model is not None:
            encoder = load_embedder(None if self.model == LEXICAL else self.model)
        bound = self.model_copy()
        bound._encoder = encoder
        bound._guards = tuple(
            _Guard(
                one,
                index_items(one.items, self.words, self.characters),
                None if encoder is None else encoder.encode([question for question, _ in one.items]),
            )
            for one in sets
        )
        return bound

    @property
    def lineage(self) -> Mapping[str, str]:
        """The digest of each eval set, as `set:NAME`, and the model's."""
        found = {f"set:{guard.given.name}": guard.given.digest for guard in self._guards}
        return found if self._encoder is None else {**found, "model": self._encoder.digest}

    def measure(self, batch: Batch) -> Columns:
        """Of each row's best item: `score`, float64[n], with `set` and `item`, int64[n], both from 0, −1 for
        none, and `matched`, text[n], the words of the row that it shares with the item; of the item that is most
        alike: `similarity`, `like_set`, `like_item`."""
        n = len(batch)
        texts = batch.texts if self._guards else []
        score, of, item = np.zeros(n), np.full(n, -1), np.full(n, -1)
        matched = [""] * n
        tokens = tokens_of(texts)
        grams = grams_of(tokens, self.words, self.characters)
        for position, guard in enumerate(self._guards if n else ()):
            found = guard.items.best(texts, tokens, grams)
            rows = np.flatnonzero((found.score > score) & (found.score >= _LEAST))
            score[rows], of[rows], item[rows] = found.score[rows], position, found.item[rows]
            for row in rows.tolist():
                shared = " ".join(guard.items.evidence(texts[row], int(found.item[row])).split())
                matched[row] = shared if len(shared) <= _NOTE else shared[: _NOTE - 1] + "…"
        similarity, like_set, like_item = self._nearest(batch)
        return {
            "score": score, "set": of, "item": item, "matched": np.array(matched, np.str_),
            "similarity": similarity, "like_set": like_set, "like_item": like_item,
        }  # fmt: skip

    def _nearest(self, batch: Batch) -> tuple[npt.NDArray[np.float64], Positions, Positions]:
        n = len(batch)
        similarity, of, item = np.zeros(n), np.full(n, -1), np.full(n, -1)
        if self._encoder is None or not n:
            return similarity, of, item
        asked = [i if i.strip() else o for i, o in zip(batch.inputs, batch.outputs, strict=True)]
        rows = self._encoder.encode(asked)
        for position, guard in enumerate(self._guards):
            if guard.questions is None or not len(guard.questions):
                continue
            for start in range(0, n, _BLOCK):
                # einsum and not BLAS, whose last bits hang on the shape of the block
                cosines = np.einsum("rd,qd->rq", rows[start : start + _BLOCK], guard.questions)
                nearest = cosines.argmax(axis=1)
                values = np.clip(cosines[np.arange(len(nearest)), nearest].astype(np.float64), 0.0, 1.0)
                better = np.flatnonzero(values > similarity[start : start + _BLOCK])
                at = better + start
                similarity[at], of[at], item[at] = values[better], position, nearest[better]
        return similarity, of, item

    def checks(self, values: Columns) -> list[Check]:
        score, similarity = values["score"].astype(np.float64), values["similarity"].astype(np.float64)
        copied = score >= self.threshold
        notes = {
            row: self._note(values["set"], values["item"], row, str(values["matched"][row]))
            for row in np.flatnonzero(copied).tolist()
        }
        found = [Check("contaminated", copied, score, self.threshold, notes)]
        if self.model is not None:
            alike = (similarity >= self.rephrase_threshold) & (values["like_item"].astype(np.int64) >= 0)
            meant = {
                row: self._note(values["like_set"], values["like_item"], row, None)
                for row in np.flatnonzero(alike).tolist()
            }
            found.append(Check("rephrased", alike, similarity, self.rephrase_threshold, meant))
        return found

    def _note(self, of: Array, item: Array, row: int, matched: str | None) -> str:
        """ "NAME item 12: «matched text»", items counted from 1, in at most 200 characters."""
        guard, number = self._guards[int(of[row])], int(item[row])
        head = f"{guard.given.name} item {number + 1}: «"
        flat = " ".join((guard.given.items[number][0] if matched is None else matched).split())
        room = max(1, _NOTE - len(head) - 1)
        return head + (flat if len(flat) <= room else flat[: room - 1] + "…") + "»"


def _chosen(there: Sequence[EvalSet], names: tuple[str, ...]) -> list[EvalSet]:
    known = {one.name: one for one in there}
    missing = [name for name in names if name not in known]
    if missing:
        raise NotFound(
            f"decontaminate.sets: no frozen eval set {missing[0]!r}",
            f"frozen here: {', '.join(sorted(known)) or 'none yet; `assay freeze NAME FILE` makes one'}",
        )
    return [known[name] for name in (names or tuple(sorted(known)))]
