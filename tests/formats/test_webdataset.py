"""Tar shards: what goes in comes out, and no archive, however made, hurts or hides a record."""

import base64
import gzip
import io
import json
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import UsageError
from assay.formats.decode import decode
from assay.formats.export import ExportRow
from assay.formats.source import open_source
from assay.formats.webdataset import sample, write_shards
from assay.model.canonical import canonical_json
from assay.model.example import example_id
from assay.model.record import Malformed, Parsed

PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(200))).decode()
URLS = st.binary(max_size=40).map(lambda b: "data:image/png;base64," + base64.b64encode(b).decode())
ODD = st.sampled_from([
    "data:", "data:image/png;base64,A", "data:image/png;base64,AB==", "data:image/png;base64,QQ==\n", "0.png",
    "data:image/png;base64, QUJD", "data:;base64,QUJD", "data:image/svg+xml;base64,QUJD", "data:x/y;base64,",
])  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6) | URLS | ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool"]), "content": st.text(max_size=8) | URLS | ODD},
    optional={"tool_calls": JSON.filter(lambda v: v is not None), "x": JSON.filter(lambda v: v is not None)},
)
PAYLOAD = (
    st.fixed_dictionaries(
        {"messages": st.lists(MESSAGE, min_size=1, max_size=3)},
        optional={"tools": st.lists(JSON, min_size=1, max_size=2)},
    )
    | st.fixed_dictionaries({"prompt": st.text(max_size=5), "chosen": st.text(max_size=5), "rejected": URLS})
    | st.fixed_dictionaries({"text": st.text(max_size=5)}, optional={"label": st.integers() | st.text()})
)
SETS = st.lists(PAYLOAD, min_size=1, max_size=5, unique_by=canonical_json)


def row(payload, **provenance):
    return ExportRow(payload, {}, None, "payload", provenance, example_id(canonical_json(payload)))


def read(path, **options):
    with open_source(path, **options) as source:
        return list(source.records()), source.shape


def parsed(path, **options):
    records, shape = read(path, **options)
    return [one if isinstance(one, Malformed) else decode(one, shape) for one in records]


def archive(path, members):
    """A tar of (name, bytes); a header may be changed by a third entry."""
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, data, *change in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for key, value in (change[0] if change else {}).items():
                setattr(info, key, value)
            tar.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return path


@settings(deadline=None, max_examples=60)
@given(payloads=SETS, bound=st.sampled_from([1, 2_000, 1 << 20]))
def test_every_payload_comes_back(tmp_path_factory, payloads, bound):
    folder = tmp_path_factory.mktemp("wds")
    written = write_shards(folder, [("train", map(row, payloads))], bound)
    assert sum(written.values()) == len(payloads) and (bound > 1 or len(written) == len(payloads))
    found = [one for name in written for one in parsed(folder / name, shape="payload")]
    assert all(isinstance(one, Parsed) and not one.extra for one in found)
    assert [canonical_json(one.payload) for one in found] == [canonical_json(one) for one in payloads]


def test_the_same_rows_give_the_same_bytes_and_any_tar_reads_them(tmp_path):
    rows = [row({"messages": [{"role": "user", "content": f"第{k}题 {PNG}"[: 5 + k]}]}) for k in range(20)]
    rows.append(
        row({"messages": [{"role": "user", "content": [{"image_url": {"url": PNG}}]}]}, origin="human")
    )
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_shards(tmp_path / name, [("train", rows), ("test", [])])
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert files == ["test-000000.tar", "train-000000.tar"]
    for name in files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    with tarfile.open(tmp_path / "a" / files[1]) as tar:
        members = tar.getmembers()
        record = json.load(tar.extractfile(members[-2]))
        assert tar.extractfile(members[-1]).read() == base64.b64decode(PNG.partition(",")[2])
    assert {(m.mtime, m.uid, m.gid, m.mode, m.uname) for m in members} == {(0, 0, 0, 0o644, "")}
    assert members[-1].name == f"{rows[-1].id.hex()}.0.png"
    assert record["origin"] == "human"
    assert record["messages"][0]["content"][0]["image_url"]["url"] == "0.png"


def test_other_shards_in_the_folder_are_refused_and_nothing_is_written(tmp_path):
    (tmp_path / "train-000007.tar").write_bytes(b"")
    with pytest.raises(UsageError, match=r"train-000007.tar"):
        write_shards(tmp_path, [("train", [row({"text": "a"})])])
    assert [path.name for path in tmp_path.iterdir()] == ["train-000007.tar"]


def test_what_others_wrote_keeps_its_name_and_tells_its_other_members(tmp_path):
    path = archive(
        tmp_path / "a.tar",
        [("猫/001.json", b'{"text": "a"}'), ("猫/001.jpg", b"JPEG"), ("002.txt", "二".encode()),
         ("d", b"", {"type": b"5"}),
         ("long/" * 60 + "3.json", b'{"text": "c"}')],
    )  # fmt: skip
    first, second, third = parsed(path)
    assert first.payload == {"text": "a"} and first.provenance["key"] == "猫/001"
    assert [(m["name"], m["bytes"]) for m in first.extra["__members__"]] == [("jpg", 4)]
    assert second.payload == {"text": "二"} and second.extra == {"__key__": "002"}
    assert third.provenance["key"] == "long/" * 60 + "3"


def test_names_are_never_paths(tmp_path):
    path = archive(
        tmp_path / "a.tar", [("../../x.json", b'{"text": "a"}'), ("/etc/y.json", b'{"text": "b"}')]
    )
    before = sorted(tmp_path.rglob("*"))
    assert [one.provenance["key"] for one in parsed(path)] == ["../../x", "/etc/y"]
    assert sorted(tmp_path.rglob("*")) == before


