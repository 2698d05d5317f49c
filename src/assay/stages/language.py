"""Language: texts in a language that the model is not to learn."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import ClassVar, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, field_validator

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, Resources, RowStage
from assay.kernels.language import CODE, UNKNOWN, languages_of, py3langid
from assay.kernels.language_tables import packed, unpacked
from assay.kernels.texts import Texts

Verdict = Literal["keep", "reject"]


class Language(RowStage):
    """Rejects (or flags) examples whose text is in none of the allowed languages.

    `allow` are ISO 639 codes; empty allows all. A language counts only from `min_confidence` on. What has no
    language to tell (`unknown`), is source code (`code`) or is below that confidence (`unsure`) stays unless
    told otherwise. `detector`: `words` needs nothing; `py3langid` asks that package where words are not sure.
    """

    kind: ClassVar[str] = "language"
    version: ClassVar[int] = 1
    measured_by: ClassVar[tuple[str, ...]] = ("on", "detector")
    codes: ClassVar[dict[str, str]] = {
        "wrong_language": "the text is in a language that is not allowed",
        "low_confidence": "the text has a language, but which one is not sure",
        "unknown_language": "the text is too short, or has no letters or words that tell its language",
        "source_code": "the text is source code, structured data or formulas",
    }

    allow: tuple[str, ...] = ()
    min_confidence: float = Field(default=0.7, ge=0.0, le=1.0)
    on: Literal["output", "input", "text"] = "output"
    detector: Literal["words", "py3langid"] = "words"
    unknown: Verdict = "keep"
    unsure: Verdict = "keep"
    code: Verdict = "keep"

    @field_validator("allow")
    @classmethod
    def _are_languages(cls, allow: tuple[str, ...]) -> tuple[str, ...]:
        for name in allow:
            if not (2 <= len(name) <= 3 and name.isascii() and name.isalpha() and name.islower()):
                raise ValueError(f"{name!r} is no ISO 639 code; write en, zh, ja, …")
            if name == UNKNOWN:
                raise ValueError("whether texts of unknown language stay is the parameter `unknown`")
        return allow

    def bind(self, resources: Resources) -> Self:
        """This stage; raises UsageError now, and not in the first batch, when the detector is not installed."""
        if self.detector == "py3langid":
            py3langid()
        return self

    @property
    def lineage(self) -> Mapping[str, str]:
        return {"py3langid": metadata.version("py3langid")} if self.detector == "py3langid" else {}

    def measure(self, batch: Batch) -> Columns:
        """`language`: uint32[n], see `packed`; `confidence`: float64[n], 0 to 1."""
        detector = py3langid() if self.detector == "py3langid" else None
        language, confidence = languages_of(self._texts(batch), detector)
        return {"language": language, "confidence": confidence}

    def _texts(self, batch: Batch) -> Texts:
        if self.on == "text":
            return batch.text_bytes
        return batch.input_bytes if self.on == "input" else batch.output_bytes

    def checks(self, values: Columns) -> list[Check]:
        language, confidence = values["language"].astype(np.uint32), values["confidence"].astype(np.float64)
        unknown, code = language == packed(UNKNOWN), language == packed(CODE)
        spoken = ~unknown & ~code
        sure = confidence >= self.min_confidence
        found = []
        if self.allow:
            allowed = np.isin(language, np.array([packed(name) for name in self.allow], np.uint32))
            wrong = spoken & sure & ~allowed
            notes = _notes(wrong, language)
            found.append(Check("wrong_language", wrong, confidence, self.min_confidence, notes))
        doubtful = spoken & ~sure & (self.unsure == "reject")
        notes = _notes(doubtful, language)
        found.append(Check("low_confidence", doubtful, confidence, self.min_confidence, notes))
        nothing = np.full(len(language), np.nan)
        found.append(Check("unknown_language", unknown & (self.unknown == "reject"), nothing, None))
        found.append(Check("source_code", code & (self.code == "reject"), nothing, None))
        return found


def _notes(failed: npt.NDArray[np.bool_], language: npt.NDArray[np.uint32]) -> dict[int, str]:
    return {int(row): unpacked(int(language[row])) for row in np.flatnonzero(failed)}
