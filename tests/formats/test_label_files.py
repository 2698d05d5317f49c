"""Files of labels: whatever is in them is a row, or is counted with its reason."""

from __future__ import annotations

import gzip
import json

import pyarrow as pa
import pytest

from assay.errors import BadInput, NotFound
from assay.formats import label_files
from assay.formats.label_files import read_labels

ROWS = [{"id": 1, "human": 1, "judge": "b"}, {"id": 2, "human": "平局", "judge": None}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()
ARRAY = b"\xef\xbb\xbf \n" + json.dumps(ROWS, indent=1).encode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", LINES), ("a.json", ARRAY), ("a.jsonl.gz", gzip.compress(LINES, mtime=0)),
        ("a.json.zst", pa.compress(ARRAY, codec="zstd", asbytes=True)),
    ],
)  # fmt: skip
def test_containers(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    found = read_labels(str(tmp_path / name))
    assert list(found.rows) == ROWS and found.unread == ()


@pytest.mark.parametrize(("name", "sign"), [("a.csv", ","), ("a.tsv", "\t")])
def test_tables(tmp_path, name, sign):
    (tmp_path / name).write_text(f"human{sign}judge\n1{sign}2\n", encoding="utf-8")
    assert [dict(row) for row in read_labels(str(tmp_path / name)).rows] == [{"human": "1", "judge": "2"}]


def test_bad_rows_are_told_and_the_rest_is_read(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b'{"a": 1}\nnot json\n[1]\n"x"\n{"a": 2}\n')
    found = read_labels(str(tmp_path / "a.jsonl"))
    assert len(found.rows) == 2
    assert found.unread == ((2, "invalid_json"), (3, "not_an_object"), (4, "not_an_object"))


def test_cut_files(tmp_path):
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(LINES * 50)[:-20])
    found = read_labels(str(tmp_path / "a.jsonl.gz"))
    assert found.rows and found.unread[-1][1] == "truncated"


def test_what_cannot_be_read(tmp_path, monkeypatch):
    with pytest.raises(NotFound, match="no file"):
        read_labels(str(tmp_path / "none.jsonl"))
    with pytest.raises(BadInput, match="cannot be read"):
        read_labels(str(tmp_path))
    (tmp_path / "empty.jsonl").write_bytes(b"")
    with pytest.raises(BadInput, match="holds no row"):
        read_labels(str(tmp_path / "empty.jsonl"))
    (tmp_path / "bad.jsonl").write_bytes(b"{\n")
    with pytest.raises(BadInput, match="row 1 is invalid_json"):
        read_labels(str(tmp_path / "bad.jsonl"))
    monkeypatch.setattr(label_files, "MOST_ROWS", 1)
    (tmp_path / "long.jsonl").write_bytes(LINES)
    with pytest.raises(BadInput, match="more than 1 rows"):
        read_labels(str(tmp_path / "long.jsonl"))