def test_links_devices_and_twins_are_malformed_where_they_stand(tmp_path):
    path = archive(
        tmp_path / "a.tar",
        [("a.json", b"{}"), ("a.json", b"{}"), ("l.json", b"", {"type": b"2", "linkname": "/etc/passwd"}),
         ("c.json", b"", {"type": b"3"}), ("b.jpg", b"x"), ("e.txt", b"\xff"), ("f.json", b'{"text": "f"}')],
    )  # fmt: skip
    records, _ = read(path)
    found = [(one.number, one.offset, getattr(one, "code", "")) for one in records]
    assert found == [
        (1, 0, "duplicate_member"), (2, 2048, "not_a_file"), (3, 2560, "not_a_file"), (4, 3072, "no_record"),
        (5, 4096, "invalid_utf8"), (6, 5120, ""),
    ]  # fmt: skip


def test_a_sample_may_have_so_many_bytes_and_so_many_members(tmp_path):
    big = [("a.json", b"{}"), ("a.jpg", bytes(5_000)), ("b.json", b'{"text": "b"}')]
    records, _ = read(archive(tmp_path / "a.tar", big), limit=3_000)
    assert [getattr(one, "code", "") for one in records] == ["too_large", ""]
    many = [(f"a.{k}", b"") for k in range(1_100)] + [("b.json", b'{"text": "b"}')]
    records, _ = read(archive(tmp_path / "b.tar", many))
    assert [getattr(one, "code", "") for one in records] == ["too_large", ""]


def test_a_bomb_is_passed_over_in_bounded_memory(tmp_path):
    header = tarfile.TarInfo("a.json")
    header.size = 64 << 20
    path = tmp_path / "a.tar.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(header.tobuf())
        for _ in range(64):
            file.write(bytes(1 << 20))
        file.write(bytes(1024))
    records, _ = read(path, limit=1 << 20)
    assert [(one.code, one.length) for one in records] == [("too_large", 64 << 20)]


@pytest.mark.parametrize("claimed", [1 << 62, (1 << 33) + 1])
def test_a_size_that_no_archive_has_ends_it(tmp_path, claimed):
    header = tarfile.TarInfo("a.json")
    header.size = claimed
    (tmp_path / "a.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + b"x" * 2_000)
    records, _ = read(tmp_path / "a.tar")
    assert [(one.code, one.offset, one.length) for one in records] == [("truncated", 0, 2_512)]


def test_an_archive_that_ends_too_early_says_where(tmp_path):
    whole = archive(tmp_path / "w.tar", [(f"{k}.json", b'{"text": "%d"}' % k) for k in range(3)]).read_bytes()
    for size, good, offset in ((1024, 1, 1024), (1_100, 1, 1_024), (1_540, 1, 1_024), (3_072, 3, 3_072)):
        (tmp_path / "a.tar").write_bytes(whole[:size])
        *kept, last = parsed(tmp_path / "a.tar")
        assert [one.payload["text"] for one in kept] == [str(k) for k in range(good)], size
        assert (last.code, last.offset) == ("truncated", offset), size
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(whole, 1)[:-30])
    assert parsed(tmp_path / "a.tar.gz")[-1].code == "truncated"


def test_damage_costs_only_what_it_touches(tmp_path):
    data = bytearray(
        archive(tmp_path / "w.tar", [(f"{k}.json", b'{"text": "%d"}' % k) for k in range(3)]).read_bytes()
    )
    data[1_024 + 5] ^= 255
    (tmp_path / "a.tar").write_bytes(bytes(data) + data[:1_024] + bytes(1_024))
    found = parsed(tmp_path / "a.tar")
    assert [getattr(one, "code", "") or one.payload["text"] for one in found] == ["0", "corrupt", "2", "0"]
    assert (found[1].offset, found[1].length) == (1_024, 1_024)


@pytest.mark.parametrize(
    "change",
    [
        lambda record, files: files.pop(0),
        lambda record, files: files.__setitem__(0, b"other"),
        lambda record, files: record["media"][0].update(place="/messages/9/content"),
        lambda record, files: record["media"][0].update(place="/messages"),
        lambda record, files: record["media"][0].update(place=""),
        lambda record, files: record["media"][0].update(name=["0.png"]),
        lambda record, files: record["media"][0].update(type=None),
    ],
)  # fmt: skip
def test_media_that_do_not_fit_make_the_record_malformed(tmp_path, change):
    (name, data), (other, medium) = sample(row({"messages": [{"role": "user", "content": PNG}]}))
    record, files = json.loads(data), [medium]
    change(record, files)
    members = [(name, json.dumps(record).encode()), *((other, one) for one in files)]
    records, _ = read(archive(tmp_path / "a.tar", members))
    assert [one.code for one in records] == ["bad_media"]


@settings(deadline=None, max_examples=80)
@given(data=st.binary(max_size=3_000), at=st.integers(0, 4_000), size=st.integers(0, 600))
def test_no_bytes_break_the_reader(tmp_path_factory, data, at, size):
    path = tmp_path_factory.mktemp("fuzz") / "a.tar"
    archive(
        path, [("a.json", b'{"text": "a"}'), ("ä" * 120 + ".json", b'{"text": "b"}'), ("c.txt", b"c" * 700)]
    )
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + data + whole[at + size :])
    records, _ = read(path, container="webdataset", shape="payload")
    assert [one.number for one in records] == list(range(1, len(records) + 1))
    assert all(0 <= one.offset <= path.stat().st_size for one in records)
