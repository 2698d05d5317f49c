"""registry.audit: a real registry on disk, tampered with in every way that is known."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

import assay
from assay.errors import Damaged, NotFound, StorageFailure, UsageError
from assay.govern.proofs.merkle import check_consistency, check_inclusion, leaf_hash
from assay.govern.proofs.note import parse_checkpoint, parse_key
from assay.model.operation import Operation, digest

pytest.importorskip("cryptography")


def rows(n):
    return [
        {"input": f"How do I reset printer {k}?", "output": f"Hold key {k} for {k} seconds. 请稍候。"}
        for k in n
    ]


class Clock:
    """A day passes at every look."""

    def __init__(self):
        self.now = datetime(2026, 11, 1, 12, tzinfo=UTC)

    def __call__(self):
        self.now += timedelta(days=1)
        return self.now


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A registry of six operations by two people, a key, a checkpoint of four kept elsewhere, one of all."""
    root = tmp_path_factory.mktemp("audit")
    clock = Clock()
    mira = assay.init(root / "registry", actor="mira", clock=clock)
    ben = assay.open(root / "registry", actor="ben", clock=clock)
    for number in range(6):
        source = root / "rows.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in rows(range(number, number + 3))), "utf-8")
        (ben if number % 3 == 2 else mira).import_("printers" if number < 4 else "other", [str(source)])
        if number == 3:
            mira.audit.make_key(root / "key", "mira@office")
            mira.audit.checkpoint(root / "key", root / "old")
    shutil.copytree(root / "registry", root / "copy-before")
    mira.audit.checkpoint(root / "key", root / "new")
    return root


@pytest.fixture
def place(made, tmp_path):
    """A copy of it all to spoil."""
    shutil.copytree(made, tmp_path / "all")
    return tmp_path / "all"


def logs(place):
    return [path.read_bytes() for path in sorted((place / "registry" / "log").iterdir())]


def write(place, entries):
    folder = place / "registry" / "log"
    shutil.rmtree(folder)
    folder.mkdir()
    for number, data in enumerate(entries, 1):
        (folder / f"{number:08d}.json").write_bytes(data)


def resealed(entries, at, actor):
    """The history in which `actor` did operation `at`, consistent from end to end."""
    out = list(entries[: at - 1])
    for data in entries[at - 1 :]:
        one = Operation.from_bytes(data)
        who = actor if one.seq == at else one.actor
        prev = digest(out[-1]) if out else None
        out.append(Operation(len(out) + 1, prev, one.time, who, one.action, one.dataset, one.body).as_bytes())
    return out


def flip(entries):
    return [*entries[:2], entries[2].replace(b'"ben"', b'"bem"'), *entries[3:]]


