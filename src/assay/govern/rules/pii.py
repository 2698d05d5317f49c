from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from assay.govern.rule import Rule, Verdict, some, sorted_of
from assay.govern.view import View


class Pii(Rule):
    """No example holds personal data.

    It is looked for with the stage [`pii`](../stages/pii.md), in all texts of an example, whatever the recipe did:
    e-mail addresses, telephone, card and account numbers, identity cards, in English and Chinese. Names and postal
    addresses of people are not looked for. Placeholders of redacted data (`[EMAIL]`) are no finding.

    ```yaml
    - pii: {}
    - pii: {types: [email, cn_mobile, cn_id_card], commit: refuse}
    ```
    """

    kind: ClassVar[str] = "pii"
    codes: ClassVar[Mapping[str, str]] = {"pii_found": "the example holds personal data"}

    max: int = Field(default=0, ge=0, description="how many examples may")
    types: tuple[str, ...] = Field(default=(), description="which types, as in the stage; none: all of them")

    def judge(self, view: View) -> Sequence[Verdict]:
        params: dict[str, Any] = {"action": "flag"} | ({"types": self.types} if self.types else {})
        parts, types = [], Counter[str]()
        for rows in view.measured("pii", params):
            held = np.zeros(len(rows.ids), np.bool_)
            for check in rows.checks:
                held |= check.failed
                types[check.code.removeprefix("pii_")] += int(check.failed.sum())
            parts.append(rows.ids[held])
        ids = sorted_of(parts)
        found = [f"{name} {n:,}" for name, n in sorted(types.items(), key=lambda p: (-p[1], p[0])) if n]
        said = some(found) if found else "none found"
        return [Verdict("pii_found", len(ids) <= self.max, len(ids), self.max, said, ids=ids)]
