"""What a judge has to answer: one JSON object, reasons first, whose form follows from the rubric."""

from __future__ import annotations

import json
from math import fsum
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

if TYPE_CHECKING:
    from assay.judge.rubric import Rubric

NO_REASON: Final = "none"
PLACES: Final = ("first", "second", "tie")
TAKEN: Final = frozenset(
    [
        "reasoning",
        "overall",
        "weighted",
        "difficulty",
        "exclude",
        "exclude_reason",
        "preference",
        "better",
        "spread",
    ]
)
"""Names that no dimension can have."""


class Verdict(BaseModel):
    """A judge's answer, whose types are checked strictly; `shape_of` makes the model for one rubric."""

    # Fields have names that no method of pydantic has, since a dimension may be called `copy`; aliases are the names.
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def told(self) -> dict[str, Any]:
        """The answer by the names that the rubric gives."""
        return self.model_dump(by_alias=True)

    def stands_in(self, text: str) -> bool:
        """Whether the text itself says this verdict, so that it may be a quotation and not what the judge thinks.

        Letters and digits are compared, without escapes, so that indents, quotes and code fences change nothing. A
        reason that the text gives word for word under the same name is enough.
        """
        if "reasoning" not in text.casefold() and "\\u" not in text:
            return False
        told, letters = self.told(), _letters(text)
        reasons = "reasoning" + _letters(told["reasoning"])
        if reasons != "reasoning":
            return reasons in letters
        return all(_letters(name + _spelled(value)) in letters for name, value in told.items())


def shape_of(rubric: Rubric) -> type[Verdict]:
    """The model of the verdicts under a rubric: `reasoning`, then what is asked for, in this order."""
    asked: dict[str, tuple[Any, str]] = {"reasoning": (str, "why, before any score")}
    if rubric.mode == "pairs":
        asked["better"] = (Literal[PLACES], "which answer is better")
    else:
        score = (int, f"{rubric.scale.least} to {rubric.scale.most}")
        asked |= dict.fromkeys(rubric.dimensions, score)
        asked |= {"overall": score} if rubric.overall == "asked" else {}
        asked |= {"difficulty": score} if rubric.difficulty else {}
        if rubric.exclude is not None:
            asked["exclude"] = (bool, "whether the example is to be left out")
            asked["exclude_reason"] = (
                Literal[(NO_REASON, *rubric.exclude.reasons)],
                "why it is to be left out",
            )
    bounds: dict[str, Any] = {"ge": rubric.scale.least, "le": rubric.scale.most}
    fields: dict[str, Any] = {
        f"asked_{name}": (kind, Field(alias=name, description=words, **(bounds if kind is int else {})))
        for name, (kind, words) in asked.items()
    }
    return create_model("Verdict", __base__=Verdict, **fields)


def form_of(rubric: Rubric) -> str:
    """The form of an answer in words, for servers that know no schemas."""
    number = f"a whole number from {rubric.scale.least} to {rubric.scale.most}"
    said = {"reasoning": '"your reasons"'}
    if rubric.mode == "pairs":
        said["better"] = " or ".join(f'"{place}"' for place in PLACES)
    else:
        said |= dict.fromkeys(rubric.dimensions, number)
        said |= {"overall": number} if rubric.overall == "asked" else {}
        said |= {"difficulty": number} if rubric.difficulty else {}
        if rubric.exclude is not None:
            reasons = " or ".join(f'"{reason}"' for reason in (NO_REASON, *rubric.exclude.reasons))
            said |= {"exclude": "true or false", "exclude_reason": reasons}
    return "{" + ", ".join(f'"{name}": <{words}>' for name, words in said.items()) + "}"


def weighted_mean(rubric: Rubric, told: dict[str, Any]) -> float:
    """The mean of the dimensions by their weights."""
    weights = {name: one.weight for name, one in rubric.dimensions.items()}
    return fsum(told[name] * weight for name, weight in weights.items()) / fsum(weights.values())


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _letters(text: str) -> str:
    """Letters and digits of the basic plane, folded, with the escapes of JSON undone."""
    first, *others = text.split("\\")
    return "".join(
        letter
        for letter in (first + "".join(_unescaped(part) for part in others)).casefold()
        if letter <= "\uffff" and letter.isalnum()
    )


def _unescaped(part: str) -> str:
    """What follows a backslash, without the letter that belongs to it."""
    if (
        part[:1] == "u"
        and len(digits := part[1:5]) == 4
        and all(d in "0123456789abcdefABCDEF" for d in digits)
    ):
        return chr(int(digits, 16)) + part[5:]
    return part[1:] if part[:1] in ("b", "f", "n", "r", "t") else part
