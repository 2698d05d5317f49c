"""Real files of the field, which are not part of the repository: everything imports, nothing is lost."""

from __future__ import annotations

import io
import json
from collections import Counter

import pyarrow as pa
import pytest

import assay
from assay.formats.decode import decode
from assay.formats.source import open_source
from assay.model.record import Malformed

pytestmark = pytest.mark.shared_data
DAMAGED = "hikariming_zh_9407_12345_unfinished.json.zst"


def records_of(path):
    text = pa.input_stream(io.BytesIO(path.read_bytes()), compression="zstd").read().decode("utf-8-sig")
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.split("\n") if line.strip()]


@pytest.mark.parametrize("folder", ["preference", "multiturn", "provenance", "sft_zh", "sft_en_alpaca"])
def test_every_record_comes_back_as_it_was(shared_data, folder):
    for path in sorted((shared_data / folder).glob("*.json*.zst")):
        with open_source(path) as reader:
            found = [
                decode(raw, reader.shape) if not isinstance(raw, Malformed) else raw
                for raw in reader.records()
            ]
            reader.finish()
        whole = [record for record in found if not isinstance(record, Malformed)]
        broken = [record for record in found if isinstance(record, Malformed)]
        if path.name == DAMAGED:
            assert [(b.code, b.length) for b in broken] == [("invalid_json", 1)] and len(whole) == 2801
            continue
        assert not broken, (path.name, broken[:3])
        expected = records_of(path)
        assert len(whole) == len(expected)
        for parsed, record in zip(whole, expected, strict=True):
            assert reader.shape.restore(parsed.payload, parsed.extra, parsed.hint) == record


def test_what_is_odd_is_a_finding(shared_data, tmp_path):
    registry = assay.init(tmp_path / "registry")
    flagged = {}
    for name in ("preference/hh_harmless_base_test.jsonl.zst", "multiturn/smile_zh_sample.jsonl.zst"):
        result = registry.import_("x", [str(shared_data / name)])
        assert result.malformed == 0 and result.kept + result.rejected == result.read
        flagged[name] = Counter({code: n for stage in result.stages for code, n in stage.flagged.items()})
    assert flagged["preference/hh_harmless_base_test.jsonl.zst"]["prompts_differ"] == 5
    assert flagged["multiturn/smile_zh_sample.jsonl.zst"]["roles_do_not_alternate"] == 20


def test_alpaca_keeps_its_short_good_answers(shared_data, tmp_path):
    registry = assay.init(tmp_path / "registry")
    path = str(shared_data / "sft_en_alpaca" / "alpaca_data.json.zst")
    result = registry.curate("alpaca", [path])
    assert result.read == 52_002 == result.kept + result.rejected + result.malformed
    codes = Counter({code: n for stage in result.stages for code, n in stage.codes.items()})
    assert codes["empty_output"] == 28
    assert result.kept > 51_500
    registry.export("alpaca", str(tmp_path / "ledger"), format="ledger")
    for line in (tmp_path / "ledger" / "ledger.jsonl").read_text("utf-8").splitlines():
        entry = json.loads(line)
        if entry["outcome"] == "rejected":
            assert registry.why("alpaca", path, entry["record"]).as_json() == entry
            assert entry["stage"] and entry["code"]
            if entry["code"] == "near_duplicate":
                twin = registry.why("alpaca", path, entry["twin"]["record"])
                assert (twin.outcome, twin.example_id) == ("kept", entry["twin"]["id"])
                assert entry["twin"]["similarity"] >= entry["threshold"] == 0.8
