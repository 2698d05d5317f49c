"""Personal data: e-mail addresses, telephone numbers, and numbers that a checksum or a word beside them confirms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from assay.curate.batch import Batch
from assay.curate.stage import Check, Columns, RowStage
from assay.kernels.glance import AT, COLONS, CUE, NUMBER, PLATE
from assay.kernels.pii_patterns import TYPES, find, worth_a_look
from assay.kernels.redaction import count_payload, redact_payload

Type = Literal[
    "email",
    "phone",
    "us_ssn",
    "bank_card",
    "iban",
    "ip",
    "mac",
    "passport",
    "driver_license",
    "cn_id_card",
    "cn_mobile",
    "cn_landline",
    "cn_account",
    "cn_plate",
]


class Pii(RowStage):
    """Rejects, flags or redacts examples whose text holds personal data of the given types.

    A model repeats what it was trained on: what must not be said must not be learnt. Names and postal
    addresses of people are not looked for.
    """

    kind: ClassVar[str] = "pii"
    version: ClassVar[int] = 3
    measured_by: ClassVar[tuple[str, ...]] = ("action", "types")
    codes: ClassVar[dict[str, str]] = {
        "pii_email": "an e-mail address",
        "pii_phone": "a telephone number",
        "pii_us_ssn": "a US social security number",
        "pii_bank_card": "a bank card number with a valid check digit",
        "pii_ip": "a public IP address",
        "pii_cn_id_card": "a Chinese identity card number with a valid check digit",
        "pii_cn_mobile": "a Chinese mobile number",
        "pii_iban": "an international bank account number with valid check digits",
        "pii_mac": "the hardware address of a network card",
        "pii_passport": "a passport number after that word",
        "pii_driver_license": "a driver's licence number after those words",
        "pii_cn_landline": "a Chinese landline number",
        "pii_cn_account": "a WeChat, QQ or Alipay account after the service's name",
        "pii_cn_plate": "a Chinese licence plate",
    }

    action: Literal["reject", "flag", "redact"] = "reject"  # type: ignore[assignment]  # one more than others
    """`redact` replaces what is found and rejects only what cannot be replaced."""

    types: tuple[Type, ...] = TYPES
    max_hits: int = Field(default=0, ge=0)

    def measure(self, batch: Batch) -> Columns:
        """int64[n] for each type: how many there are; with `redact`, how many are left after `rewrite`."""
        counts = {name: np.zeros(len(batch), np.int64) for name in TYPES}
        for row in self._worth_a_look(batch):
            if batch.single_turns[row] and self.action != "redact":
                # Turn by turn, as everywhere: a word in the question says nothing of a number in the answer.
                turns = (batch.input_bytes[row], batch.output_bytes[row])
                found: Mapping[str, int] = Counter(hit.type for turn in turns for hit in find(turn))
            else:
                found = self._left(batch.payloads[row])
            for name, count in found.items():
                counts[name][row] = count
        return counts

    def _worth_a_look(self, batch: Batch) -> Iterator[int]:
        """Rows in which some type can occur. One question and one answer are told by a glance."""
        asked, answered = batch.glances
        plain = batch.single_turns
        seen = (asked | answered) & (AT | NUMBER | COLONS | CUE | PLATE) > 0
        for row in np.flatnonzero(~plain | seen).tolist():
            if plain[row]:
                yield row
                continue
            text = batch.text_bytes[row]
            if worth_a_look(text) or _says_more(batch.payloads[row], text):
                yield row

    def _left(self, payload: Mapping[str, Any]) -> dict[str, int]:
        if self.action == "redact":
            payload = redact_payload(payload, self.types)[0]
        return count_payload(payload)

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

    def rewrite(self, payload: Mapping[str, Any]) -> dict[str, Any] | None:
        """With `redact`, the payload with placeholders for personal data of the given types."""
        if self.action != "redact":
            return None
        redacted, counts = redact_payload(payload, self.types)
        return dict(redacted) if counts else None

    def rewrites(self, batch: Batch) -> dict[int, dict[str, Any]]:
        if self.action != "redact":
            return {}
        found = {row: self.rewrite(batch.payloads[row]) for row in self._worth_a_look(batch)}
        return {row: payload for row, payload in found.items() if payload is not None}


def _says_more(payload: Mapping[str, Any], text: str) -> bool:
    """Whether there may be text that `Batch.texts` lacks: a label, tools, fields of a message, JSON escapes."""
    if "label" in payload or "tools" in payload or "\\u" in text:
        return True
    turns = (value for value in payload.values() if isinstance(value, list))
    return any(len(message) > 2 for messages in turns for message in messages)
