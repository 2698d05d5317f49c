"""Profiles, drift and trends of versions: kept per segment, equal to what all rows say, traced to who brought them."""

from __future__ import annotations

import numpy as np
import pytest

from assay.errors import NotFound, UsageError
from assay.kernels.ids import sorted_ids
from assay.measure.drift.columns import columns_for, read
from assay.measure.drift.profile import Profile
from assay.registry.monitor import profiles
from assay.registry.monitor.profiles import Profiles
from tests.registry.conftest import ticket

ZH = "请先重新启动打印机然后检查网络电源线和路由器设置再试一次如果仍然不行就联系我们的客服人员处理"


def chinese(n, **more):
    said = "".join(ZH[(n * 7 + k * (n % 13 + 1)) % len(ZH)] for k in range(30))
    return {"input": f"第{n}号工单怎么办", "output": f"{said}{n}", **more}


def from_all_rows(registry, ref):
    """The profile as one pass over the live rows gives it, with nothing kept."""
    version = registry.version(ref)
    tables = [t for _, t in registry.store.live_tables(version.manifest, columns_for(None))]
    return Profile.of(read(tables))


def same(found, wanted):
    assert found.rows == wanted.rows
    for name, spread in wanted.categories.items():
        assert found.category(name).values.tolist() == spread.values.tolist(), name
        assert found.category(name).counts.tolist() == spread.counts.tolist(), name
    for name, spread in wanted.numbers.items():
        assert found.number(name).counts.tolist() == spread.counts.tolist(), name


@pytest.fixture
def desk(registry, write):
    """v1: 400 tickets. v2 and v3: 20 more each. v4: 60 Chinese ones of another generator. v5: 20 more tickets."""
    base = [ticket(n, category="abc"[n % 3], score=1 + n % 5) for n in range(400)]
    registry.import_("desk", [write("base.jsonl", base)])
    registry.curate(
        "desk", [write("a.jsonl", [ticket(n) for n in range(400, 420)])], recipe="import", add=True
    )
    registry.curate(
        "desk", [write("b.jsonl", [ticket(n) for n in range(420, 440)])], recipe="import", add=True
    )
    odd = [chinese(n, generator="lab/m") for n in range(60)]
    registry.curate("desk", [write("odd.jsonl", odd)], recipe="import", add=True)
    registry.curate(
        "desk", [write("c.jsonl", [ticket(n) for n in range(440, 460)])], recipe="import", add=True
    )
    return registry


def test_a_profile_is_that_of_all_live_rows(desk):
    for ref in ("desk@v1", "desk@v3", "desk"):
        same(desk.quality.profile(ref), from_all_rows(desk, ref))
    ids = [one.name for one in desk.version("desk@v5").head(300)]
    desk.keeping.disable("desk", sorted_ids(bytes.fromhex(id) for id in ids[:30]), "no use")
    same(desk.quality.profile("desk"), from_all_rows(desk, "desk"))
    desk.keeping.disable("desk", sorted_ids(bytes.fromhex(id) for id in ids[30:]), "no use")
    same(desk.quality.profile("desk"), from_all_rows(desk, "desk"))
    assert desk.quality.profile("desk").rows == 220


def test_a_segment_is_measured_once(desk):
    first = Profiles(desk)
    first.profile(first.pieces(desk.version("desk@v4")), "desk")
    assert first.made == 4
    again = Profiles(desk)
    again.profile(again.pieces(desk.version("desk@v5")), "desk")
    assert again.made == 1


def test_what_is_kept_is_not_trusted_when_damaged(desk):
    wanted = desk.quality.profile("desk").as_json()
    for path in profiles.cache(desk).folder.glob("*/*"):
        path.write_bytes(path.read_bytes()[:-40])
    assert desk.quality.profile("desk").as_json() == wanted


def test_forgetting_empties_what_is_kept(desk):
    desk.quality.drift("desk@v1", "desk")
    gone = desk.version("desk").head(1)[0]
    held = profiles.cache(desk)
    assert any(held.folder.glob("*/*"))
    desk.keeping.forget([gone.name], "asked to")
    assert not any(held.folder.glob("*/*"))
    assert desk.quality.profile("desk").rows == 519
    same(desk.quality.profile("desk"), from_all_rows(desk, "desk"))


def test_drift_names_the_feature_the_rows_and_who_brought_them(desk):
    found = desk.quality.drift("desk@v1", "desk")
    assert (found.came, found.went, found.stayed) == (120, 0, 400)
    assert {"language", "generator", "source"} <= {one.name for one in found.drifted}
    assert found.drifted[-1].name == "source"
    cause = found.causes["language"]
    assert cause.came and cause.of == 60 and len(cause.examples) == 20
    odd = {one.name for one in desk.version("desk@v4") if one.provenance["source"].endswith("odd.jsonl")}
    assert all(id in odd and value == "zh" for id, value, _ in cause.examples)
    (who,) = cause.brought
    assert (who.version, who.generator, who.rows, who.actor) == ("desk@v4", "lab/m", 60, "mira")
    assert who.source.endswith("odd.jsonl")
    assert desk.log("desk")[who.operation - 1].seq == who.operation
    document = found.as_json()
    assert document["causes"]["language"]["examples"][0]["version"] == "desk@v4"
    assert document["drifted"] == [one.name for one in found.drifted]


