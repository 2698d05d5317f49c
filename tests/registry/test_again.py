"""A reading that is remembered changes nothing but the time that a curation takes."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import assay
from assay.curate.plan import parse_recipe
from assay.errors import BadInput
from assay.registry.curating import sources
from assay.registry.curating.rereading import Rereading
from assay.registry.curating.sources import Sources

from .conftest import ticket

FILES = 3


@pytest.fixture(autouse=True)
def trusted(monkeypatch):
    """Sources that were written just now are trusted at once: the file systems of tests have fine clocks."""
    monkeypatch.setattr(sources, "GRAIN", 0)


def recipe(threshold=0.8, most=100, action="reject"):
    return parse_recipe(
        {
            "stages": [
                {"format": {}},
                {"exact_dedup": {}},
                {"near_dedup": {"threshold": threshold}},
                {"length": {"min_input": 1, "max_output": most}},
                {"pii": {"action": action}},
            ],
            "split": {"test": 0.3, "seed": 3},
        }
    )


def rows(seed, n=40):
    """Tickets in two languages, with exact and near copies of each other, and personal data."""
    chance = random.Random(seed)
    out = [ticket(chance.randrange(60)) for _ in range(n)]
    out += [
        {
            "input": f"打印机{k % 7}脱机了，重启也没有用，请问怎么办？",
            "output": "请先删除打印机，再重新安装驱动。" * 3 + "！" * k,
        }
        for k in range(n // 4)
    ]
    for row in list(out):
        change = chance.randrange(7)
        words = row["output"].split()
        if change < 3 and words:
            for _ in range(change + 1):
                words[chance.randrange(len(words))] = chance.choice(["kindly", "gladly", "now"])
            out.append({**row, "output": " ".join(words)})
        elif change == 3:
            out.append({**row, "output": row["output"].upper()})
        elif change == 4:
            out.append({**row, "input": row["input"] + f" Write to user{chance.randrange(9)}@example.org."})
        elif change == 5:
            out.append({**row, "id": f"case-{chance.randrange(9)}", "topic": "x"})
    chance.shuffle(out)
    return out


def lines(path, records):
    spelled = [json.dumps(row, ensure_ascii=False) for row in records]
    spelled[len(spelled) // 2 :] = ["", "{not json", "  ", *spelled[len(spelled) // 2 :]]
    path.write_text("\r\n".join(spelled), encoding="utf-8")
    return str(path)


def no_reading(monkeypatch):
    def refuse(*_):
        raise AssertionError("the sources were read")

    monkeypatch.setattr(Sources, "chunks", refuse)


step = st.tuples(
    st.booleans(),
    st.sampled_from([(0, 1), (1, 0), (0,), (1, 2), (2,)]),
    st.sampled_from([0.7, 0.8, 0.8, 0.85, 0.95]),
    st.sampled_from([100, 100, 14]),
    st.sampled_from(["reject", "redact"]),
    st.sampled_from([None, 1]),
)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 5), st.lists(step, min_size=2, max_size=4))
def test_any_runs_give_the_same_objects_with_and_without_memory(tmp_path_factory, seed, steps):
    folder = tmp_path_factory.mktemp("again")
    files = [lines(folder / f"{k}.jsonl", rows(seed * FILES + k)) for k in range(FILES)]
    with_memory, without = assay.init(folder / "with"), assay.init(folder / "without")
    for number, (add, chosen, threshold, most, action, memory) in enumerate(steps):
        shutil.rmtree(folder / "without" / "cache", ignore_errors=True)
        made = []
        for registry in (with_memory, without):
            result = registry.curate(
                "a",
                [files[k] for k in chosen],
                recipe=recipe(threshold, most, action),
                add=add and number > 0,
                memory=memory,
                batch_rows=17,
            )
            answer = {
                k: v for k, v in result.as_json().items() if k not in ("elapsed_seconds", "phases", "reused")
            }
            made.append((registry.head_of("a").name, answer))
        # A manifest names every object of its version: equal names are equal bytes, the ledger's among them.
        assert made[0] == made[1]
    with_memory.verify()


def test_another_threshold_reads_nothing(registry, tmp_path, monkeypatch):
    path = lines(tmp_path / "a.jsonl", rows(1))
    registry.curate("a", [path], recipe=recipe(0.8))
    fresh = assay.init(tmp_path / "fresh")
    fresh.curate("a", [path], recipe=recipe(0.8))
    shutil.rmtree(tmp_path / "fresh" / "cache")
    fresh.curate("a", [path], recipe=recipe(0.9))
    no_reading(monkeypatch)
    changed = registry.curate("a", [path], recipe=recipe(0.9))
    assert changed.reused == changed.read - changed.malformed and changed.malformed == 1
    assert registry.head_of("a").name == fresh.head_of("a").name
    assert registry.curate("b", [path], recipe=recipe(0.8), dry_run=True).version is None


@pytest.mark.parametrize("changed", [{"most": 50}, {"action": "flag"}, {"threshold": 0.7}])
def test_what_has_a_say_in_the_reading_is_read_again(registry, tmp_path, monkeypatch, changed):
    path = lines(tmp_path / "a.jsonl", rows(2))
    registry.curate("a", [path], recipe=recipe())
    no_reading(monkeypatch)
    with pytest.raises(AssertionError, match="were read"):
        registry.curate("a", [path], recipe=recipe(**changed))
    with pytest.raises(AssertionError, match="were read"):
        registry.curate("a", [path], recipe=recipe(), provenance={"licence": "CC0-1.0"})


def test_a_change_of_the_same_size_with_the_old_time_is_noticed(registry, tmp_path):
    file = tmp_path / "a.jsonl"
    path = lines(file, [ticket(1000), *rows(3)])
    before = registry.curate("a", [path], recipe=recipe())
    stat = file.stat()
    data = file.read_bytes()
    at = data.index(b"number 1000")
    with file.open("r+b") as out:
        out.seek(at)
        out.write(b"number 1009")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    now = file.stat()
    assert (now.st_size, now.st_mtime_ns, now.st_ino) == (stat.st_size, stat.st_mtime_ns, stat.st_ino)
    after = registry.curate("a", [path], recipe=recipe())
    fresh = assay.init(tmp_path / "fresh").curate("a", [path], recipe=recipe())
    assert after.fingerprint == fresh.fingerprint != before.fingerprint


def test_a_file_put_in_the_place_of_another_is_noticed(registry, tmp_path):
    file = tmp_path / "a.jsonl"
    path = lines(file, [ticket(1000), *rows(3)])
    before = registry.curate("a", [path], recipe=recipe())
    stat = file.stat()
    other = tmp_path / "b.jsonl"
    other.write_bytes(file.read_bytes().replace(b"number 1000", b"number 1009"))
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(file)
    assert registry.curate("a", [path], recipe=recipe()).fingerprint != before.fingerprint


def test_a_source_written_a_moment_ago_is_not_trusted(registry, tmp_path, monkeypatch):
    path = lines(tmp_path / "a.jsonl", rows(4))
    monkeypatch.setattr(sources, "GRAIN", 3600 * 10**9)
    registry.curate("a", [path], recipe=recipe())
    no_reading(monkeypatch)
    with pytest.raises(AssertionError, match="were read"):
        registry.curate("a", [path], recipe=recipe())


def test_a_source_that_changes_while_its_rows_are_fetched_ends_the_run(registry, tmp_path, monkeypatch):
    file = tmp_path / "a.jsonl"
    path = lines(file, rows(5))
    registry.curate("a", [path], recipe=recipe(0.8))
    take = Rereading.take

    def meddle(self, *arguments):
        with file.open("a") as out:
            out.write("\n")
        return take(self, *arguments)

    monkeypatch.setattr(Rereading, "take", meddle)
    with pytest.raises(BadInput, match="changed while it was read"):
        registry.curate("a", [path], recipe=recipe(0.95))
    assert registry.head_of("a").number == 1


def test_damaged_or_missing_files_are_done_without(registry, tmp_path):
    path = lines(tmp_path / "a.jsonl", rows(6))
    registry.curate("a", [path], recipe=recipe(0.8))
    expected = registry.curate("b", [path], recipe=recipe(0.9)).fingerprint
    files = sorted((registry.root / "cache").rglob("*.values"))
    chance = random.Random(1)
    for k, file in enumerate(files):
        data = file.read_bytes()
        spoiled = bytearray(data)
        spoiled[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        file.write_bytes(spoiled)
        assert registry.curate(f"c{k}", [path], recipe=recipe(0.9)).fingerprint == expected
        file.unlink(missing_ok=True)
        assert registry.curate(f"d{k}", [path], recipe=recipe(0.9)).fingerprint == expected


def test_keys_that_are_damaged_are_made_again(registry, tmp_path):
    path = lines(tmp_path / "a.jsonl", rows(8))
    registry.curate("a", [path], recipe=recipe(0.8))
    fresh = assay.init(tmp_path / "fresh")
    expected = [fresh.curate("a", [path], recipe=recipe(t)).fingerprint for t in (0.8, 0.9)][1]
    for file in sorted((registry.root / "cache").rglob("*.values")):
        if "digests" not in (registry.values.get(file.stem) or {}):
            data = bytearray(file.read_bytes())
            data[len(data) // 3] ^= 4
            file.write_bytes(data)
    changed = registry.curate("a", [path], recipe=recipe(0.9))
    assert changed.fingerprint == expected and changed.reused == 0


def test_a_score_that_changed_counts(registry, tmp_path):
    scored = parse_recipe({"stages": [{"near_dedup": {"score": "quality"}}]})
    row = ticket(1)
    for best in (0, 1, 2):
        copies = [{**row, "output": row["output"] + "!" * k, "quality": int(k == best)} for k in range(3)]
        path = tmp_path / "a.jsonl"
        path.write_text("".join(json.dumps(copy) + "\n" for copy in copies), encoding="utf-8")
        registry.curate(f"a{best}", [str(path)], recipe=scored)
        fates = [registry.why(f"a{best}", str(path), k + 1).outcome for k in range(3)]
        assert fates == ["kept" if k == best else "rejected" for k in range(3)]


def test_what_cannot_be_fetched_again_is_read_again(registry, tmp_path):
    plain = lines(tmp_path / "a.jsonl", rows(7))
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes()))
    for threshold in (0.8, 0.9):
        expected = registry.curate("a", [plain], recipe=recipe(threshold))
        found = registry.curate("b", [str(packed)], recipe=recipe(threshold))
        assert found.fingerprint == expected.fingerprint
