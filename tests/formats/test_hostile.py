"""Whatever a source holds: a clear error or a malformed record, nothing lost, no traceback."""

from __future__ import annotations

import gzip
import json
import os

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.cli.main import run
from assay.errors import AssayError, BadInput, NotFound
from assay.formats.source import open_source
from assay.model.record import Malformed, RawRecord

GOOD = {"input": "How do I reset my password?", "output": "Open the portal and choose forgot password."}
OK = json.dumps(GOOD).encode()
OTHER = OK.replace(b"password", b"pass phrase")
MANY = b"\n".join(
    json.dumps({"input": f"question {n}", "output": f"answer {n * n}"}).encode() for n in range(3000)
)


def read(path):
    with open_source(path) as reader:
        records = list(reader.records())
        reader.finish()
    return records


HOSTILE = {
    "utf8.jsonl": (OK + b'\n{"input":"\xff","output":"x"}', ["invalid_utf8"], 1),
    "nul.jsonl": (OK + b'\n{"input":"a\x00b","output":"x"}\n\x00', ["invalid_json", "invalid_json"], 1),
    "bom.jsonl": (b"\xef\xbb\xbf" + OK + b"\r\n" + OTHER + b"\r\n", [], 2),
    "surrogate.jsonl": (OK + b'\n{"input":"\\ud800","output":"x"}', ["lone_surrogate"], 1),
    "twice.jsonl": (OK + b'\n{"input":"a","input":"b","output":"x"}', ["duplicate_key"], 1),
    "twice_inside.jsonl": (OK + b'\n{"input":"a","output":"x","m":{"k":1,"k":2}}', ["duplicate_key"], 1),
    "colon.jsonl": (b'{"input":"say \\"k\\": v","output":"\\":"}', [], 1),
    "nan.jsonl": (OK + b'\n{"input":"a","output":"x","n":NaN}\n{"input":"a","output":"x","n":1e999}',
                  ["invalid_json", "number_out_of_range"], 1),
    "big.jsonl": (b'{"input":"a","output":"x","n":123456789012345678901234567890}', [], 1),
    "big_payload.jsonl": (b'{"text":"a","label":123456789012345678901234567890}', ["not_canonical"], 0),
    "long.jsonl": (OK + b'\n{"input":"' + b"a" * 50_000_000 + b'","output":"x"}\n' + OTHER, ["too_large"], 2),
    "deep.jsonl": (OK + b'\n{"input":"a","output":"x","d":' + b"[" * 10_000 + b"]" * 10_000 + b"}", ["too_deep"], 1),
    "deep.json": (b"[" + OK + b',{"d":' + b"[" * 10_000 + b"]" * 10_000 + b"}," + OTHER + b"]", ["invalid_json"], 2),
    "comma.json": (b"[" + OK + b"," + OTHER + b",\n]", ["invalid_json"], 2),
    "middle.json": (b"[" + OK + b', {"input": oops}, ' + OTHER + b"]", ["invalid_json"], 2),
    "open.json": (b"[" + OK + b"," + OTHER, ["truncated"], 2),
    "after.json": (b"[" + OK + b"] and more", ["invalid_json"], 1),
    "scalar.json": (b"[" + OK + b',1,"x",null]', ["not_an_object"] * 3, 1),
    "not.json": (b"hello", ["invalid_json"], 0),
    "fields.csv": (b"input,output\nhello there," + b"x" * 200_000 + b"\n", [], 1),
    "columns.csv": (b"input,output\na b c,d e f\na,b,c\nq\n", ["bad_csv", "bad_csv"], 1),
    "quote.csv": (b'input,output\na b,c d\n"open,b\n', ["bad_csv"], 1),
    "utf8.csv": (b"input,output\na b,c d\n\xff,b\n", ["invalid_utf8"], 1),
    "empty.jsonl": (b"", [], 0),
    "empty.json": (b"", [], 0),
    "empty.csv": (b"", [], 0),
    "blank.jsonl": (b"\n \n\r\n", [], 0),
    "empty_array.json": (b"[]", [], 0),
    "cut.jsonl.gz": (gzip.compress(MANY, mtime=0)[:6000], ["truncated"], None),
    "cut.jsonl.zst": (pa.compress(MANY, codec="zstd", asbytes=True)[:6000], ["truncated"], None),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_every_record_is_accounted_for(tmp_path, name):
    data, codes, kept = HOSTILE[name]
    (tmp_path / name).write_bytes(data)
    registry = assay.init(tmp_path / "registry")
    result = registry.import_("x", [str(tmp_path / name)])
    assert result.read == result.kept + result.rejected + result.malformed
    assert sum(result.codes_malformed.values()) == len(codes) and set(result.codes_malformed) == set(codes)
    if kept is not None:
        assert result.kept == kept
    registry.export("x", str(tmp_path / "out"), format="ledger")
    ledger = (tmp_path / "out" / "ledger.jsonl").read_text("utf-8").splitlines()
    assert len(ledger) == result.read
    for entry in map(json.loads, ledger[-3:]):
        assert registry.why("x", str(tmp_path / name), entry["record"]).as_json() == entry


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("folder", None, "is a folder"),
        ("missing.jsonl", b"?", "does not exist"),
        ("bad.parquet", b"PAR1" + b"x" * 99, "Parquet"),
        ("odd.jsonl", b'{"a": 1}', "cannot tell the shape"),
        ("twice.csv", b"a,a\n1,2\n", "header"),
        ("what", b"\x01\x02", "cannot tell what"),
    ],
)
def test_a_source_that_cannot_be_read_is_a_clear_error(tmp_path, capsys, name, data, said):
    path = tmp_path / name
    if data is None:
        path.mkdir()
    elif data != b"?":
        path.write_bytes(data)
    assay.init(tmp_path / "registry")
    assert run(["--registry", str(tmp_path / "registry"), "curate", "x", str(path)]) == 2
    err = capsys.readouterr().err
    assert "error:" in err and "hint:" in err and said in " ".join(err.split()) and "Traceback" not in err


