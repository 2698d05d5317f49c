"""What was measured is remembered; what it is remembered for, and what it never changes."""

from __future__ import annotations

import random

import pytest

import assay
from assay.curate.plan import parse_recipe
from assay.kernels import native

from .conftest import ticket

RECIPE = """
stages:
  - format: {}
  - exact_dedup: {}
  - near_dedup: {threshold: 0.8}
  - length: {min_input: 1, max_output: %d}
  - pii: {}
split: {test: 0.2, seed: 3}
"""


def rows(n=600):
    chance = random.Random(4)
    out = [ticket(k) for k in range(n)]
    for k in range(0, n, 7):
        words = out[k]["output"].split()
        words[chance.randrange(len(words))] = "kindly"
        out.append({**out[k], "output": " ".join(words)})
    return out


@pytest.fixture
def recipe(tmp_path):
    def make(most):
        path = tmp_path / f"recipe-{most}.yaml"
        path.write_text(RECIPE % most, encoding="utf-8")
        return str(path)

    return make


def test_a_second_run_measures_nothing_again(registry, write, recipe):
    path = write("a.jsonl", rows())
    first = registry.curate("helpdesk", [path], recipe=recipe(100), batch_rows=50)
    again = registry.curate("helpdesk", [path], recipe=recipe(100), batch_rows=50)
    assert first.reused == 0 and again.reused == again.read
    assert again.fingerprint == first.fingerprint


def test_a_changed_threshold_measures_nothing_again(registry, write, recipe, tmp_path):
    path = write("a.jsonl", rows())
    registry.curate("helpdesk", [path], recipe=recipe(100), batch_rows=50)
    changed = registry.curate("helpdesk", [path], recipe=recipe(11), batch_rows=50)
    fresh = assay.init(tmp_path / "fresh").curate("helpdesk", [path], recipe=recipe(11))
    assert changed.reused == changed.read
    assert changed.fingerprint == fresh.fingerprint
    assert changed.kept < changed.read


def test_what_is_added_to_is_not_measured_again(registry, write, recipe, tmp_path):
    old, new = write("a.jsonl", rows()), write("b.jsonl", [ticket(k) for k in range(590, 640)])
    registry.curate("helpdesk", [old], recipe=recipe(100))
    base = registry.curate("helpdesk", [new], recipe=recipe(100), add=True)
    again = registry.curate("helpdesk", [new], recipe=recipe(100), add=True)
    assert base.kept == 40 and again.kept == 0
    assert again.fingerprint == base.fingerprint
    assert again.reused >= 600


@pytest.mark.parametrize("split", ["{test: 0.2, seed: 3}", "{test: 0.2, seed: 3, by: time}", "{}"])
def test_adding_gives_the_same_version_whatever_is_remembered(write, tmp_path, split):
    import shutil

    chance = random.Random(8)
    old = [
        {**row, "id": f"case-{k % 90}", "created": f"2026-01-{k % 28 + 1:02}"} for k, row in enumerate(rows())
    ]
    new = [{**ticket(k), "id": f"case-{k % 90}"} for k in range(580, 700)]
    for k in range(0, 120, 3):
        words = new[k]["output"].split()
        words[chance.randrange(len(words))] = "gladly"
        new.append({**new[k], "output": " ".join(words)})
    path, more = write("a.jsonl", old), write("b.jsonl", new)
    recipe = tmp_path / "r.yaml"
    recipe.write_text((RECIPE % 100).replace("{test: 0.2, seed: 3}", split), encoding="utf-8")
    found = []
    for name in ("kept", "deleted"):
        registry = assay.init(tmp_path / name)
        registry.curate("a", [path], recipe=str(recipe))
        if name == "deleted":
            shutil.rmtree(tmp_path / name / "cache")
        result = registry.curate("a", [more], recipe=str(recipe), add=True)
        whys = [registry.why("a", more, k + 1).as_json() for k in range(len(new))]
        found.append((result.fingerprint, result.kept, result.splits, whys))
    assert found[0] == found[1]
    assert 0 < found[0][1] < len(new)


class Stopped(Exception):
    pass


def test_a_run_that_was_stopped_half_way_goes_on(registry, write, recipe, tmp_path):
    path = write("a.jsonl", rows())
    seen = []

    def stop(progress):
        seen.append(progress)
        if len(seen) == 6:
            raise Stopped

    with pytest.raises(Stopped):
        registry.curate("helpdesk", [path], recipe=recipe(100), batch_rows=50, progress=stop)
    assert not registry.store.versions().get("helpdesk")
    resumed = registry.curate("helpdesk", [path], recipe=recipe(100), batch_rows=50)
    fresh = assay.init(tmp_path / "fresh").curate("helpdesk", [path], recipe=recipe(100))
    assert resumed.reused >= 300
    assert resumed.fingerprint == fresh.fingerprint


