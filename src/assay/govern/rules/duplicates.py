from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
from pydantic import Field

from assay.govern.rule import Rule, Verdict, sorted_of
from assay.govern.view import View
from assay.kernels.ids import concat, order
from assay.kernels.near import greedy, keys_of
from assay.kernels.texts import Texts, joined


class Duplicates(Rule):
    """At most a share of the examples say nearly the same as another one.

    Counted are the examples that near-duplicate removal would take out: texts whose character 5-grams have a true
    Jaccard similarity of at least `threshold` with an example that stays ([`near_dedup`](../stages/near_dedup.md)).
    A version that was curated with that stage has none. Of equal ones the example with the smallest id stays, so
    the answer depends on the set of examples alone. The rule holds all texts in memory at once.

    ```yaml
    - duplicates: {max_rate: 0.01}
    ```
    """

    kind: ClassVar[str] = "duplicates"
    codes: ClassVar[Mapping[str, str]] = {"too_many_duplicates": "nearly the same as another example"}

    max_rate: float = Field(default=0.0, ge=0.0, le=1.0, description="the share that may be duplicates")
    threshold: float = Field(default=0.8, gt=0.0, le=1.0, description="the similarity of duplicates")

    def judge(self, view: View) -> Sequence[Verdict]:
        ids, texts = [], []
        for rows in view.examples():
            ids.append(rows.ids)
            texts.append(_copy(rows.batch.text_bytes))
        if not ids:
            return [Verdict("too_many_duplicates", True, 0.0, self.max_rate, "no examples", "share")]
        every, text = concat(ids), joined(texts)
        keys = keys_of(text, 5, self.threshold)
        gone, _, _ = greedy(
            keys["bands"].astype(np.uint32, copy=False), keys["sketch"].astype(np.uint8, copy=False),
            order(every), np.ones(len(every), np.bool_), text, self.threshold, 5,
        )  # fmt: skip
        rate = len(gone) / len(every)
        said = f"{len(gone):,} of {len(every):,} examples"
        found = sorted_of([every[gone]])
        return [
            Verdict("too_many_duplicates", rate <= self.max_rate, rate, self.max_rate, said, "share", found)
        ]


def _copy(texts: Texts) -> Texts:
    """These texts and nothing else: a batch's buffer holds more."""
    data, ends = memoryview(texts.data), np.cumsum(texts.sizes)
    parts = [data[start:end] for start, end in zip(texts.start.tolist(), texts.end.tolist(), strict=True)]
    return Texts(b"".join(parts), ends - texts.sizes, ends)