def test_a_file_that_grows_is_refused_and_nothing_is_committed(tmp_path):
    path = tmp_path / "grows.jsonl"
    path.write_bytes(MANY)

    def grow(_):
        with path.open("ab") as file:
            file.write(b"\n" + OK)

    registry = assay.init(tmp_path / "registry")
    with pytest.raises(BadInput, match="changed while it was read"):
        registry.curate("x", [str(path)], batch_rows=500, progress=grow)
    assert registry.datasets() == []
    assert not list((tmp_path / "registry" / "tmp").iterdir())


def test_an_unreadable_file(tmp_path):
    path = tmp_path / "secret.jsonl"
    path.write_bytes(OK)
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user reads everything")
    with pytest.raises(BadInput, match="cannot be read"):
        open_source(path)


def test_a_missing_file_in_python():
    with pytest.raises(NotFound):
        open_source("no/such/file.jsonl")


@pytest.mark.parametrize(
    "pack", [lambda d: gzip.compress(d, mtime=0), lambda d: pa.compress(d, codec="zstd", asbytes=True)]
)
@settings(max_examples=25)
@given(data=st.data())
def test_damaged_compression_costs_only_the_rest(tmp_path_factory, pack, data):
    packed = bytearray(pack(MANY))
    at = data.draw(st.integers(0, len(packed) - 1))
    if data.draw(st.booleans()):
        packed = packed[:at]
    else:
        packed[at] ^= 1 << data.draw(st.integers(0, 7))
    path = tmp_path_factory.mktemp("packed") / "x.jsonl"
    path.write_bytes(packed)
    try:
        records = read(path)
    except AssayError:
        return
    assert [r.number for r in records] == sorted({r.number for r in records})
    whole = [r for r in records if isinstance(r, RawRecord)]
    expected = MANY.split(b"\n")
    if not any(isinstance(r, Malformed) for r in records) and bytes(packed) == pack(MANY):
        assert [r.data for r in whole] == expected


ELEMENT = st.integers(0, 99).map(lambda n: json.dumps({"input": f"q {n} [{{", "output": 'a "," ]'}).encode())


@settings(max_examples=150)
@given(st.lists(ELEMENT, min_size=1, max_size=8), st.data())
def test_a_damaged_array_gives_everything_before_the_damage(tmp_path_factory, elements, data):
    text = b"[\n" + b",\n".join(elements) + b"\n]"
    at = data.draw(st.integers(0, len(text) - 1))
    damage = data.draw(st.binary(max_size=3))
    cut = data.draw(st.integers(0, 3))
    path = tmp_path_factory.mktemp("array") / "x.json"
    path.write_bytes(text[:at] + damage + text[at + cut :])
    try:
        with open_source(path, shape="input_output", container="json") as reader:
            records = list(reader.records())
    except AssayError:
        return
    found = [r.data for r in records if isinstance(r, RawRecord)]
    before, end = 0, 2
    for element in elements:
        end += len(element)
        if end > at:
            break
        before += 1
        end += 2
    assert found[:before] == elements[:before]
    covered = sum(r.length for r in records if isinstance(r, Malformed)) + sum(map(len, found))
    # All but white space, commas and the brackets is in a record or in a malformed one.
    left = path.read_bytes()
    assert covered >= len(left) - sum(
        left.count(c) for c in (b" ", b"\n", b"\t", b"\r", b",")
    ) - 2 or before == len(elements)
