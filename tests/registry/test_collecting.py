"""A collector: what an agent writes becomes a version with its provenance, and nothing of it is lost."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from assay.errors import NotFound, StorageFailure, UsageError
from assay.model.recipe import Recipe
from assay.registry import Registry
from assay.store import layout
from assay.store.memory import MemoryStorage

TURNS = [{"role": "system", "content": "你是客服"}, {"role": "user", "content": "怎么退款？"}]


def examples(registry, ref):
    return {example.output: example for example in registry.version(ref)}


def spooled(registry):
    return sorted(registry.scratch_root().glob("collected-*"))


def test_records_land_as_a_version_with_everything_that_is_known(registry, tmp_path):
    with registry.collect("reviews", generator="lab/m", params={"temperature": 0.5}, message="first") as c:
        c.add("Is it good?", "It is.", request_id="req-1", tokens={"input": 4, "output": 3}, price=0.002,
              created=datetime(2026, 11, 1, tzinfo=UTC), key="k1", fields={"topic": "快递"})  # fmt: skip
        c.add(TURNS, "请在订单页申请。", generator="lab/other", params={"top_p": 1}, prompt_template="faq@2")
        c.add([*TURNS, {"role": "assistant", "content": "人工回复。"}], origin="human")
    assert (c.result.version, c.result.read, c.result.kept, c.added) == ("reviews@v1", 3, 3, 3)
    assert spooled(registry) == [] and c.path is None
    found = examples(registry, "reviews")
    one = found["It is."].provenance
    assert one["generator"] == "lab/m" and one["generation_params"] == '{"temperature":0.5}'
    assert (one["origin"], one["depth"], one["key"], one["created"]) == (
        "synthetic", 1, "k1", "2026-11-01T00:00:00.000Z",
    )  # fmt: skip
    two = found["请在订单页申请。"].provenance
    assert (two["generator"], two["generation_params"], two["prompt_template"]) == (
        "lab/other", '{"top_p":1}', "faq@2",
    )  # fmt: skip
    assert two["created"].startswith("20")
    assert (found["人工回复。"].provenance["origin"], found["人工回复。"].provenance["depth"]) == ("human", 0)
    registry.export("reviews", str(tmp_path / "out"), format="source")
    lines = (tmp_path / "out" / "train.jsonl").read_text("utf-8").splitlines()
    first = next(record for record in map(json.loads, lines) if record.get("id") == "k1")
    assert (first["request_id"], first["tokens"], first["price"], first["topic"]) == (
        "req-1", {"input": 4, "output": 3}, 0.002, "快递",
    )  # fmt: skip


def test_the_ledger_names_the_collection_and_no_path(registry):
    with registry.collect("reviews", generator="lab/m") as c:
        c.add("q", "a")
    trace = registry.trace(next(iter(registry.version("reviews"))).name)
    source = trace.readings[0]["source"]
    assert source.startswith("collected-") and source.endswith(".jsonl") and "/" not in source
    assert registry.why("reviews", source, 1).outcome == "kept"


def test_what_follows_adds_and_counts_its_depth(registry):
    with registry.collect("reviews", generator="lab/m") as c:
        c.add("q", "a")
    parent = examples(registry, "reviews")["a"].name
    with registry.collect("reviews", generator="lab/m") as c:
        c.add("q2", "b", derived_from=[parent])
        c.add("q3", "c", derived_from=["ab" * 32])
        c.add("q4", "d", depth=7)
    found = examples(registry, "reviews@v2")
    assert {text: example.provenance["depth"] for text, example in found.items()} == {
        "a": 1, "b": 2, "c": 1, "d": 7,
    }  # fmt: skip
    assert json.loads(found["b"].provenance["derived_from"]) == [parent]
    with registry.collect("reviews", generator="lab/m", add=False) as c:
        c.add("q", "e")
    assert set(examples(registry, "reviews@v3")) == {"e"}


def test_an_exception_makes_no_version_and_says_where_the_records_are(registry):
    with pytest.raises(KeyError) as caught, registry.collect("reviews", generator="lab/m") as c:
        c.add("一", "二")
        c.add("三", "四")
        raise KeyError("the agent broke")
    assert registry.datasets() == []
    (kept,) = spooled(registry)
    assert c.path == kept and "2 collected records" in caught.value.__notes__[0]
    assert f"assay import reviews {kept}`" in caught.value.__notes__[0]
    result = registry.import_("reviews", [str(kept)])
    assert (result.kept, result.malformed) == (2, 0)
    assert examples(registry, "reviews")["二"].provenance["generator"] == "lab/m"


def test_a_curation_that_fails_keeps_the_records(registry):
    with registry.collect("reviews", generator="lab/m") as c:
        c.add("q", "a")
    with pytest.raises(NotFound) as caught, registry.collect("reviews", generator="m", branch="other") as c:
        c.add("q2", "b")
    assert "1 collected records" in caught.value.__notes__[0] and len(spooled(registry)) == 1


DIES = """
import os, signal, sys, assay
with assay.open(sys.argv[1]).collect("reviews", generator="lab/m") as c:
    for n in range(50):
        c.add(f"第{n}问", f"answer {n}")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_is_collected_is_kept_when_the_process_dies(registry):
    died = subprocess.run([sys.executable, "-c", DIES, str(registry.root)], capture_output=True)
    assert died.returncode == -signal.SIGKILL
    (kept,) = spooled(registry)
    assert registry.import_("reviews", [str(kept)]).kept == 50