TAMPERINGS = {
    "bit_flip": (flip, 3),
    "deletion": (lambda e: [*e[:1], *e[2:]], 2),
    "insertion": (lambda e: [*e[:4], e[1], *e[4:]], 5),
    "reordering": (lambda e: [*e[:2], e[3], e[2], *e[4:]], 3),
    "rewrite": (lambda e: [*e[:2], resealed(e, 3, "mira")[2], *e[3:]], 3),
    "truncation": (lambda e: e[:5], 6),
    "fork": (lambda e: resealed(e, 3, "mira"), 1),
}


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_every_tampering_is_detected_and_named(place, kind):
    tamper, seq = TAMPERINGS[kind]
    write(place, tamper(logs(place)))
    report = assay.open(place / "registry").audit.verify([place / "old", place / "new"], [place / "key.pub"])
    assert (report.ordered()[0].kind, report.ordered()[0].seq) == (kind, seq)
    verifier = place / "verify.py"
    verifier.write_text(assay.open(place / "registry").audit.verifier(), "utf-8")
    words = [place / "registry", "--checkpoint", place / "new", "--key", place / "key.pub", "--json"]
    done = subprocess.run([sys.executable, "-I", verifier, *words], capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["findings"][0]["kind"] == kind


def test_a_missing_file_is_a_deletion(place):
    (place / "registry" / "log" / "00000002.json").unlink()
    (found,) = assay.open(place / "registry").audit.verify().findings
    assert (found.kind, found.seq) == ("deletion", 2)


def test_a_restored_old_copy_is_told_by_a_checkpoint_kept_elsewhere(place):
    old = place / "old-copy"
    shutil.copytree(place / "copy-before", old)
    (old / "log" / "00000006.json").unlink()
    named = assay.open(old)
    # Its objects go as well: what is left is just what a copy of that day holds.
    for stat_ in named.gc(dry_run=False, grace_seconds=-1e12).orphans:
        assert not (old / stat_.key).exists()
    assert named.verify().ok and named.audit.verify([place / "old"]).ok
    (found,) = named.audit.verify([place / "new"]).findings
    assert (found.kind, found.seq) == ("restored_copy", 6)


def test_entries_cut_off_leave_traces(place):
    cut = place / "copy-before"
    (cut / "log" / "00000006.json").unlink()
    assert assay.open(cut).audit.verify().ok
    (found,) = assay.open(cut).audit.verify([place / "new"]).findings
    assert (found.kind, found.seq) == ("truncation", 6)
    assert "that no entry names" in found.message


def test_the_last_entry_rewritten_is_told_by_checkpoints(place):
    write(place, resealed(logs(place), 6, "eve"))
    assert assay.open(place / "registry").verify().ok  # it is in order with itself
    (found,) = assay.open(place / "registry").audit.verify().findings
    assert (found.kind, found.seq) == ("fork", 5)


def test_a_checkpoint_forged_to_fit_has_no_signature(place):
    write(place, resealed(logs(place), 3, "mira"))
    shutil.rmtree(place / "registry" / "checkpoints")
    registry = assay.open(place / "registry")
    assert registry.audit.verify().ok
    registry.audit.checkpoint(to=place / "forged")
    assert [f.kind for f in registry.audit.verify([place / "forged"], [place / "key.pub"]).findings] == [
        "signature"
    ]
    text = (place / "forged").read_text("utf-8") + (place / "new").read_text("utf-8").splitlines()[-1] + "\n"
    (place / "forged").write_text(text, "utf-8")
    found = registry.audit.verify([place / "forged"], [place / "key.pub"]).findings
    assert [(f.kind, "wrong" in f.message) for f in found] == [("signature", True)]


def test_nothing_is_stated_over_damage(place):
    write(place, flip(logs(place)))
    with pytest.raises(Damaged, match=r"log/00000003\.json"):
        assay.open(place / "registry").audit.checkpoint(place / "key", place / "more")
    assert not (place / "more").exists()


def test_proofs_hold_against_the_checkpoints(made):
    audit = assay.open(made / "registry").audit
    old, new = (parse_checkpoint((made / name).read_bytes()) for name in ("old", "new"))
    for seq, data in enumerate(logs(made), 1):
        for one in (old, new):
            if seq > one.size:
                continue
            proof = audit.inclusion(seq, one.size)
            assert (proof["origin"], proof["root"]) == (one.origin, one.root.hex())
            path = [bytes.fromhex(part) for part in proof["path"]]
            assert check_inclusion(seq - 1, one.size, leaf_hash(data), path, one.root)
    proof = audit.consistency(old.size)
    path = [bytes.fromhex(part) for part in proof["path"]]
    assert check_consistency(old.size, new.size, old.root, new.root, path)
    for bad in (lambda: audit.inclusion(0), lambda: audit.inclusion(7), lambda: audit.inclusion(5, 4),
                lambda: audit.consistency(7), lambda: audit.consistency(3, 2)):  # fmt: skip
        with pytest.raises(NotFound):
            bad()


def test_the_log_is_asked_by_who_what_when_and_which_example(made):
    audit = assay.open(made / "registry").audit

    def seqs(**asked):
        return [one.seq for one in audit.log(**asked)]

    assert seqs() == [1, 2, 3, 4, 5, 6]
    assert seqs(actor="ben") == [3, 6]
    assert seqs(dataset="other", actor="ben") == [6]
    assert seqs(action="freeze") == []
    times = [one.time for one in audit.log()]
    assert seqs(since=times[2], until=times[3]) == [3, 4]
    assert seqs(since=times[4][:10]) == [5, 6]
    assert seqs(until=times[1][:10]) == [1, 2]
    with pytest.raises(UsageError, match="no moment"):
        seqs(since="last week")
    # Row 2 came with version 1 and left with version 4.
    hits = assay.open(made / "registry").search("reset printer", "printers@v1")
    gone = next(hit.id for hit in hits if "printer 2?" in hit.input)
    assert seqs(id=gone) == [1, 4]
    assert seqs(id=gone[:16]) == [1, 4]
    assert seqs(id=gone, actor="ben") == []
    assert seqs(id="0" * 64) == []
    with pytest.raises(NotFound):
        seqs(id="00000000")
    with pytest.raises(UsageError):
        seqs(id="z" * 64)


def test_operations_that_name_an_example_are_found(tmp_path):
    import pyarrow as pa

    from assay.store.parquet import put_table

    registry = assay.init(tmp_path / "r", actor="mira")
    one, two = bytes(range(32)), bytes(range(1, 33))
    held = put_table(registry.store.objects, pa.table({"id": pa.array([one], pa.binary(32))}))
    other = put_table(registry.store.objects, pa.table({"name": ["x"]}))
    bodies = {"ids": [two.hex()]}, {"ids": [one.hex(), two.hex()]}, {"id_set": held}, {"facts": other}, {}

    def disable(seq, prev):
        return Operation(seq, prev, "2026-11-01T00:00:00Z", "mira", "disable", None, bodies[seq - 1])

    for _ in bodies:
        registry.store.log.append(disable)
    assert [op.seq for op in registry.audit.log(id=one.hex())] == [2, 3]
    assert [op.seq for op in registry.audit.log(id=two.hex())] == [1, 2]
    (tmp_path / "r" / "objects" / held[:2] / held).unlink()
    assert [op.seq for op in assay.open(tmp_path / "r").audit.log(id=one.hex())] == [2]


def test_a_key_is_its_owners_and_lies_elsewhere(made, tmp_path):
    audit = assay.open(made / "registry").audit
    key = audit.make_key(tmp_path / "k")
    assert key.name == audit.origin
    assert parse_key((tmp_path / "k.pub").read_text()) == key
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "k").stat().st_mode) == 0o600
    with pytest.raises(UsageError, match="exists"):
        audit.make_key(tmp_path / "k")
    (tmp_path / "link").symlink_to(made / "registry", target_is_directory=True)
    for inside in (made / "registry" / "k", made / "registry" / "log" / ".." / "k", tmp_path / "link" / "k"):
        with pytest.raises(UsageError, match="lies in the registry"):
            audit.make_key(inside)
        with pytest.raises(UsageError, match="lies in the registry"):
            audit.checkpoint(inside)
    for name in ("a b", "a+b", "a\nb"):
        with pytest.raises(UsageError, match="cannot name a key"):
            audit.make_key(tmp_path / "n", name)
    audit.make_key(tmp_path / "dry", dry_run=True)
    assert not (tmp_path / "dry").exists()
    with pytest.raises(StorageFailure):
        audit.make_key(tmp_path / "none" / "k")


