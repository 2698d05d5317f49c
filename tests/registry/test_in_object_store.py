"""A registry in an object store does all that one in a folder does, and gives the same versions."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

import assay
from assay.errors import AssayError, Damaged, NotFound, StorageFailure, UsageError
from assay.registry import Registry
from assay.registry.review.results import Given
from assay.registry.review.samples import Drawing
from assay.store import layout
from assay.store.object_store_address import connect
from assay.testing.s3_faults import S3_FAULTS, SeededS3Faults, no_s3_faults
from assay.testing.s3_server import S3Server

from .conftest import ticket

pytest.importorskip("obstore", reason="the extra s3 is not installed")

ADDRESS = "s3://bucket/team/help"


@pytest.fixture
def server():
    with S3Server() as running:
        yield running


def begun(server, **options):
    return assay.init(ADDRESS, actor="mira", options=server.options, **options)


def opened(server, actor="mira", **options):
    return assay.open(ADDRESS, actor=actor, options=server.options, **options)


def story(init, open_, folder):
    """What people do with a registry over time; what they see."""
    first, second = folder / "a.jsonl", folder / "b.jsonl"
    rows = [ticket(n, topic="billing" if n % 3 else "账单") for n in range(60)]
    rows += [rows[5], {**rows[6], "output": ""}]
    for path, some in ((first, rows), (second, [ticket(n) for n in range(60, 90)])):
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in some), "utf-8")
    registry = init()
    told = {"curated": registry.curate("desk", [str(first)]).fingerprint}
    told["added"] = open_().curate("desk", [str(second)], add=True).fingerprint
    registry.reviews.create("q", "desk", Drawing("random", 3))
    names = sorted(i.hex() for i in registry.reviews.fold().named("q").queue.ids)
    for name, verdict in zip(names, ("accept", "reject", "accept"), strict=True):
        open_("ann").reviews.give("q", [Given(name, verdict)])
    told["reviewed"] = open_().version(open_().reviews.apply("q").version).manifest.fingerprint
    open_("zoe").releases.approve("desk@v3")
    open_().releases.release("desk@v3")
    told["searched"] = sorted(hit.id for hit in open_().search("router", "desk", limit=100))
    gone = min(e.name for e in open_().version("desk"))
    told["why"] = open_().why("desk", str(first), 61).code
    told["forgotten"] = open_().keeping.forget([gone], "asked to").versions
    open_().keeping.compact("desk")
    told["left"] = sorted(e.name for e in open_().version("desk@prod"))
    told["traced"] = open_().trace(told["left"][0]).id
    open_().gc(dry_run=False, grace_seconds=0)
    assert not open_().verify().findings
    told["log"] = [(op.seq, op.action, op.dataset) for op in open_().log()]
    return told


def test_the_whole_story_in_a_folder_in_a_store_and_in_one_that_fails(server, tmp_path):
    def local(actor="mira"):
        return assay.open(tmp_path / "local", actor=actor)

    told = [story(lambda: assay.init(tmp_path / "local", actor="mira"), local, tmp_path)]
    near = {"cache": tmp_path / "near"}
    told.append(
        story(lambda: begun(server, **near), lambda who="mira": opened(server, who, **near), tmp_path)
    )
    with S3Server(SeededS3Faults(3, 0.03, [f for f in S3_FAULTS if f != "hang"])) as failing:
        told.append(story(lambda: begun(failing), lambda who="mira": opened(failing, who), tmp_path))
        assert sum(e.fault is not None for e in failing.exchanges) > 10
    assert told[0] == told[1] == told[2]
    assert told[0]["forgotten"]


def test_the_store_may_go_away_at_any_request(server, write):
    first = write("a.jsonl", [ticket(n) for n in range(12)])
    second = write("b.jsonl", [ticket(n) for n in range(12, 20)])
    assay.init("s3://bucket/base", options=server.options).curate("helpdesk", [first])
    base = {name.removeprefix("base/"): server.bucket.data(name) for name in server.bucket.names()}
    seen, at = set(), 1
    while True:
        fault = "lost" if at % 2 else "dropped"  # the last request that came through had an effect, or none
        place = {"address": f"s3://bucket/{at}", "options": server.options}
        for name, data in base.items():
            server.bucket.damage(f"{at}/{name}", data)
        begun_at = len(server.exchanges)
        server.faults = lambda call, begun_at=begun_at, at=at, fault=fault: (
            fault if len(server.exchanges) >= begun_at + at - 1 else None
        )
        with suppress(AssayError):
            Registry(connect(**place, retries=0), None, "mira").curate("helpdesk", [second], add=True)
        done = len(server.exchanges) - begun_at
        server.faults = no_s3_faults
        registry = assay.open(place["address"], options=server.options)
        version = registry.version("helpdesk")
        assert (version.name, len(version)) in {("helpdesk@v1", 12), ("helpdesk@v2", 20)}
        seen.add(version.name)
        assert not registry.verify().damage
        registry.gc(dry_run=False, grace_seconds=-2)
        assert not registry.verify().findings
        if done < at:
            break
        at += 1
    assert seen == {"helpdesk@v1", "helpdesk@v2"} and at > 10


def test_another_machine_finds_all_of_it_and_reads_nothing_twice(server, tmp_path, write):
    source = write("a.jsonl", [ticket(n) for n in range(40)])
    begun(server, cache=tmp_path / "one").curate("desk", [source])
    for n in range(30):
        opened(server, cache=tmp_path / "one").refs.tag("desk@v1", f"t{n}")
    here = {"cache": tmp_path / "two"}
    count = len(server.exchanges)
    assert len(opened(server, **here).version("desk")) == 40
    assert [e.name for e in opened(server, **here).version("desk")]
    assert server.requests(count)["GET"] > 31
    count = len(server.exchanges)
    registry = opened(server, **here)
    assert [e.name for e in registry.version("desk")] and len(registry.datasets()) == 1
    asked = server.requests(count)
    assert asked["LIST"] == 1 and asked["GET"] <= 6 and set(asked) == {"LIST", "GET"}
    shutil.rmtree(tmp_path / "two")
    assert opened(server, **here).search("router", "desk", limit=3)


def test_the_end_of_the_log_is_asked_for_once_unless_this_machine_moved_it(server, tmp_path, write):
    near, other = {"cache": tmp_path / "near", "settled": 3600.0}, {"cache": tmp_path / "other"}
    begun(server, cache=tmp_path / "near").curate("desk", [write("a.jsonl", [ticket(n) for n in range(9)])])
    reader, writer = opened(server, **near), opened(server, **near)
    assert len(reader.log()) == len(writer.log()) == 1
    count = len(server.exchanges)
    assert len(reader.log()) == 1 and not server.requests(count)
    opened(server, **other).refs.tag("desk@v1", "far")
    assert len(reader.log()) == 1
    writer.refs.tag("desk@v1", "here")  # sees the other's entry when its own is refused
    assert [op.body["name"] for op in reader.log()[1:]] == ["far", "here"]


def test_what_is_kept_near_is_never_believed_unseen(server, tmp_path, write):
    near = tmp_path / "near"
    registry = begun(server, cache=near)
    registry.curate("desk", [write("a.jsonl", [ticket(n) for n in range(20)])])
    expected = [e.name for e in registry.version("desk")]
    kept = list(near.glob("*/near/objects/*/*"))
    assert kept
    for path in kept:
        path.write_bytes(b"\0" + path.read_bytes()[1:])
    log = next(near.glob("*/near/log"))
    log.write_bytes(log.read_bytes()[:-9].replace(b"curate", b"cUrate"))
    assert [e.name for e in opened(server, cache=near).version("desk")] == expected
    for far in (k for k in server.bucket.names() if k.endswith(".parquet")):
        server.bucket.damage(far, b"\0" + server.bucket.data(far)[1:])
    assert any(f.code == "hash" for f in opened(server, cache=near).verify().damage)
    shutil.rmtree(near)
    with pytest.raises(Damaged):
        list(opened(server, cache=near).version("desk"))


def test_a_registry_put_back_from_an_older_copy_is_read_as_it_lies_there(server, tmp_path, write):
    near, source = {"cache": tmp_path / "near"}, write("a.jsonl", [ticket(n) for n in range(9)])
    begun(server, **near).curate("desk", [source])
    copy = {key: server.bucket.data(key) for key in server.bucket.names()}
    for name in ("one", "two", "three"):
        opened(server, **near).refs.tag("desk@v1", name)

    def put_back():
        for key in set(server.bucket.names()) - copy.keys():
            far = opened(server).store.storage
            far.delete(key.removeprefix("team/help/"))

    put_back()
    assert [op.action for op in opened(server, **near).log()] == ["commit"]
    for name in ("four", "five", "six"):
        opened(server, cache=tmp_path / "other").refs.tag("desk@v1", name)
    names = [op.body.get("name") for op in opened(server, **near).log()][1:]
    assert names == ["four", "five", "six"]
    assert [op.body.get("name") for op in opened(server, **near).log()][1:] == names


def test_what_is_forgotten_leaves_every_machine(server, tmp_path, write):
    one, two = {"cache": tmp_path / "one"}, {"cache": tmp_path / "two"}
    secret = "zqxplatypus"
    rows = [ticket(n) for n in range(20)]
    rows[7]["output"] += f" {secret}."
    begun(server, **one).curate("desk", [write("a.jsonl", rows)], recipe="import")
    reader = opened(server, **two)
    (hit,) = reader.search(secret, "desk")
    assert list(reader.version("desk")) and reader.stats("desk")

    def lies_in(folder):
        return [p for p in folder.rglob("*") if p.is_file() and hit.id[:16] in p.read_bytes().hex()] + [
            p for p in folder.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()
        ]

    before = {p.name for p in (tmp_path / "two").glob("*/near/objects/*/*")}
    opened(server, **one).keeping.forget([hit.id], "asked to")
    assert not reader.search(secret, "desk")  # a process that was open before follows
    assert not opened(server, **two).search(secret, "desk")
    after = {p.name for p in (tmp_path / "two").glob("*/near/objects/*/*")}
    assert before - after
    there = {key.rpartition("/")[2] for key in server.bucket.names()}
    assert after <= there
    assert not [p for p in lies_in(tmp_path / "two") if secret.encode() in p.read_bytes()]


def test_gc_goes_by_the_stores_clock(tmp_path, write):
    ahead = datetime.now(UTC) + timedelta(hours=5)
    with S3Server() as server:
        registry = assay.init(ADDRESS, options=server.options, clock=lambda: ahead, cache=tmp_path / "near")
        registry.store.objects.put_json({"in": "progress"})
        (orphan,) = registry.gc(dry_run=True).orphans  # by this machine's clock alone it would go
        assert not registry.gc(dry_run=False).orphans
        assert registry.store.storage.stat(orphan.key) is not None
        late = assay.open(ADDRESS, options=server.options, cache=tmp_path / "near")
        assert late.gc(dry_run=False, grace_seconds=-2).orphans
        assert registry.store.storage.stat(orphan.key) is None


def test_work_that_was_killed_is_a_leftover_of_this_machine(server, tmp_path):
    registry = begun(server, cache=tmp_path)
    assert registry.root.stat().st_mode & 0o777 == 0o700
    (registry.root / "tmp" / "curate-1").mkdir(parents=True)
    (registry.root / "tmp" / "curate-1" / "rows").write_bytes(b"x" * 100)
    assert [s.key for s in registry.gc(dry_run=False, grace_seconds=-60).leftovers] == ["tmp/curate-1/rows"]
    assert not (registry.root / "tmp" / "curate-1").exists()


def test_the_folder_stays_within_its_bound(server, tmp_path):
    from assay.store.nearby import NearbyStorage
    from assay.store.object_store_address import connect

    storage = NearbyStorage(connect(ADDRESS, server.options), tmp_path, limit=100_000)
    from assay.store.objects import Objects

    objects = Objects(storage)
    names = [objects.put_bytes(bytes([n]) * 20_000, "bin") for n in range(12)]
    big = objects.put_bytes(b"b" * 60_000, "bin")
    kept = list((tmp_path / "near" / "objects").glob("*/*"))
    assert 0 < sum(path.stat().st_size for path in kept) <= 100_000
    assert all(Objects(storage).get(name) == bytes([n]) * 20_000 for n, name in enumerate(names))
    assert Objects(storage).get(big) == b"b" * 60_000


@pytest.mark.parametrize("id_", ["../../evil", "", "a/b", "..", "/etc"])
def test_an_id_that_would_leave_the_folder_is_refused(server, tmp_path, id_):
    layout.create(connect(ADDRESS, server.options), id_, "2026-11-21T00:00:00Z")
    with pytest.raises(Damaged, match="no id of a registry"):
        opened(server, cache=tmp_path / "near")
    assert not list(tmp_path.glob("**/tmp")) and not (tmp_path.parent / "evil").exists()


def test_there_is_none_or_one_already(server, tmp_path):
    with pytest.raises(NotFound, match=f"no registry at {ADDRESS}"):
        opened(server)
    begun(server)
    with pytest.raises(UsageError, match="already"):
        begun(server)
    with S3Server(conditional=False) as careless, pytest.raises(StorageFailure, match="overwrites"):
        begun(careless)
    with pytest.raises(StorageFailure, match="no such bucket"):
        assay.open("s3://other/x", options=server.options)
