"""Personal data: e-mail addresses, telephone numbers, and numbers that a checksum confirms."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, RowStage
from assay.kernels.glance import AT, COLONS, NUMBER, glance
from assay.kernels.pii_patterns import TYPES, find

Type = Literal["email", "phone", "us_ssn", "bank_card", "ip", "cn_id_card", "cn_mobile"]


class Pii(RowStage):
    """Rejects (or flags) examples whose text holds personal data of the given types.

    A model repeats what it was trained on: what must not be said must not be learnt.
    """

    kind: ClassVar[str] = "pii"
    version: ClassVar[int] = 1
    codes: ClassVar[dict[str, str]] = {
        "pii_email": "an e-mail address",
        "pii_phone": "a telephone number",
        "pii_us_ssn": "a US social security number",
        "pii_bank_card": "a bank card number with a valid check digit",
        "pii_ip": "a public IP address",
        "pii_cn_id_card": "a Chinese identity card number with a valid check digit",
        "pii_cn_mobile": "a Chinese mobile number",
    }

    types: tuple[Type, ...] = TYPES
    max_hits: int = Field(default=0, ge=0)

    def measure(self, batch: Batch) -> Columns:
        """int64[n] for each type: how many there are."""
        counts = {name: np.zeros(len(batch), np.int64) for name in TYPES}
        seen = glance(batch.text_bytes)
        for row in np.flatnonzero(seen & (AT | NUMBER | COLONS)).tolist():
            for hit in find(batch.text_bytes[row]):
                counts[hit.type][row] += 1
        return counts

    def checks(self, values: Columns) -> list[Check]:
        return [
            Check(
                f"pii_{name}",
                values[name].astype(np.int64) > self.max_hits,
                values[name].astype(np.float64),
                float(self.max_hits),
            )
            for name in TYPES
            if name in self.types
        ]
