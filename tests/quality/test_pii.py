"""Personal data, measured: synthetic texts with known spans, and real corpora in which next to none should be."""

from __future__ import annotations

import io
import json
import re
from collections import Counter

import pyarrow as pa
import pytest

from assay.kernels.pii_patterns import find
from assay.kernels.redaction import redact

pytestmark = pytest.mark.shared_data

PHONES = ("phone", "cn_mobile", "cn_landline")
SOUGHT = {
    "EMAIL_ADDRESS": ("email",),
    "PHONE_NUMBER": PHONES,
    "US_SSN": ("us_ssn",),
    "CREDIT_CARD": ("bank_card",),
    "IBAN_CODE": ("iban",),
    "IP_ADDRESS": ("ip",),
    "US_DRIVER_LICENSE": ("driver_license",),
}
NOT_SOUGHT = {
    "PERSON",
    "STREET_ADDRESS",
    "GPE",
    "ORGANIZATION",
    "ZIP_CODE",
    "DATE_TIME",
    "AGE",
    "TITLE",
    "NRP",
}


def text_of(path):
    return pa.input_stream(io.BytesIO(path.read_bytes()), compression="zstd").read().decode("utf-8-sig")


def touches(hit, span):
    return hit.start < span["end_position"] and span["start_position"] < hit.end


def test_synthetic_texts_with_known_spans(shared_data):
    records = json.loads(text_of(shared_data / "pii" / "presidio_synth_dataset_v2.json.zst"))
    spans, found, hits, right = Counter(), Counter(), Counter(), Counter()
    for record in records:
        found_here = find(record["full_text"])
        for span in record["spans"]:
            sought = SOUGHT.get(span["entity_type"], ())
            spans[span["entity_type"]] += 1
            found[span["entity_type"]] += any(h.type in sought and touches(h, span) for h in found_here)
        for hit in found_here:
            name = next(gold for gold, types in SOUGHT.items() if hit.type in types)
            hits[name] += 1
            right[name] += any(s["entity_type"] == name and touches(hit, s) for s in record["spans"])
    print(f"\n{'type':<20}{'spans':>7}{'recall':>8}{'hits':>7}{'precision':>11}")
    for name, n in spans.most_common():
        precision = right[name] / hits[name] if hits[name] else float("nan")
        print(f"{name:<20}{n:>7}{found[name] / n:>8.3f}{hits[name]:>7}{precision:>11.3f}")
    assert len(records) == 1500
    for name in ("EMAIL_ADDRESS", "US_SSN", "IBAN_CODE", "IP_ADDRESS", "US_DRIVER_LICENSE"):
        assert found[name] == spans[name] == hits[name] == right[name]
    assert (spans["CREDIT_CARD"], spans["PHONE_NUMBER"]) == (136, 92)
    assert found["CREDIT_CARD"] >= 134 and right["CREDIT_CARD"] == hits["CREDIT_CARD"]
    assert found["PHONE_NUMBER"] >= 90 and hits["PHONE_NUMBER"] - right["PHONE_NUMBER"] <= 1
    assert not any(found[name] for name in NOT_SOUGHT)
    for record in records:
        assert find(redact(record["full_text"])[0]) == []


def rows_with(texts):
    counts = Counter()
    for text in texts:
        types = {hit.type for hit in find(text)}
        counts.update(types)
        counts["any"] += bool(types)
    print("\n", len(texts), "texts:", dict(counts.most_common()))
    return counts


def words_of(record):
    return "\n".join(value for value in record.values() if isinstance(value, str))


def test_alpaca(shared_data):
    records = json.loads(text_of(shared_data / "sft_en_alpaca" / "alpaca_data.json.zst"))
    counts = rows_with([words_of(record) for record in records])
    assert counts == pytest.approx({"any": 58, "email": 42, "phone": 17, "ip": 3, "bank_card": 1}, abs=2)


def test_chinese_alpaca_and_medical_questions(shared_data):
    texts = []
    for path in sorted((shared_data / "sft_zh").glob("*.zst")):
        text = text_of(path)
        if path.name.endswith(".jsonl.zst"):
            texts += [words_of(json.loads(line)) for line in text.splitlines() if line.strip()]
        elif "9407_12345" not in path.name:  # is not JSON
            texts += [words_of(record) for record in json.loads(text)]
    counts = rows_with(texts)
    assert len(texts) == 26_134
    assert counts == pytest.approx({"any": 17, "email": 10, "phone": 6, "ip": 1}, abs=2)


def test_school_mathematics_has_no_personal_data(shared_data):
    folder = shared_data / "contam_gsm8k"
    texts = [words_of(json.loads(line)) for line in text_of(folder / "gsm8k_train.jsonl.zst").splitlines()]
    texts += text_of(folder / "mgsm_zh.tsv.zst").splitlines()
    assert len(texts) == 7_723
    assert not rows_with(texts)["any"]


AFTER_A_CUE = re.compile(
    r"(?:tel|fon|fax|phone|puh|тел|โทร|电话|전화|τηλ|call|contact)\W{0,3}\w{0,6}\W{0,4}[(+]?\d[\d ()./–-]{5,40}\d",
    re.IGNORECASE,
)


def test_sentences_of_thirty_languages(shared_data):
    lines = text_of(shared_data / "langid" / "lingua_sentences_30lang.tsv.zst").splitlines()
    counts = rows_with(lines)
    assert counts["email"] == pytest.approx(30, abs=2) and counts["ip"] == 2
    assert counts["phone"] == pytest.approx(22, abs=2)
    assert not set(counts) - {"any", "email", "ip", "phone"}
    cued = [(line, match.span()) for line in lines for match in AFTER_A_CUE.finditer(line)]
    got = sum(
        any(h.type in PHONES and h.start < b and a < h.end for h in find(line)) for line, (a, b) in cued
    )
    print(f"{got} of {len(cued)} numbers after a word for telephone")
    assert (got, len(cued)) == (20, 25)  # three of the five others are a date, years and a model
