"""A registry's bytes in an object store: the promises of a storage, and those that lost answers put to the test."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from assay.errors import MissingExtra, NotFound, StorageFailure, UsageError
from assay.store.object_store import ObjectStorage
from assay.store.object_store_address import connect
from assay.store.storage import Storage
from assay.testing.s3_bucket import S3Call, S3Reply
from assay.testing.s3_faults import S3_FAULTS, S3FaultScript, SeededS3Faults, no_s3_faults
from assay.testing.s3_server import S3Server
from assay.testing.storage import StorageSuite

pytest.importorskip("obstore", reason="the extra s3 is not installed")


def storage_of(server: S3Server, prefix: str = "team/registry", **options: object) -> ObjectStorage:
    return connect(f"s3://bucket/{prefix}", server.options, **{"timeout": 5.0, **options})  # type: ignore[arg-type]


@pytest.fixture
def server():
    with S3Server() as running:
        yield running


class TestS3(StorageSuite):
    @pytest.fixture(autouse=True)
    def _server(self):
        with S3Server() as self.server:
            yield

    def make(self, folder: Path) -> Storage:
        return storage_of(self.server)


class TestS3ThatFails(TestS3):
    """The same with one request in eight gone wrong, in all ways but those that take long."""

    @pytest.fixture(autouse=True)
    def _faults(self, _server, request):
        ways = [fault for fault in S3_FAULTS if fault != "hang"]
        self.server.faults = SeededS3Faults(len(request.node.name), 0.125, ways)


@pytest.mark.parametrize("fault", [fault for fault in S3_FAULTS if fault != "truncated"])
@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("retries", [2, 5])
def test_a_lost_answer_is_neither_a_failure_nor_a_defeat(server, fault, times, retries):
    storage = storage_of(server, timeout=0.3, retries=retries)
    storage.prove()
    server.faults = S3FaultScript([fault] * times, lambda call: call.method == "PUT")
    assert storage.put_if_absent("log/1.json", b"mine") is True
    assert storage.put_if_absent("log/1.json", b"mine") is False  # equal bytes are not the same write
    assert storage.get("log/1.json") == b"mine"


@pytest.mark.parametrize("fault", [fault for fault in S3_FAULTS if fault != "truncated"])
def test_a_defeat_is_told_through_faults(server, fault):
    first, second = storage_of(server), storage_of(server, timeout=0.3, retries=4)
    first.put_if_absent("log/1.json", b"same")
    second.prove()
    server.faults = S3FaultScript([fault] * 3, lambda call: call.method == "PUT")
    assert second.put_if_absent("log/1.json", b"same") is False


def test_a_write_whose_fate_is_unknown_is_said_to_be_so(server):
    storage = storage_of(server, timeout=0.3, retries=0)
    storage.prove()
    server.faults = lambda call: "dropped"
    with pytest.raises(StorageFailure, match="not known whether it was written") as caught:
        storage.put_if_absent("log/1.json", b"x")
    assert "assay log" in caught.value.hint
    server.faults = no_s3_faults
    assert storage.put_if_absent("log/1.json", b"y") is True


def test_a_refusal_after_a_lost_answer_leaves_the_doubt(server):
    storage = storage_of(server)
    storage.prove()
    answer, calls = server.bucket.answer, []

    def expired(call):
        calls.append(call)
        return answer(call) if len(calls) == 1 else S3Reply(403, b"<Error><Code>ExpiredToken</Code></Error>")

    server.bucket.answer = expired
    server.faults = S3FaultScript(["lost"])
    with pytest.raises(StorageFailure, match="token has expired; it is not known whether it was written"):
        storage.put_if_absent("log/1.json", b"x")
    server.bucket.answer = answer
    assert storage.get("log/1.json") == b"x"


def test_writers_of_equal_bytes_race_through_faults_and_one_of_them_wins(server):
    writers = [storage_of(server, timeout=5.0) for _ in range(4)]
    for writer in writers:
        writer.prove()
    server.faults = SeededS3Faults(7, 0.3, [f for f in S3_FAULTS if f != "hang"])
    won: Counter[str] = Counter()
    unknown: set[str] = set()
    lock = threading.Lock()

    def write(storage: ObjectStorage) -> None:
        for number in range(25):
            key = f"log/{number}"
            try:
                mine = storage.put_if_absent(key, b"equal")
            except StorageFailure:
                with lock:
                    unknown.add(key)
                continue
            with lock:
                won[key] += mine

    threads = [threading.Thread(target=write, args=(writer,)) for writer in writers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(won[f"log/{number}"] == 1 or f"log/{number}" in unknown for number in range(25))
    assert max(won.values()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [({"conditional": False}, "overwrites"), ({"metadata": False}, "keeps no metadata")],
)
def test_a_store_that_cannot_hold_a_registry_is_refused(options, message):
    with S3Server(**options) as server:
        storage = storage_of(server)
        with pytest.raises(StorageFailure, match=message):
            storage.put_if_absent("log/1.json", b"x")
        assert server.bucket.names() == []


def test_what_was_proven_once_is_not_tried_again(server, tmp_path):
    proof = tmp_path / "folder"
    storage_of(server, proofs=proof).put_if_absent("a", b"1")
    count = len(server.exchanges)
    storage_of(server, proofs=proof).put_if_absent("b", b"1")
    assert server.requests(count) == {"PUT": 1}


@pytest.mark.parametrize("retries", [0, 4])
def test_a_truncated_body_is_never_taken_for_the_whole(server, retries):
    storage = storage_of(server, retries=retries)
    storage.put("objects/a", b"0123456789" * 50_000)
    server.faults = S3FaultScript(["truncated"], lambda call: call.method == "GET")
    if retries:
        assert storage.get("objects/a") == b"0123456789" * 50_000
    else:
        with pytest.raises(StorageFailure):
            storage.get("objects/a")


def test_large_files_go_up_in_parts(server, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"0123456789abcdef" * (20 << 16))
    storage = storage_of(server)
    storage.put_file("objects/large", path)
    assert server.bucket.data("team/registry/objects/large") == path.read_bytes()
    assert server.requests() == {"POST": 2, "PUT": 3}
    for match in (lambda call: True, lambda call: call.method == "POST" and "uploadId" in call.query):
        server.bucket.answer(S3Call(0, "DELETE", "bucket", "team/registry/objects/large", {}, {}, b""))
        server.faults = S3FaultScript(["error_after", "lost", None, "slow_down", "error_before"], match)
        storage.put_file("objects/large", path)
        assert server.bucket.data("team/registry/objects/large") == path.read_bytes()
    with pytest.raises(StorageFailure, match="cannot read"):
        storage.put_file("objects/none", tmp_path / "none")


def test_lists_page_by_page_and_only_what_is_below_the_prefix(server):
    storage, other = storage_of(server), storage_of(server, "team/registry-2")
    other.put("objects/other", b"")
    for number in range(1_003):
        server.bucket.damage(f"team/registry/objects/{number:05}", b"x")
    assert [s.key for s in storage.list("objects/")] == [f"objects/{number:05}" for number in range(1_003)]
    assert [s.key for s in other.list("")] == ["objects/other"]


@pytest.mark.parametrize(
    ("body", "status", "said", "hint"),
    [
        ("NoSuchBucket", 404, "no such bucket", "make the bucket"),
        ("SignatureDoesNotMatch", 403, "secret key is wrong", "AWS_SECRET_ACCESS_KEY"),
        ("RequestTimeTooSkewed", 403, "clock is wrong", "set the clock"),
        ("AccessDenied", 403, "access is denied", "s3:GetObject"),
        ("SomethingElse", 418, "the store answered 418", "again"),
    ],
)
def test_refusals_say_what_and_what_to_do_and_no_more(server, monkeypatch, body, status, said, hint):
    storage = storage_of(server)
    monkeypatch.setattr(
        server.bucket, "answer",
        lambda call: S3Reply(status, f"<Error><Code>{body}</Code><X>AKIASECRET</X></Error>".encode()),
    )  # fmt: skip
    for act in (lambda: storage.get("a"), lambda: storage.put("a", b""), lambda: list(storage.list(""))):
        with pytest.raises(StorageFailure, match=said) as caught:
            act()
        assert hint in caught.value.hint
        assert "AKIA" not in str(caught.value.args) and "test" not in str(caught.value.args)
        assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_nobody_listens(server):
    storage = connect(
        "s3://bucket/p", {**server.options, "endpoint": "http://127.0.0.1:1"}, timeout=2, retries=0
    )
    with pytest.raises(StorageFailure, match="cannot read s3://bucket/p/a"):
        storage.get("a")


def test_the_stores_own_clock():
    with S3Server(clock=lambda: 1_000_000.5) as server:
        storage = storage_of(server)
        assert abs(storage.now() - 1_000_000.5) < 1
        assert server.bucket.names() == []


def test_what_an_interrupted_probe_leaves_is_a_leftover(server):
    storage = storage_of(server)
    server.bucket.damage("team/registry/probe/ab", b"first")
    assert [s.key for s in storage.list("")] == []
    assert [s.key for s in storage.leftovers()] == ["probe/ab"]
    storage.delete("probe/ab")
    assert list(storage.leftovers()) == []


@pytest.mark.parametrize(
    "address", ["ftp://a/b", "s3://", "s3:///x", "s3://key:secret@b/x", "s3://b/../x", "s3://b/x?versionId=1"]
)
def test_addresses_that_are_refused(address):
    with pytest.raises(UsageError) as caught:
        connect(address, {})
    assert "secret" not in str(caught.value.args)


def test_a_forked_process_is_told_and_does_not_wait_for_ever(server):
    code = f"""
