"""Verify finds every flipped bit and every missing file, and names it."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from assay.errors import Damaged, NotFound, UsageError
from assay.model.canonical import canonical_json
from assay.model.operation import Operation
from assay.model.version import Manifest, Part
from assay.store import heads, layout
from assay.store.local import LocalStorage
from assay.store.log import Log
from assay.store.memory import MemoryStorage
from assay.store.objects import Objects, object_key
from assay.store.verify import Report, verify
from tests.store.drafts import TIME, Registry


@pytest.fixture(scope="module")
def sound() -> dict[str, bytes]:
    """The files of a small registry with three versions and a curation object."""
    registry = Registry(MemoryStorage())
    texts = [f"text {n} 文字" for n in range(60)]
    curation = registry.objects.put_json({"ledger": registry.objects.put_bytes(b"bytes", "bin")})
    one = registry.commit("a", None, {"train": texts[:40], "test": texts[40:]}, curation=curation)
    registry.commit("a", one, {"train": texts[5:38], "test": texts[38:]})
    registry.commit("b", None, {"train": texts[:3]})
    storage = registry.storage
    assert isinstance(storage, MemoryStorage)
    assert verify(storage).findings == []
    return dict(storage.files)


def check(files: dict[str, bytes], fast: bool = False) -> Report:
    storage = MemoryStorage()
    storage.files = dict(files)
    return verify(storage, fast=fast)


def flipped(data: bytes, bit: int) -> bytes:
    out = bytearray(data)
    out[bit // 8] ^= 1 << bit % 8
    return bytes(out)


def sweep(files: dict[str, bytes], flips: list[tuple[str, int]]) -> None:
    for key, bit in flips:
        report = check(files | {key: flipped(files[key], bit)}, fast=True)
        assert any(f.file == key for f in report.damage), f"bit {bit} of {key} went unseen"


def test_any_flipped_bit_is_found_and_named(sound: dict[str, bytes]) -> None:
    """One bit of every byte of the small files, a sample of the segments'."""
    rng = random.Random(7)
    flips = []
    for key, data in sound.items():
        at = range(len(data)) if len(data) < 1500 else sorted(rng.sample(range(len(data)), 120))
        flips += [(key, byte * 8 + rng.randrange(8)) for byte in at]
    sweep(sound, flips)


@pytest.mark.soak
def test_a_thousand_flipped_bits_are_found(sound: dict[str, bytes]) -> None:
    rng = random.Random(11)
    keys = sorted(sound)
    weights = [len(sound[k]) for k in keys]
    chosen = rng.choices(keys, weights, k=1000)
    flips = [(key, rng.randrange(len(sound[key]) * 8)) for key in chosen]
    for key, bit in flips:
        assert any(f.file == key for f in check(sound | {key: flipped(sound[key], bit)}).damage)


def test_every_missing_and_truncated_file_is_found(sound: dict[str, bytes]) -> None:
    newest = max(k for k in sound if k.startswith("log/"))
    for key in sound:
        rest = {k: v for k, v in sound.items() if k != key}
        if key != newest:  # a log without its last entry is a shorter log; its objects become orphans
            assert any(f.file == key for f in check(rest).damage), key
        assert any(f.file == key for f in check(sound | {key: sound[key][:-1]}).damage), key
        assert any(f.file == key for f in check(sound | {key: b""}).damage), key


def test_a_damaged_object_is_never_returned(sound: dict[str, bytes]) -> None:
    for key in (k for k in sound if k.startswith("objects/")):
        storage = MemoryStorage()
        storage.files = sound | {key: flipped(sound[key], 5)}
        with pytest.raises(Damaged, match=key.rpartition("/")[2]):
            Objects(storage).get(key.rpartition("/")[2])
        storage.files = {k: v for k, v in sound.items() if k != key}
        with pytest.raises(Damaged, match="missing"):
            Objects(storage).get(key.rpartition("/")[2])


def test_orphans_are_notes(sound: dict[str, bytes]) -> None:
    name = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.bin"
    report = check(sound | {object_key(name): b"", "objects/ab/what.txt": b"?", "log/notes.txt": b"?"})
    assert report.ok
    assert {f.code for f in report.findings} == {"orphan", "unknown"}


def lie(sound: dict[str, bytes], change: dict[str, object] | None = None, **stated: object) -> Report:
    """A registry whose newest version of `a` says something untrue, hashed and chained as it should be."""
    storage = MemoryStorage()
    storage.files = dict(sound)
    log, objects = Log(storage), Objects(storage)
    head = heads.head(log.entries(), "a")
    assert head is not None
    true = objects.manifest(head.manifest)
    value = true.as_json() | {"number": 3, "parents": [true.name]} | stated
    value["change"] = stated.get("change", empty_change(objects))
    name = objects.put_json(value)
    body = {
        "version": 3,
        "manifest": name,
        "fingerprint": value["fingerprint"],
        "counts": value["counts"],
        "message": "",
    } | (change or {})
    log.append(lambda seq, prev: Operation(seq, prev, TIME, "liar", "commit", "a", body))
    return verify(storage)


