from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from assay.govern.rule import Rule, Verdict, some, sorted_of
from assay.govern.view import View
from assay.kernels.ids import IdArray


class Term(BaseModel):
    """What the terms of a generator say: its outputs are not allowed `not_for` these purposes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    generator: str = Field(min_length=1)
    not_for: tuple[str, ...] = Field(min_length=1)
    source: str = ""


class Generators(Rule):
    """No example was written by a model whose terms forbid the purpose.

    `purpose` says what the dataset is for, in a word of yours. Each entry of `terms` names a generator as examples
    state it (`provider/model`; `*` stands for anything, case is ignored), the purposes that its terms forbid (`*`
    for all), and where that is written. The rule knows no terms of its own: they change, and reading them is a
    person's work. With `known: true` an example whose generator no term names breaks the rule too; a term that
    forbids nothing that you do (`not_for: [none]`) is how a generator is cleared. Examples that state no generator
    are left alone.

    ```yaml
    - generators:
        purpose: commercial-assistant
        terms:
          - {generator: acme/*, not_for: [commercial-assistant], source: "acme terms, 3.2, 2026-05-01"}
          - {generator: own/*, not_for: [none]}
        known: true
    ```
    """

    kind: ClassVar[str] = "generators"
    codes: ClassVar[Mapping[str, str]] = {
        "generator_not_allowed": "the terms of the model that wrote it forbid the purpose",
        "generator_unknown": "no term names the model that wrote it",
    }

    purpose: str = Field(min_length=1, description="what the dataset is for")
    terms: tuple[Term, ...] = Field(description="`generator`, `not_for`, `source`")
    known: bool = Field(default=False, description="whether every generator must be named by a term")

    def judge(self, view: View) -> Sequence[Verdict]:
        judged: dict[str, str] = {}
        counts: dict[str, Counter[str]] = {code: Counter() for code in self.codes}
        parts: dict[str, list[IdArray]] = {code: [] for code in self.codes}
        for rows in view.stored(["generator"]):
            stated = rows.column("generator")
            for name in set(stated) - judged.keys():
                judged[name] = self._code(name) if name else ""
            for code, found in parts.items():
                found.append(rows.where([judged[name] == code for name in stated]))
                counts[code].update(name for name in stated if judged[name] == code)
        verdicts = []
        for code in self.codes:
            if code == "generator_unknown" and not self.known:
                continue
            ids = sorted_of(parts[code])
            names = [name for name, _ in sorted(counts[code].items(), key=lambda p: (-p[1], p[0]))]
            said = some(names) if names else "none"
            verdicts.append(Verdict(code, not len(ids), len(ids), 0, said, ids=ids))
        return verdicts

    def _code(self, generator: str) -> str:
        named = [term for term in self.terms if matches(term.generator, generator)]
        if any(self.purpose in term.not_for or "*" in term.not_for for term in named):
            return "generator_not_allowed"
        return "" if named else "generator_unknown"


def matches(pattern: str, text: str) -> bool:
    """Whether `text` is `pattern`, where `*` stands for anything; case is ignored. In linear time."""
    first, *rest = pattern.casefold().split("*")
    text = text.casefold()
    if not rest:
        return text == first
    *middle, last = rest
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