def test_the_trace_tells_of_the_call(registry, write):
    with registry.collect("reviews", generator="lab/m") as c:
        c.add("q", "a", request_id="req-1", tokens={"input": 4, "output": 3}, price=0.002)
        c.add("q", "b", tokens=9)
        c.add("q", "c")
    calls = {
        text: [
            dict(row)
            for part in registry.trace(example.name).chapters
            if part.name == "call"
            for row in part.rows
        ]
        for text, example in examples(registry, "reviews").items()
    }
    assert calls == {
        "a": [{"request_id": "req-1", "tokens_input": 4, "tokens_output": 3, "price": 0.002}],
        "b": [{"tokens": 9}],
        "c": [],
    }
    response = {"response_message": "d", "generic_request": {"model": "lab/m", "messages": TURNS},
                "token_usage": {"input": 5, "junk": [1]}, "response_cost": 0.5}  # fmt: skip
    registry.import_("kept", [write("responses.jsonl", [response])])
    (part,) = registry.trace(examples(registry, "kept")["d"].name).chapters
    assert part.rows == ({"tokens_input": 5, "price": 0.5},)
    # Without a generator a price is what a shop says, and no call.
    registry.import_("shop", [write("shop.jsonl", [{"input": "q", "output": "e", "price": 3}])])
    assert registry.trace(examples(registry, "shop")["e"].name).chapters == ()


def test_a_disk_that_is_full_loses_nothing_and_breaks_no_line(registry, monkeypatch):
    real, room = os.write, [200]

    def write(file, data):
        if not room[0]:
            raise OSError(errno.ENOSPC, "No space left on device")
        size = min(room[0], len(data))
        room[0] -= size
        return real(file, bytes(data)[:size])

    with registry.collect("reviews", generator="lab/m") as c:
        monkeypatch.setattr("assay.registry.generation.collecting.os.write", write)
        with pytest.raises(StorageFailure, match="cannot be written"):
            c.add("q" * 300, "a")
        assert c.path.read_bytes() == b""
        monkeypatch.undo()
        c.add("q", "b")
    assert (c.result.kept, c.result.malformed) == (1, 0)


def test_many_threads_at_once(registry):
    with registry.collect("seeds", generator="lab/m") as c:
        c.add("seed", "seed")
    parent = examples(registry, "seeds")["seed"].name
    with registry.collect("reviews", generator="lab/m") as c, ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: c.add(f"第{n}问", f"answer {n}", derived_from=[parent]), range(400)))
    assert (c.result.read, c.result.kept) == (400, 400)
    assert {example.provenance["depth"] for example in registry.version("reviews")} == {2}


def test_a_recipe_curates_what_was_collected(registry):
    recipe = Recipe.model_validate({"stages": [{"repeated_answer": {"max_count": 2}}]})
    text = "很抱歉，我暂时无法回答这个问题，请稍后再试。"
    with registry.collect("reviews", generator="lab/m", recipe=recipe) as c:
        for n in range(5):
            c.add(f"第{n}个问题", text)
        c.add("q", "another answer")
    assert (c.result.kept, c.result.rejected) == (2, 4)
    entry = registry.why("reviews", c.source, 5)
    assert (entry.stage, entry.code, entry.value, entry.threshold) == (
        "repeated_answer", "repeated_answer", 5.0, 2.0,
    )  # fmt: skip
    assert registry.why("reviews", c.source, entry.twin.record).outcome == "kept"


def test_nothing_collected_is_no_version(registry):
    with registry.collect("reviews", generator="lab/m") as c:
        pass
    assert c.result is None and registry.datasets() == [] and spooled(registry) == []
    with pytest.raises(KeyError), registry.collect("reviews", generator="lab/m"):
        raise KeyError
    assert spooled(registry) == []


@pytest.mark.parametrize(
    ("args", "options", "said"),
    [
        (("q",), {}, "without an output"),
        (([],), {}, "at least one message"),
        (([{"content": "x"}],), {}, "no message"),
        (("q", "a"), {"fields": {"price": 1}}, "fields hold price"),
        (("q", "a"), {"price": -1.0}, "price"),
        (("q", "a"), {"price": float("nan")}, "price"),
        (("q", "\ud800"), {}, "cannot be written down"),
        (("q", "a"), {"fields": {"x": object()}}, "cannot be written down"),
        (("q", "a"), {"origin": "alien"}, "origin is not"),
        (("q", "a"), {"depth": -1}, "depth is not"),
        (("q", "a"), {"derived_from": ["nonsense"]}, "derived_from is not"),
        (("q", "a" * (16 << 20)), {}, "bytes"),
    ],
)
def test_what_cannot_be_a_record_is_refused_and_the_rest_stays(registry, args, options, said):
    with registry.collect("reviews", generator="lab/m") as c:
        c.add("before", "before")
        with pytest.raises(UsageError, match=said) as caught:
            c.add(*args, **options)
        assert caught.value.hint
    assert (c.result.kept, c.result.malformed) == (1, 0)
    with pytest.raises(UsageError, match="closed"):
        c.add("after", "after")
    with pytest.raises(UsageError, match="once"), c:
        pass


def test_a_collection_that_cannot_be_is_refused_before_anything_is_paid(registry):
    for options, error in [
        ({"generator": ""}, UsageError), ({"generator": "m", "origin": "alien"}, UsageError),
        ({"generator": "m", "recipe": "no-such"}, NotFound),
    ]:  # fmt: skip
        with pytest.raises(error):
            registry.collect("reviews", **options)
    with pytest.raises(UsageError):
        registry.at("2026-01-01").collect("reviews", generator="m")


def test_a_registry_that_is_no_folder_collects_too():
    storage = MemoryStorage()
    layout.create(storage, "0" * 32, "2026-11-01T00:00:00.000Z")
    with Registry(storage, None, "mira").collect("reviews", generator="lab/m") as c:
        c.add("q", "a")
        path = c.path
    assert c.result.version == "reviews@v1" and not path.exists()
