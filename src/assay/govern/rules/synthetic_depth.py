from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from assay.govern.rule import Rule, Verdict, sorted_of
from assay.govern.view import View
from assay.model.provenance import depth_of


class SyntheticDepth(Rule):
    """No example is further from people than so many models.

    Depth 0 was written by a person, 1 by a model, 2 by a model that was given a model's output, and so on. What
    counts is the `depth` that an example states; one that states none but is of origin `synthetic` counts as 1.

    ```yaml
    - synthetic_depth: {max: 1}
    ```
    """

    kind: ClassVar[str] = "synthetic_depth"
    codes: ClassVar[Mapping[str, str]] = {"too_deep": "too many models stand between it and people"}

    max: int = Field(default=1, ge=0, description="the depth that is still allowed")

    def judge(self, view: View) -> Sequence[Verdict]:
        parts, deepest = [], 0
        for rows in view.stored(["depth", "origin"]):
            depths = list(map(depth_of, rows.column("depth"), rows.column("origin")))
            deepest = max(deepest, *depths) if depths else deepest
            parts.append(rows.where([depth > self.max for depth in depths]))
        ids = sorted_of(parts)
        said = f"the deepest is {deepest}"
        return [Verdict("too_deep", not len(ids), deepest, self.max, said, "number", ids)]