def empty_change(objects: Objects) -> str:
    from assay.model.diff import Diff
    from assay.store.change import write_change

    return write_change(objects, Diff())


def manifest_of(sound: dict[str, bytes]) -> Manifest:
    storage = MemoryStorage()
    storage.files = dict(sound)
    head = heads.head(Log(storage).entries(), "a")
    assert head is not None
    return Objects(storage).manifest(head.manifest)


def test_lies_are_found(sound: dict[str, bytes]) -> None:
    assert lie(sound).ok
    true = manifest_of(sound)
    splits = {s: [p.as_json() for p in parts] for s, parts in true.splits.items()}
    part = true.splits["train"][0]
    twice = splits | {"val": [part.as_json()]}
    bounds = part.as_json()
    bounds["segment"] = bounds["segment"] | {"min_id": "00" * 32}
    fewer = [Part.of(part.segment, [*part.excluded, _live(part)]).as_json()]
    cases: list[tuple[str, Report]] = [
        ("fingerprint", lie(sound, fingerprint="sha256:" + "00" * 32)),
        ("manifest", lie(sound, counts={"train": 1})),
        ("duplicate", lie(sound, splits=twice)),
        ("row", lie(sound, splits=splits | {"train": [bounds]})),
        ("change", lie(sound, splits=splits | {"train": fewer})),
        ("manifest", lie(sound, dataset="b")),
        ("manifest", lie(sound, parents=[])),
        ("manifest", lie(sound, {"fingerprint": "sha256:00"})),
        ("missing", lie(sound, curation="ab" * 32 + ".json")),
        ("log", lie(sound, {"version": 7})),
    ]
    for code, report in cases:
        assert code in {f.code for f in report.damage}, (code, report.findings)


def _live(part: Part) -> int:
    return next(r for r in range(part.segment.rows) if r not in part.excluded)


def test_the_log_refuses_gaps_and_changes(sound: dict[str, bytes]) -> None:
    for seq in (1, 2):
        storage = MemoryStorage()
        storage.files = {k: v for k, v in sound.items() if k != f"log/{seq:08d}.json"}
        with pytest.raises(Damaged, match=f"log/{seq:08d}.json is missing"):
            Log(storage).entries()
    storage = MemoryStorage()
    storage.files = dict(sound)
    value = Operation.from_bytes(sound["log/00000001.json"])
    forged = Operation(1, None, value.time, "somebody else", value.action, value.dataset, value.body)
    storage.files["log/00000001.json"] = forged.as_bytes()
    with pytest.raises(Damaged, match=r"log/00000002\.json does not follow"):
        Log(storage).entries()


def test_the_log_reads_on_where_it_stopped(sound: dict[str, bytes]) -> None:
    storage = MemoryStorage()
    storage.files = dict(sound)
    one, other = Log(storage), Log(storage)
    before = one.head()
    other.append(lambda seq, prev: Operation(seq, prev, TIME, "me", "tag", "a", {"tag": "x"}))
    assert one.head()[0] == before[0] + 1
    assert one.entries() == Log(storage).entries()
    assert one.entries()[-1].prev == before[1]


def test_layout(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "r")
    with pytest.raises(NotFound) as caught:
        layout.open(storage)
    assert "assay init" in caught.value.hint
    made = layout.create(storage, "an id", TIME)
    assert layout.open(storage) == made
    with pytest.raises(UsageError):
        layout.create(storage, "another", TIME)
    shutil.rmtree(tmp_path / "r")
    layout.create(storage, "again", TIME)


def test_a_newer_registry_is_refused() -> None:
    import hashlib

    value = {"format": 2, "id": "x", "created": TIME}
    data = canonical_json(value | {"sha256": hashlib.sha256(canonical_json(value)).hexdigest()})
    storage = MemoryStorage()
    storage.put("registry.json", data)
    with pytest.raises(UsageError, match="format 2"):
        layout.open(storage)


def test_verify_of_nothing_does_not_raise() -> None:
    report = verify(MemoryStorage())
    assert [f.code for f in report.damage] == ["registry"]


def test_progress_is_told_in_bytes(sound: dict[str, bytes]) -> None:
    storage = MemoryStorage()
    storage.files = dict(sound)
    told: list[tuple[int, int]] = []
    verify(storage, progress=lambda done, total: told.append((done, total)))
    total = sum(len(v) for k, v in sound.items() if k != "registry.json")
    assert told[-1] == (total, total)
    assert [d for d, _ in told] == sorted(d for d, _ in told)
