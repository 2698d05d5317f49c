"""The shapes in which the field writes examples down, and how one is told from another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from assay.errors import BadInput
from assay.formats.shapes.alpaca_eval import AlpacaEval
from assay.formats.shapes.candidates import Candidate
from assay.formats.shapes.chats import Dialogue, History, Messages, ShareGpt
from assay.formats.shapes.curator import Curator
from assay.formats.shapes.distilabel import Distilabel
from assay.formats.shapes.exported import Exported
from assay.formats.shapes.openai_pairs import OpenAiPreference
from assay.formats.shapes.pairs import Alpaca, Pair
from assay.formats.shapes.payloads import AnyPayload
from assay.formats.shapes.preferences import HhTranscripts, Preference, PromptCompletion, ShareGptPreference
from assay.formats.shapes.self_instruct import MachineInstructions, SeedTasks, SelfInstruct
from assay.formats.shapes.shape import Shape, ShapeError
from assay.formats.shapes.texts import Text, TextLabel

_SHAPES: Final[tuple[Shape, ...]] = (
    # The most specific first: detection takes the first of those that most records match.
    Exported(),
    ShareGptPreference(),
    OpenAiPreference(),
    HhTranscripts(),
    Preference(),
    Curator(),
    Distilabel(),
    Candidate(),
    Messages(),
    ShareGpt(),
    History(),
    Dialogue(),
    SeedTasks(),
    Pair("prompt_response", "prompt", "response"),
    PromptCompletion(),
    SelfInstruct(),
    AlpacaEval(),
    Alpaca(),
    Pair("instruction_response", "instruction", "response"),
    Pair("input_output", "input", "output"),
    Pair("question_answer", "question", "answer"),
    Pair("query_response", "query", "response"),
    MachineInstructions(),
    TextLabel(),
    Text(),
    # Last: it is taken where records of several kinds are mixed.
    AnyPayload(),
)


def shape_names() -> list[str]:
    """The names of all shapes, in the order in which they are tried."""
    return [shape.name for shape in _SHAPES]


def shape_named(name: str) -> Shape:
    """The shape of that name. Raises BadInput with the names there are."""
    for shape in _SHAPES:
        if shape.name == name:
            return shape
    raise BadInput(f"no shape {name!r}", f"shapes: {', '.join(shape_names())}")


def detect_shape(records: Sequence[Mapping[str, Any]]) -> Shape | None:
    """The shape that the records prove, else the first that most of them match (at least half of them); None when there
    is none."""
    proved = next((shape for shape in _SHAPES if shape.proved_by(records)), None)
    if proved is not None:
        return proved
    best, most = None, 0
    for shape in _SHAPES:
        count = sum(shape.matches(record) for record in records)
        if count > most:
            best, most = shape, count
    return best if most * 2 >= len(records) else None


__all__ = ["Shape", "ShapeError", "detect_shape", "shape_named", "shape_names"]
