from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from assay.govern.rule import Rule, Verdict, sorted_of
from assay.govern.view import View


class SyntheticShare(Rule):
    """At most a share of the examples was written by a model.

    An example counts as synthetic when its origin is `synthetic`, or its depth is 1 or more, or it states a
    generator and no origin. One that states none of the three counts as not synthetic; `provenance` can demand that
    it says. The finding names every synthetic example.

    Why there is a limit at all: models trained on the outputs of models, generation after generation, lose the
    tails of what people write (Shumailov et al., Nature 631, 2024); together with human data they do not
    (Gerstgrasser et al., arXiv:2404.01413). No number fits every task: the default of 0.5 is a place to start.

    ```yaml
    - synthetic_share: {max: 0.3}
    ```
    """

    kind: ClassVar[str] = "synthetic_share"
    codes: ClassVar[Mapping[str, str]] = {"too_synthetic": "too large a share was written by models"}

    max: float = Field(default=0.5, ge=0.0, le=1.0, description="the share that may be synthetic")

    def judge(self, view: View) -> Sequence[Verdict]:
        parts, total, silent = [], 0, 0
        for rows in view.stored(["origin", "generator", "depth"]):
            stated = list(zip(*(rows.column(name) for name in ("origin", "generator", "depth")), strict=True))
            total += len(stated)
            silent += sum(origin is None and not maker and depth is None for origin, maker, depth in stated)
            parts.append(
                rows.where(
                    [
                        origin == "synthetic" or (depth or 0) >= 1 or (origin is None and bool(maker))
                        for origin, maker, depth in stated
                    ]
                )
            )
        ids = sorted_of(parts)
        share = len(ids) / total if total else 0.0
        said = f"{len(ids):,} of {total:,} examples" + (f"; {silent:,} do not say" if silent else "")
        return [Verdict("too_synthetic", share <= self.max, share, self.max, said, "share", ids)]
