from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import Field

from assay.govern.rule import Rule, Verdict, some, sorted_of
from assay.govern.view import View


class Licences(Rule):
    """Every example is under a licence that the team may use.

    What counts is what the example states (`licence` in the record, or `--licence` at curation), compared letter by
    letter but for case and outer blanks. Write SPDX identifiers (spdx.org/licenses) on both sides and nothing needs
    to be guessed. Whether a stated licence is true is not something that data can tell.

    ```yaml
    - licences: {allowed: [CC-BY-4.0, MIT, Apache-2.0]}
    ```
    """

    kind: ClassVar[str] = "licences"
    codes: ClassVar[Mapping[str, str]] = {
        "licence_not_allowed": "the example's licence is not among those allowed",
        "licence_unstated": "the example states no licence",
    }

    allowed: tuple[str, ...] = Field(min_length=1, description="the licences that may be used")
    unstated: bool = Field(default=False, description="whether an example may state none")

    def judge(self, view: View) -> Sequence[Verdict]:
        known = {name.strip().casefold() for name in self.allowed}
        names: Counter[str] = Counter()
        wrong, silent = [], []
        for rows in view.stored(["licence"]):
            stated = [(value or "").strip() for value in rows.column("licence")]
            bad = [bool(value) and value.casefold() not in known for value in stated]
            names.update(value for value, marked in zip(stated, bad, strict=True) if marked)
            wrong.append(rows.where(bad))
            silent.append(rows.where([not value for value in stated]))
        ids, none = sorted_of(wrong), sorted_of(silent)
        found = [name for name, _ in sorted(names.items(), key=lambda pair: (-pair[1], pair[0]))]
        said = f"not allowed: {some(found)}" if found else "every licence stated is allowed"
        verdicts = [Verdict("licence_not_allowed", not len(ids), len(ids), 0, said, ids=ids)]
        if not self.unstated:
            said = "no licence stated" if len(none) else "every example states one"
            verdicts.append(Verdict("licence_unstated", not len(none), len(none), 0, said, ids=none))
        return verdicts