def test_damaged_values_are_measured_again(registry, write, recipe):
    path = write("a.jsonl", rows())
    first = registry.curate("helpdesk", [path], recipe=recipe(100))
    chance = random.Random(2)
    files = sorted((registry.root / "cache").rglob("*.values"))
    assert files
    for file in files:
        data = bytearray(file.read_bytes())
        for _ in range(20):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        file.write_bytes(data[: chance.randrange(len(data))] if chance.random() < 0.3 else data)
    again = registry.curate("helpdesk", [path], recipe=recipe(100))
    assert again.fingerprint == first.fingerprint and again.reused == 0


def test_old_values_make_room(registry, write, recipe):
    registry.curate("helpdesk", [write("a.jsonl", rows())], recipe=recipe(100))
    values = registry.values
    held = sum(f.stat().st_size for f in (registry.root / "cache").rglob("*.values"))
    assert values.trim(held) == 0
    assert values.trim(held - 1) >= 1
    assert values.trim(0) >= 0 and not list((registry.root / "cache").rglob("*.values"))


def test_little_memory_gives_the_same_version(registry, write, recipe):
    path = write("a.jsonl", rows())
    expected = registry.curate("a", [path], recipe=recipe(100)).fingerprint
    assert registry.curate("b", [path], recipe=recipe(100), memory=1).fingerprint == expected


def test_workers_batches_and_the_reference_give_the_same_version(write, recipe, tmp_path):
    path = write("a.jsonl", rows())

    def run(name, **options):
        return assay.init(tmp_path / name).curate("a", [path], recipe=recipe(100), **options).fingerprint

    expected = run("one")
    assert run("two", workers=2, batch_rows=1_000) == expected
    assert run("large", batch_rows=50_000) == expected
    with native.reference_only():
        assert run("reference", batch_rows=77) == expected


def test_a_recipe_that_scores_keeps_the_best(registry, write):
    base = ticket(1)
    copies = [{**base, "output": base["output"] + "!" * k, "quality": k} for k in (2, 3, 1)]
    scored = parse_recipe({"stages": [{"near_dedup": {"score": "quality"}}]})
    assert registry.curate("a", [write("a.jsonl", copies)], recipe=scored).kept == 1
    path = str(registry.root.parent / "a.jsonl")
    assert [registry.why("a", path, k).outcome for k in (1, 2, 3)] == ["rejected", "kept", "rejected"]


def test_rows_like_those_of_another_dataset_go(registry, write):
    held = write("eval.jsonl", [ticket(k) for k in range(20)])
    registry.curate("other", [held])
    edited = [{**ticket(k), "output": ticket(k)["output"] + " Thanks."} for k in range(10, 40)]
    path = write("new.jsonl", edited)
    against = parse_recipe({"stages": [{"exact_dedup": {}}, {"near_dedup": {"against": ["other@v1"]}}]})
    result = registry.curate("mine", [path], recipe=against)
    assert result.rejected == 10 and result.kept == 20
    why = registry.why("mine", path, 1)
    assert (why.stage, why.code) == ("near_dedup", "near_duplicate")
    assert why.twin.source == "other@v1" and why.twin.record is None and why.twin.similarity >= 0.8


def test_a_hundred_chinese_tickets_that_are_almost_one_become_one(registry, write):
    base = (
        "打印机在升级到最新驱动之后一直显示脱机，重启电脑、重启打印机都没有用，请问应该怎么办才能恢复打印？"
    )
    answer = (
        "请先在设置里删除打印机，再到官网下载与系统版本相符的驱动并重新安装，安装时请保持数据线连接并打开打印机电源，"
        "完成之后打印一张测试页确认是否恢复正常，如果仍然脱机，请把错误代码和电脑型号发给我们，我们会安排工程师上门处理。"
    )
    ends = ["", "！", "？？", "谢谢", "谢谢！", "急", "急急", "在线等", "。", "哦"]
    marks = [("，", "、"), ("。", "！"), ("？", "?"), ("最新", "新"), ("一直", "总是")]
    records = [
        {"input": base.replace(*marks[k % 5], 1) + ends[k // 10], "output": answer + ends[k % 10]}
        for k in range(100)
    ]
    assert len({(r["input"], r["output"]) for r in records}) == 100
    assert registry.curate("zh", [write("zh.jsonl", records)]).kept == 1
