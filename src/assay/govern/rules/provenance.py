from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from assay.govern.rule import Rule, Verdict, some, sorted_of
from assay.govern.view import View

Name = Literal[
    "source", "record", "key", "origin", "generator", "prompt_template", "generation_params", "created",
    "derived_from", "depth", "licence",
]  # fmt: skip


class Provenance(Rule):
    """Every example says where it came from.

    `required` must be stated by every example; `synthetic` by those that a model wrote (their origin is
    `synthetic`, their depth 1 or more, or they state a generator). Which model wrote an example, from which
    template and with which parameters is what a recall asks for when that model turns out bad.

    ```yaml
    - provenance: {required: [source, origin, licence], synthetic: [generator, prompt_template]}
    ```
    """

    kind: ClassVar[str] = "provenance"
    codes: ClassVar[Mapping[str, str]] = {"provenance_missing": "a field of provenance is not stated"}

    required: tuple[Name, ...] = Field(
        default=("source", "origin"), description="what every example must state"
    )
    synthetic: tuple[Name, ...] = Field(default=(), description="what one that a model wrote must state too")

    def judge(self, view: View) -> Sequence[Verdict]:
        names = list(dict.fromkeys([*self.required, *self.synthetic, "origin", "generator", "depth"]))
        missing: dict[str, int] = {}
        parts = []
        for rows in view.stored(names):
            held = {name: rows.column(name) for name in names}
            made = np.array(
                [
                    origin == "synthetic" or bool(maker) or (depth or 0) >= 1
                    for origin, maker, depth in zip(
                        held["origin"], held["generator"], held["depth"], strict=True
                    )
                ],
                np.bool_,
            )
            bad = np.zeros(len(rows.ids), np.bool_)
            for name in dict.fromkeys([*self.required, *self.synthetic]):
                lacks = np.array([value is None or value == "" for value in held[name]], np.bool_)
                lacks &= made if name not in self.required else True
                missing[name] = missing.get(name, 0) + int(lacks.sum())
                bad |= lacks
            parts.append(rows.where(bad))
        ids = sorted_of(parts)
        found = [f"{name} {n:,}" for name, n in sorted(missing.items(), key=lambda p: (-p[1], p[0])) if n]
        said = f"not stated: {some(found)}" if found else "all of it is stated"
        return [Verdict("provenance_missing", not len(ids), len(ids), 0, said, ids=ids)]
