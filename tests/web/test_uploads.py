"""Uploads: streamed, bounded, resumable, durable when acknowledged, and their sender's alone."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs the extra `web`")

from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

import assay
from assay.web.access.book import Book
from assay.web.access.identity import Identity
from assay.web.access.roles import Role
from assay.web.app import create_app
from assay.web.settings import Limits, Settings
from assay.web.uploads.multipart import FilePart
from assay.web.uploads.store import Uploads
from assay.web.uploads.upload import clean_name, ending_of

DATA = b'{"instruction": "Refund?", "input": "", "output": "Under Orders."}\n' * 1000
AT = "/api/uploads"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    assay.init(tmp_path / "r", actor="ann")
    return tmp_path / "r"


@pytest.fixture
def web(root: Path) -> TestClient:
    app = create_app(
        lambda: assay.open(root, actor="ann"), Settings(limits=Limits(upload=1 << 20, uploads=5))
    )
    return TestClient(app, base_url="http://127.0.0.1")


def test_a_file_arrives_as_it_was_under_a_name_of_ours(web: TestClient, root: Path) -> None:
    made = web.post(AT, params={"name": "../../票 <b>.jsonl.gz"}, content=DATA)
    assert made.status_code == 201
    told = made.json()
    assert (told["sha256"], told["length"], told["complete"]) == (
        hashlib.sha256(DATA).hexdigest(),
        len(DATA),
        True,
    )
    assert made.headers["upload-offset"] == str(len(DATA))
    assert told["name"] == "票 _b_.jsonl.gz"
    file = root / "server" / "uploads" / told["id"] / "data.jsonl.gz"
    assert file.read_bytes() == DATA
    assert file.stat().st_mode & 0o077 == 0
    assert web.get(made.headers["location"]).json() == told
    assert web.delete(made.headers["location"]).status_code == 200
    assert not file.parent.exists()
    assert web.get(made.headers["location"]).status_code == 404


def test_the_file_of_a_form_is_taken(web: TestClient) -> None:
    made = web.post(AT, files={"file": ("a.csv", DATA, "text/csv")}, data={"other": "x" * 1000})
    assert (made.status_code, made.json()["name"]) == (201, "a.csv")
    assert made.json()["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert web.post(AT, data={"a": "b"}, files={"x": (None, "y")}).status_code == 400
    cut = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nabc'
    answer = web.post(AT, content=cut, headers={"content-type": "multipart/form-data; boundary=b"})
    assert answer.status_code == 400
    assert len(web.get(AT).json()["uploads"]) == 1


def test_it_goes_on_where_it_ended(web: TestClient) -> None:
    made = web.post(
        AT, params={"name": "a.jsonl"}, headers={"upload-length": str(len(DATA))}, content=DATA[:100]
    )
    at = made.headers["location"]
    assert (made.json()["offset"], made.json()["complete"]) == (100, False)
    wrong = web.patch(at, headers={"upload-offset": "99"}, content=DATA[99:])
    assert wrong.status_code == 409
    assert "100 bytes" in wrong.json()["error"]["message"]
    part = web.patch(at, headers={"upload-offset": "100"}, content=DATA[100:5_000])
    assert part.json()["offset"] == 5_000
    long = web.patch(at, headers={"upload-offset": "5000"}, content=DATA[5_000:] + b"x")
    assert long.status_code == 413
    assert web.get(at).json()["offset"] == 5_000
    done = web.patch(at, headers={"upload-offset": "5000"}, content=DATA[5_000:])
    assert done.json()["sha256"] == hashlib.sha256(DATA).hexdigest()
    assert web.patch(at, headers={"upload-offset": str(len(DATA))}, content=b"").status_code == 409


def test_a_server_that_starts_again_goes_on_from_what_was_acknowledged(web: TestClient, root: Path) -> None:
    at = web.post(AT, headers={"upload-length": str(len(DATA))}, content=DATA[:777]).headers["location"]
    (file,) = (root / "server" / "uploads").rglob("data*")
    with file.open("ab") as more:
        more.write(b"written and never acknowledged")
    app = create_app(lambda: assay.open(root, actor="ann"), Settings())
    other = TestClient(app, base_url="http://127.0.0.1")
    assert other.get(at).json()["offset"] == 777
    done = other.patch(at, headers={"upload-offset": "777"}, content=DATA[777:])
    assert done.json()["sha256"] == hashlib.sha256(DATA).hexdigest()


def test_what_is_too_large_is_refused_however_it_is_sent(web: TestClient, root: Path) -> None:
    large = b"x" * ((1 << 20) + 1)
    assert web.post(AT, content=large).status_code == 413
    assert web.post(AT, content=iter([large[:1000], large[1000:]])).status_code == 413
    assert web.post(AT, content=(large[:65536] for _ in range(64))).status_code in (400, 413)
    assert web.post(AT, files={"file": ("a", large)}).status_code == 413
    assert web.post(AT, headers={"upload-length": str(1 << 40)}).status_code == 413
    assert web.post(AT, content=b"").status_code == 400
    for one in web.get(AT).json()["uploads"]:
        assert one["offset"] <= 1 << 20
    left = sum(path.stat().st_size for path in (root / "server" / "uploads").rglob("data*"))
    assert left <= 1 << 20


def test_one_person_has_so_many(web: TestClient) -> None:
    for _ in range(5):
        assert web.post(AT, content=DATA).status_code == 201
    assert web.post(AT, content=DATA).status_code == 400


@pytest.mark.parametrize("kind", ["gzip", "zstd", "parquet"])
def test_a_bomb_is_told_before_anybody_reads_it(tmp_path: Path, kind: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from assay.web.uploads import inflating

    path = tmp_path / "bomb"
    zeros = b"0" * (1 << 20)
    if kind == "gzip":
        path.write_bytes(gzip.compress(zeros * 40, 9))
    elif kind == "zstd":
        with pa.CompressedOutputStream(str(path), "zstd") as out:
            for _ in range(40):
                out.write(zeros)
    else:
        table = pa.table({"text": [("0" * (1 << 20)) + str(k) for k in range(20)]})
        pq.write_table(table, path, compression="zstd", use_dictionary=False)
    most = 1 << 30
    original = inflating.FREE
    try:
        inflating.FREE = 1 << 20  # type: ignore[misc]
        with pytest.raises(assay.errors.BadInput, match="unpack to more than"):
            inflating.check_inflated(path, most)
    finally:
        inflating.FREE = original  # type: ignore[misc]
    with pytest.raises(assay.errors.BadInput):
        inflating.check_inflated(path, 1 << 20)
    assert inflating.check_inflated(path, most) >= 20 << 20, "below the free size no ratio is asked for"


def test_a_bomb_that_was_sent_is_gone(root: Path) -> None:
    uploads = Uploads(root / "u", time.time, lambda n: b"\x01" * n, most=1 << 30, inflated=1 << 20)
    me = Identity("ann", frozenset({Role.CONTRIBUTOR}), "token")
    writer = uploads.writer(uploads.begin(me, "a.jsonl.gz", None))
    writer.write(gzip.compress(b"0" * (2 << 20)))
    with pytest.raises(assay.errors.BadInput, match="unpack"):
        writer.finish()
    writer.close()
    assert uploads.listed(me) == []


def test_only_its_sender_and_admins_see_an_upload(root: Path) -> None:
    import secrets

    app = create_app(lambda: assay.open(root), Settings("token"))
    book = Book(root / "server" / "access.sqlite", time.time, secrets.token_bytes)
    heads = {}
    for name, role in (
        ("ann", Role.CONTRIBUTOR),
        ("bob", Role.CONTRIBUTOR),
        ("eve", Role.READER),
        ("root", Role.ADMIN),
    ):
        book.add(name, {role}, None)
        heads[name] = {"authorization": f"Bearer {book.make_token(name, {role}, 'x', 60).text}"}
    book.close()
    client = TestClient(app, base_url="http://127.0.0.1")
    at = client.post(AT, content=DATA, headers=heads["ann"]).headers["location"]
    id = at.rpartition("/")[2]
    assert client.post(AT, content=DATA, headers=heads["eve"]).status_code == 403
    assert client.post(AT, content=DATA).status_code == 401
    assert client.get(at, headers=heads["bob"]).status_code == 404
    assert client.patch(at, headers=heads["bob"] | {"upload-offset": "0"}, content=b"x").status_code == 404
    assert client.delete(at, headers=heads["bob"]).status_code == 404
    body = {"name": "help", "sources": [id]}
    assert client.post("/api/commands/curate", json=body, headers=heads["bob"]).status_code == 404
    assert client.get(AT, headers=heads["bob"]).json()["uploads"] == []
    assert [one["id"] for one in client.get(AT, headers=heads["root"]).json()["uploads"]] == [id]
    assert client.delete(at, headers=heads["root"]).status_code == 200


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.csv", "y.csv"),
        ("", "upload"),
        ("..", "upload"),
        ("a\x00b\u202e.jsonl", "a_b_.jsonl"),
        ("x" * 300 + ".parquet", "x" * 92 + ".parquet"),
    ],
)
def test_the_senders_name_is_no_path(said: str, name: str) -> None:
    assert clean_name(said) == name


@pytest.mark.parametrize(
    ("name", "ending"),
    [
        ("a.jsonl.gz", ".jsonl.gz"),
        ("a.sh", ""),
        ("a.PARQUET", ".parquet"),
        ("a.csv/../x", ""),
        ("recipe.yml", ".yml"),
    ],
)
def test_only_known_endings_are_kept(name: str, ending: str) -> None:
    assert ending_of(name) == ending


@given(data=st.binary(max_size=3000), cuts=st.lists(st.integers(1, 400), max_size=30))
@settings(max_examples=60, deadline=None)
def test_a_form_gives_its_file_however_it_is_cut(data: bytes, cuts: list[int]) -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="t"\r\n\r\nno file\r\n--B\r\n'
        b'Content-Disposition: form-data; name="f"; filename="a.jsonl"\r\nContent-Type: x/y\r\n\r\n'
        + data
        + b"\r\n--B--\r\n"
    )
    if b"\r\n--B" in data:
        return
    part, out = FilePart("multipart/form-data; boundary=B"), b""
    for cut in [*cuts, len(body)]:
        piece, body = body[:cut], body[cut:]
        out += part.feed(piece) if piece else b""
    assert (part.name, part.ended, out) == ("a.jsonl", True, data)


def test_a_job_that_reads_an_upload_keeps_it(web: TestClient, root: Path) -> None:
    id = web.post(AT, content=DATA, params={"name": "a.jsonl"}).json()["id"]
    folder = root / "server" / "jobs" / "20260101T000000000-00000000"
    folder.mkdir(parents=True)
    spec = {
        "id": folder.name,
        "kind": "curate",
        "dataset": "a",
        "actor": "ann",
        "created": 0.0,
        "words": [],
        "form": {},
        "uploads": [id],
    }
    (folder / "spec.json").write_text(json.dumps(spec))
    (folder / "process.json").write_text(json.dumps({"pid": 1, "born": None, "time": 0.0}))
    assert web.delete(f"{AT}/{id}").status_code == 409
    (folder / "error.json").write_text(json.dumps({"state": "lost", "exit": None, "ended": 0.0}))
    assert web.delete(f"{AT}/{id}").status_code == 200


def test_clearing_up_leaves_uploads_and_jobs_alone(web: TestClient, root: Path) -> None:
    id = web.post(AT, content=DATA, params={"name": "a.jsonl"}).json()["id"]
    registry = assay.open(root)
    registry.gc(dry_run=False, grace_seconds=0)
    assert registry.verify().ok
    assert registry.keeping.doctor(None, dry_run=False).well
    assert web.get(f"{AT}/{id}").json()["complete"]
    assert len(list((root / "server" / "uploads" / id).iterdir())) == 2