def test_the_way_back_shows_the_rows_that_left(desk):
    found = desk.quality.drift("desk", "desk@v1")
    assert (found.came, found.went) == (0, 120)
    cause = found.causes["language"]
    assert not cause.came and cause.of == 60
    assert {value for _, value, _ in cause.examples} == {"zh"}
    assert cause.brought[0].version == "desk@v4"


def test_a_version_beside_itself_and_beside_the_same_rows_of_another_dataset(desk, write):
    assert desk.quality.drift("desk@v2", "desk@v2").drifted == []
    rows = [ticket(n, category="abc"[n % 3], score=1 + n % 5) for n in range(400)]
    desk.import_("copy", [write("other.jsonl", rows)])
    found = desk.quality.drift("desk@v1", "copy")
    assert (found.came, found.went) == (0, 0)
    assert [one.name for one in found.drifted] == ["source"]  # the same examples, from another file


def test_compacted_segments_are_told_apart_by_id(desk):
    before = desk.quality.drift("desk@v3", "desk").as_json()
    desk.keeping.compact("desk")
    after = desk.quality.drift("desk@v3", "desk").as_json()
    for key in ("came", "went", "stayed", "rows", "drifted"):
        assert before[key] == after[key]
    assert [f["effect"] for f in before["features"]] == [f["effect"] for f in after["features"]]


def test_splits_and_fields_that_are_asked_for(registry, write):
    rows = [ticket(n, meta={"team": "north" if n % 2 else "south"}) for n in range(300)]
    registry.import_("teams", [write("t.jsonl", rows)])
    more = [ticket(n, meta={"team": "west"}) for n in range(300, 360)]
    registry.curate("teams", [write("u.jsonl", more)], recipe="import", add=True)
    found = registry.quality.drift("teams@v1", "teams", "meta.team")
    assert "meta.team" in {one.name for one in found.drifted}
    assert found.causes["meta.team"].examples[0][1] == "west"
    assert registry.quality.profile("teams:train", "meta.team").shares("meta.team")[0][1] == 150
    with pytest.raises(UsageError, match=r"states meta\.nothing"):
        registry.quality.drift("teams@v1", "teams", "meta.nothing")


def test_facts_are_profiled_apart(desk):
    ids = [one.id for one in desk.version("desk@v1")]
    ids += [one.id for one in desk.version("desk@v5") if one.id not in set(ids)]
    desk.act("fact", "desk", {"facts": facts(desk, ids[:400], "toxicity", 0.1)})
    desk.act("fact", "desk", {"facts": facts(desk, ids[400:], "toxicity", 0.9)})
    desk.act("fact", "desk", {"facts": facts(desk, ids[:260], "team", "north")})
    profile = desk.quality.profile("desk")
    assert profile.number("fact.toxicity").counts.tolist() == [400, 120]
    assert dict(profile.shares("fact.team")) == {"north": 260, "(not stated)": 260}
    found = desk.quality.drift("desk@v1", "desk")
    assert "fact.toxicity" in {one.name for one in found.drifted}
    assert found.causes["fact.toxicity"].of == 120
    assert desk.quality.drift("desk@v1", "desk", "fact.toxicity").as_json() == found.as_json()
    assert desk.quality.trend("desk", "fact.toxicity").series[0].points[0] == 1.0


def facts(registry, ids, key, value):
    from assay.govern.facts import write_facts

    ids = sorted_ids(ids)
    return write_facts(registry.store.objects, ids, [key] * len(ids), [value] * len(ids))


def test_a_trend_tells_the_jump_and_who_made_it(desk):
    found = desk.quality.trend("desk")
    assert [one.version for one in found.points] == [f"desk@v{n}" for n in range(1, 6)]
    generator = [one for one in found.anomalies if one.jump.feature == "generator"]
    assert [one.point.version for one in generator] == ["desk@v4"]
    assert generator[0].rows == 60 and generator[0].sources[0][0].endswith("odd.jsonl")
    assert any(one.jump.feature == "language" and one.jump.value == "zh" for one in found.anomalies)
    series = {one.feature: one.points for one in found.series}
    assert series["source"][0] == 1.0 and len(series["vendi"]) == 5
    by_value = {one.value: one.points for one in desk.quality.trend("desk", "language").series}
    assert by_value["zh"][2] == 0 and by_value["zh"][3] == pytest.approx(60 / 500)


def test_a_trend_of_a_branch_and_of_nothing(desk):
    desk.refs.branch("desk", "try", "v2")
    assert len(desk.quality.trend("desk@try").points) == 2
    with pytest.raises(UsageError, match="names no line"):
        desk.quality.trend("desk@v2")
    with pytest.raises(NotFound):
        desk.quality.trend("none")
    with pytest.raises(UsageError, match="states meta"):
        desk.quality.trend("desk", "meta")


def test_a_registry_of_a_day_and_one_in_memory_answer_without_keeping(desk):
    then = desk.at("2100-01-01")
    assert profiles.cache(then) is None
    assert then.quality.drift("desk@v1", "desk").as_json() == desk.quality.drift("desk@v1", "desk").as_json()


def test_the_ids_of_segments_are_kept_as_well(desk):
    one = Profiles(desk)
    piece = one.pieces(desk.version("desk@v1"))[0]
    first = one.ids(piece.segment)
    assert Profiles(desk).ids(piece.segment).tobytes() == np.ascontiguousarray(first).tobytes()