import os
from assay.store.object_store_address import connect
storage = connect("s3://bucket/x", {server.options!r}, timeout=5)
storage.put("a", b"1")
child = os.fork()
if not child:
    try:
        connect("s3://bucket/x", {server.options!r}).get("a")
    except Exception as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert "forked" in done.stdout, done


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(MissingExtra) as caught:
        connect("s3://bucket/x", {})
    assert "assay-data[s3]" in caught.value.hint


def test_other_providers_have_addresses_too():
    for address, options in (
        ("gs://bucket/team", {"skip_signature": "true"}),
        ("az://container/team", {"account_name": "a", "skip_signature": "true"}),
    ):
        assert connect(address, options).address == address


def test_who_may_only_read_reads(server):
    storage_of(server).put_if_absent("log/1.json", b"x")
    storage = storage_of(server)
    answer = server.bucket.answer
    server.bucket.answer = lambda call: S3Reply(403) if call.writes else answer(call)
    assert storage.get("log/1.json") == b"x" and [s.key for s in storage.list("")] == ["log/1.json"]
    for act in (lambda: storage.put_if_absent("log/2.json", b"x"), lambda: storage.delete("log/1.json")):
        with pytest.raises(StorageFailure, match="access is denied"):
            act()


def test_a_missing_key_is_not_found(server):
    with pytest.raises(NotFound, match="s3://bucket/team/registry"):
        storage_of(server).get("objects/none")
