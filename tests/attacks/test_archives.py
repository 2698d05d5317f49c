"""Archives and what is packed: nothing is unpacked into files, and nothing grows without bound."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.errors import BadInput
from assay.web.app import create_app
from assay.web.settings import Settings
from assay.web.uploads import inflating
from assay.web.uploads.inflating import check_inflated
from tests.attacks.catalogue import Attack, each

_ZEROS = b"0" * (1 << 20)
_ROW = json.dumps({"text": "a row"}).encode() + b"\n"


def _zip(to: Path) -> None:
    with zipfile.ZipFile(to, "w") as made:
        made.writestr("../../zqx-out.txt", "x")
        made.writestr("/zqx-out.txt", "x")
        link = zipfile.ZipInfo("link.jsonl")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        made.writestr(link, "/etc/passwd")


def _tar(to: Path, kind: bytes = tarfile.SYMTYPE) -> None:
    with tarfile.open(to, "w:gz") as made:
        for name in ("data.jsonl", "../zqx-out.jsonl"):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            made.addfile(info)
        info = tarfile.TarInfo("/zqx-out.txt")
        info.size = 1
        made.addfile(info, io.BytesIO(b"x"))


def _gzip(to: Path) -> None:
    to.write_bytes(gzip.compress(_ZEROS, 9) * 24)


def _zstd(to: Path) -> None:
    with pa.CompressedOutputStream(str(to), "zstd") as out:
        for _ in range(24):
            out.write(_ZEROS)


def _zstd_frames(to: Path) -> None:
    """Behind a frame that readers skip, many that say nothing of their size."""
    packed = pa.Codec("zstd").compress(_ZEROS, asbytes=True)
    to.write_bytes(b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip" + packed * 24)


def _parquet_word(to: Path) -> None:
    """One long word in a dictionary, and thousands of rows that say it: 8 GB in some thousand bytes."""
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), pa.array(["x" * (4 << 20)]))
    pq.write_table(pa.table({"text": words}), to, compression="zstd", store_schema=False)


def _parquet_nested(to: Path) -> None:
    words = pa.DictionaryArray.from_arrays(pa.array([0] * 4000, pa.int32()), pa.array(["x" * (4 << 20)]))
    turns = pa.StructArray.from_arrays([words], ["content"])
    lists = pa.ListArray.from_arrays(pa.array(range(0, 4001, 2), pa.int32()), turns)
    pq.write_table(pa.table({"messages": lists}), to, compression="zstd", store_schema=False)


def _parquet_rows(to: Path) -> None:
    """So many rows of nothing that a day would not do."""
    some = pa.table({"a": pa.nulls(5_000_000, pa.int8())})
    with pq.ParquetWriter(to, some.schema, compression="zstd") as out:
        for _ in range(2):
            out.write_table(some, row_group_size=5_000_000)


def _parquet_footer(to: Path) -> None:
    """A page that unpacks to many times the file."""
    table = pa.table({"text": ["0" * (4 << 20)] * 4})
    pq.write_table(
        table, to, compression="zstd", use_dictionary=False, data_page_size=1 << 30, write_statistics=False
    )


def _parquet_forged(to: Path) -> None:
    """The same, and the footer says that it is small: nobody but the pages knows."""
    _parquet_footer(to)
    with pq.ParquetFile(to) as file:
        true = file.metadata.row_group(0).column(0).total_uncompressed_size
    data = to.read_bytes()
    forged = data.replace(_varint(true * 2), _varint_of(len(_varint(true * 2)), 2000))
    assert forged != data
    to.write_bytes(forged)
    with pq.ParquetFile(to) as file:
        assert file.metadata.row_group(0).total_byte_size < 1 << 20


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _varint_of(length: int, number: int) -> bytes:
    """A number in more bytes than it needs."""
    plain = _varint(number)
    padded = plain[:-1] + bytes([plain[-1] | 0x80]) + b"\x80" * (length - len(plain) - 1) + b"\x00"
    return padded[:length]


_BOMBS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "gzip": ("gzip of zeros", _gzip),
    "zstd": ("zstd of zeros", _zstd),
    "zstd-frames": ("zstd in many frames behind one that is skipped", _zstd_frames),
    "parquet-word": ("Parquet whose dictionary has one long word", _parquet_word),
    "parquet-nested": ("the same, within lists", _parquet_nested),
    "parquet-rows": ("Parquet with millions of rows of nothing, repeated", _parquet_rows),
    "parquet-page": ("Parquet with a huge page", _parquet_footer),
    "parquet-forged": ("Parquet with a huge page under a footer that lies", _parquet_forged),
}
BOMBS = tuple(
    Attack(f"archives/bomb-{id}", what, "an upload", "refused in bounded memory, and deleted", {"make": id})
    for id, (what, _) in _BOMBS.items()
)
LINKS = (
    Attack("archives/zip-links", "a zip with links and paths out of its folder", "a source", "no file is opened or written"),
    Attack("archives/tar-symlink", "a tar whose members are links to files of the server", "a source", "the same"),
    Attack("archives/tar-hardlink", "the same with hard links", "a source", "the same"),
)  # fmt: skip
MORE = (
    Attack("archives/nested", "gzip within gzip within gzip", "a source", "one layer is unpacked, and no more"),
    Attack("archives/symlink", "an upload's own folder has a link", "an upload", "names are random, files are made anew"),
    Attack("archives/garbage", "anything behind the marks of Parquet", "an upload", "refused, never a failure"),
)  # fmt: skip
ATTACKS = BOMBS + LINKS + MORE


@pytest.fixture(scope="module")
def bombs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bombs")


@each(BOMBS)
def test_a_bomb_is_told_in_bounded_memory(
    bombs: Path, attack: Attack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inflating, "FREE", 8 << 20)  # and with it the bombs are small enough for a test
    path = bombs / attack.said["make"]
    _BOMBS[attack.said["make"]][1](path)
    assert path.stat().st_size < 1 << 16, "it is small as it comes"
    with pytest.raises(BadInput, match="unpack to more than"):
        check_inflated(path, 200 << 30)


def test_a_bomb_that_was_sent_is_deleted(tmp_path: Path) -> None:
    assay.init(tmp_path / "r")
    app = create_app(lambda: assay.open(tmp_path / "r"), Settings())
    client = TestClient(app, base_url="http://127.0.0.1")
    _parquet_word(tmp_path / "bomb")
    answer = client.post("/api/uploads?name=a.parquet", content=(tmp_path / "bomb").read_bytes())
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad_input")
    assert client.get("/api/uploads").json()["uploads"] == []
    assert list((tmp_path / "r" / "server" / "uploads").iterdir()) == []


@each(LINKS)
def test_no_archive_is_unpacked_and_no_link_followed(tmp_path: Path, attack: Attack) -> None:
    path = tmp_path / "in" / "data.zip"
    path.parent.mkdir()
    if attack.id.endswith("zip-links"):
        _zip(path)
    else:
        _tar(path, tarfile.LNKTYPE if attack.id.endswith("hardlink") else tarfile.SYMTYPE)
    registry = assay.init(tmp_path / "r", actor="ann")
    if attack.id.endswith("zip-links"):
        with pytest.raises(assay.errors.AssayError):
            registry.import_("mine", [str(path)])
    else:  # read as a stream of members: what is no file is malformed, a file is its text, whatever it is called
        made = registry.import_("mine", [str(path)])
        assert made.codes_malformed == {"not_a_file": 2}
        assert [example.payload for example in registry.version("mine")] == [{"text": "x"}]
    assert not list(tmp_path.rglob("zqx-out*")) and not Path("/zqx-out.txt").exists()
    everything = b"".join(one.read_bytes() for one in (tmp_path / "r").rglob("*") if one.is_file())
    assert b"root:x:0" not in everything
    assert sorted(one.name for one in path.parent.iterdir()) == ["data.zip"]


def test_one_layer_is_unpacked(tmp_path: Path) -> None:
    """archives/nested"""
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(gzip.compress(gzip.compress(_ZEROS * 8))))
    assert check_inflated(path, 1 << 30) < 1 << 16
    made = assay.init(tmp_path / "r").import_("mine", [str(path)], dry_run=True)
    assert made.as_json()["kept"] == 0


def test_a_link_in_the_folder_of_uploads_is_not_followed(tmp_path: Path) -> None:
    """archives/symlink"""
    secret = tmp_path / "secret.jsonl"
    secret.write_bytes(_ROW)
    assay.init(tmp_path / "r")
    app = create_app(lambda: assay.open(tmp_path / "r"), Settings(), entropy=lambda n: b"\xab" * n)
    client = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)
    client.get("/api/uploads")
    folder = tmp_path / "r" / "server" / "uploads" / ("ab" * 16)
    folder.symlink_to(tmp_path)
    client.post("/api/uploads?name=secret.jsonl", content=b"x" * 9)
    assert secret.read_bytes() == _ROW
    assert not (tmp_path / "data.jsonl").exists()


@given(data=st.binary(max_size=300), cut=st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_what_is_no_parquet_is_refused(bombs: Path, data: bytes, cut: int) -> None:
    """archives/garbage"""
    path = bombs / "garbage"
    good = bombs / "good"
    if not good.exists():
        pq.write_table(pa.table({"text": ["a", "b"]}), good)
    whole = good.read_bytes()
    path.write_bytes(whole[: 4 + cut] + data + whole[4 + cut + len(data) :])
    try:
        assert check_inflated(path, 1 << 30) >= 0
    except BadInput as error:
        assert error.hint