def test_keys_and_checkpoints_that_cannot_be_read(made, tmp_path):
    audit = assay.open(made / "registry").audit
    (tmp_path / "bad").write_text("nonsense")
    for asked in (lambda: audit.verify(keys=[tmp_path / "bad"]), lambda: audit.checkpoint(tmp_path / "bad")):
        with pytest.raises(UsageError):
            asked()
    for asked in (lambda: audit.verify([tmp_path / "none"]), lambda: audit.checkpoint(tmp_path / "none")):
        with pytest.raises(NotFound):
            asked()
    with pytest.raises(StorageFailure):
        audit.verify([tmp_path])
    assert audit.verify([made / "new"], [made / "key"]).ok  # the private half names its public one


def test_a_checkpoint_changes_nothing_but_its_own_file(place):
    registry = assay.open(place / "registry")
    before = {path: path.read_bytes() for path in (place / "registry").rglob("*") if path.is_file()}
    dry = registry.audit.checkpoint(place / "key", place / "more", dry_run=True)
    assert dry.files == () and not (place / "more").exists()
    made = registry.audit.checkpoint(place / "key", place / "more")
    assert made.checkpoint == dry.checkpoint
    assert (place / "more").read_bytes() == (place / "new").read_bytes()  # the same statement, the same bytes
    unsigned = registry.audit.checkpoint()
    assert unsigned.checkpoint.note.signatures == ()
    after = {path: path.read_bytes() for path in (place / "registry").rglob("*") if path.is_file()}
    added = {path.relative_to(place / "registry").as_posix() for path in after.keys() - before.keys()}
    assert added == {*unsigned.files}
    assert registry.verify().ok and registry.gc(dry_run=False, grace_seconds=0).orphans == ()
    assert registry.audit.verify().ok
    with pytest.raises(UsageError, match="exists"):
        registry.audit.checkpoint(to=place / "more")


def test_an_empty_log_can_be_stated(tmp_path):
    registry = assay.init(tmp_path / "r")
    made = registry.audit.checkpoint(to=tmp_path / "zero")
    assert made.checkpoint.size == 0
    assert registry.audit.verify([tmp_path / "zero"]).ok


def test_what_a_pack_is_given_checks_itself(made, tmp_path):
    import hashlib

    registry = assay.open(made / "registry")
    for seqs in (None, [2, 5]):
        folder = tmp_path / f"pack-{seqs is None}"
        files = {
            **registry.audit.evidence(seqs, made / "key"),
            "verify.py": registry.audit.verifier().encode(),
        }
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
        files["manifest"] = registry.audit.seal(digests, made / "key")
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        words = ["--key", made / "key.pub", "--checkpoint", made / "old", "--json"]
        done = subprocess.run(
            [sys.executable, "-I", folder / "verify.py", *words], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["entries"] == (6 if seqs is None else 2)
    with pytest.raises(NotFound):
        registry.audit.evidence([7])


def test_the_registry_as_of_a_day_can_be_asked_and_not_stated(made):
    registry = assay.open(made / "registry")
    then = registry.at(registry.log()[3].time[:10])
    assert [one.seq for one in then.audit.log()] == [1, 2, 3, 4]
    assert then.audit.inclusion(2)["size"] == 4
    with pytest.raises(UsageError, match="what the log is now"):
        then.audit.checkpoint()
