"""The language of a text: script first, then little words, then (where asked for) a statistical detector.

Each step answers only what the one before could not, so that most rows never reach the slowest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from assay.errors import UsageError
from assay.kernels import little_words, native, scripts, source_code
from assay.kernels.language_tables import packed, tables
from assay.kernels.texts import Texts

UNKNOWN: Final = "und"
"""No letters, too few of them, or no evidence (ISO 639-3 `und`, undetermined)."""

CODE: Final = "code"
"""Source code, mark-up or structured data, in whatever language its comments are."""

MIN_LETTERS: Final = 6.0
"""Latin letters (a Han character counts three) below which a text is too short to have a language."""

SURE: Final = 0.7
"""Confidence of little words from which the statistical detector is not asked; 98 in 100 such answers are right."""

DETECTOR_LIMIT: Final = 200
"""Characters that the statistical detector sees: its time grows with every byte."""

# What the compiled kernel says of a row: little words are not sure; the reference must answer.
_UNSURE, _ASK = 1, 2

Detector = Callable[[str], tuple[str, float]]
"""A text → its language (ISO 639) and how sure that is, 0 to 1."""

# Norwegian is written in two ways, and this detector has a name for each and one for both; `zxx` is its name
# for what is no language at all.
_RENAMED: Final = {"no": "nb", "nn": "nb", "zxx": UNKNOWN}


def language_of(text: str, detector: Detector | None = None) -> tuple[str, float]:
    """The language of a text as an ISO 639 code, `CODE` or `UNKNOWN`, and a confidence from 0 to 1.

    Looks at the first `scripts.LIMIT` characters of prose and takes bounded time, whatever the text. In a
    text of several scripts the confidence is also the leading one's share of the letters.
    """
    head, fenced = _head(text)
    if source_code.looks_like_code(head):
        return CODE, 1.0
    script = scripts.script_of(head)
    if script.letters < MIN_LETTERS:
        return (CODE, 1.0) if fenced else (UNKNOWN, 0.0)
    certain = scripts.language_of_script(script.name)
    if certain is not None:
        return certain, script.share
    head = little_words.without_addresses(head)
    language, confidence = little_words.guess(head, script.name)
    if detector is not None and confidence < SURE and len(head) >= MIN_LETTERS:
        language, confidence = detector(head[:DETECTOR_LIMIT])
    if language is None:
        return UNKNOWN, 0.0
    return language, confidence * script.share


def languages_of(
    texts: Texts, detector: Detector | None = None
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float64]]:
    """uint32[n] and float64[n]: `language_of` each text, the languages as `packed` writes them.

    Only the beginning of a text is looked at or decoded.
    """
    if native.available():
        language, confidence, state = native.languages(_opened(), texts)
        rows = np.flatnonzero(state >= (_ASK if detector is None else _UNSURE))
    else:
        language, confidence = np.empty(len(texts), np.uint32), np.empty(len(texts))
        rows = np.arange(len(texts))
    if len(rows):
        for row, text in zip(rows.tolist(), texts.take(rows).heads(source_code.WINDOW), strict=True):
            name, confidence[row] = language_of(text, detector)
            language[row] = packed(name)
    return language, confidence


@cache
def _opened() -> object:
    return native.open_language(tables(UNKNOWN, CODE, MIN_LETTERS, SURE))


def _head(text: str) -> tuple[str, bool]:
    window = text[: source_code.WINDOW]
    fenced = source_code.has_fence(window)
    if fenced:
        window = source_code.prose_of(window)
    return window.lstrip()[: scripts.LIMIT], fenced


@cache
def py3langid() -> Detector:
    """The naive Bayes detector of the package py3langid. Raises UsageError where it is not installed."""
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError:
        raise UsageError(
            "the language detector py3langid is not installed",
            "pip install 'assay-data[language]', or leave out `detector: py3langid`",
        ) from None
    identifier: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)

    def detect(text: str) -> tuple[str, float]:
        name, confidence = identifier.classify(text)
        return _RENAMED.get(name, name), float(confidence)

    return detect
