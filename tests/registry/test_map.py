"""Maps of versions: the same whatever the workers, remembered and dropped, aligned, selected from."""

from __future__ import annotations

import json

import numpy as np
import pytest

from assay.errors import NotFound, Revoked, UsageError
from assay.kernels.ids import id_list
from assay.registry.mapping.values import Wanted
from assay.registry.mapping.view import drawn, viewed
from tests.measure.test_map import planted


def records(texts, truth, **more):
    return [
        {"input": text, "output": f"Done: {k % 7}", "category": f"topic {of}", **more}
        for k, (text, of) in enumerate(zip(texts, truth, strict=True))
    ]


@pytest.fixture
def desk(registry, write):
    """desk@v1 with five topics; desk@v2 without the first and with one that is new."""
    texts, truth = planted(40)
    rows = records(texts, truth, generator="lab/one")
    registry.import_("desk", [write("one.jsonl", rows)])
    new = [f"Photosynthesis chlorophyll sunlight leaves oxygen glucose {k} chloroplast" for k in range(60)]
    later = rows[40:] + records(new, [9] * 60, generator="lab/two")
    registry.import_("desk", [write("two.jsonl", later)])
    return registry


def test_clusters_add_up_and_lead_to_their_rows(desk):
    made = desk.maps.map("desk@v1", Wanted(clusters=5))
    assert len(made) == 200 and sum(one.rows for one in made.clusters) + made.blank == 200
    ids = [one.hex() for one in id_list(desk.maps.ids("desk@v1"))]
    for one in made.clusters:
        rows = [ids[k] for k in np.flatnonzero(made.cluster == one.number)]
        assert len(rows) == one.rows and set(one.typical) | set(one.border) <= set(rows)
        assert one.terms and len(one.terms) <= 3
        assert json.dumps(one.as_json())


def test_workers_and_rows_order_do_not_matter(desk, write):
    texts, truth = planted(40)
    backwards = records(texts, truth, generator="lab/one")[::-1]
    for k, row in enumerate(backwards):
        row["output"] = f"Done: {(len(backwards) - 1 - k) % 7}"
    desk.import_("other", [write("back.jsonl", backwards)])
    one = desk.maps.map("desk@v1")
    two = desk.maps.map("other@v1", workers=2)
    assert one.fingerprint == two.fingerprint and one.version != two.version
    for name in ("x", "y", "cluster"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert [c.terms for c in one.clusters] == [c.terms for c in two.clusters]


def test_a_map_is_remembered_until_its_file_is_damaged(desk):
    assert desk.maps.found("desk@v1") is None
    made = desk.maps.map("desk@v1")
    again = desk.maps.found("desk@v1")
    assert again.as_json() == made.as_json() and np.array_equal(again.x, made.x)
    (path,) = (desk.root / "cache" / "maps").glob("*/*")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    assert desk.maps.found("desk@v1") is None
    assert desk.maps.map("desk@v1").as_json() == made.as_json()


def test_forgetting_an_example_drops_every_map_and_the_point(desk):
    made = desk.maps.map("desk@v1")
    desk.maps.colours(made, "category")
    gone = made.clusters[0].typical[0]
    desk.keeping.forget([gone], "asked for erasure")
    assert not list((desk.root / "cache" / "maps").glob("*/*"))
    again = desk.maps.map("desk@v1")
    assert len(again) == 199
    assert gone not in {id for one in again.clusters for id in (*one.typical, *one.border)}
    assert gone not in {one.hex() for one in id_list(desk.maps.ids("desk@v1"))}
    assert len(desk.maps.colours(again, "origin").codes) == 199


def test_what_is_placed_like_another_version_can_be_compared(desk):
    view = viewed(desk, "desk@v2", Wanted(clusters=5), like="desk@v1")
    base = desk.maps.map("desk@v1", Wanted(clusters=5))
    ids = {one: k for k, one in enumerate(id_list(desk.maps.ids("desk@v1")))}
    for k, one in enumerate(id_list(desk.maps.ids("desk@v2"))):
        if one in ids:
            assert (view.made.x[k], view.made.y[k]) == (base.x[ids[one]], base.y[ids[one]])
    kinds = {one.kind for one in view.changes}
    assert {"vanished", "appeared"} <= kinds
    new = next(one for one in view.changes if one.kind == "appeared")
    said = " ".join(view.made.clusters[new.after].terms)
    assert "photosynthesis" in said or "chlorophyll" in said or "oxygen" in said
    assert {one.kind for one in viewed(desk, "desk@v1", Wanted(), like="desk@v1").changes} == {"same"}


def test_maps_of_their_own_are_matched(desk):
    view = viewed(desk, "desk@v2", Wanted(clusters=5), against="desk@v1", styles=True)
    assert view.made.like is None and view.changes
    assert sum(one.rows[1] for one in view.changes) == len(view.made)
    assert {one.generator for one in view.styles} == {"lab/one", "lab/two"}
    assert json.dumps(view.as_json())
    assert drawn(view).against == "desk@v1"


@pytest.mark.parametrize("layout", ["pca", "tsne"])
def test_a_lasso_holds_what_lies_in_it(desk, layout):
    made = desk.maps.map("desk@v1", Wanted(clusters=5, layout=layout))
    everything = "0,0;65535,0;65535,65535;0,65535"
    found = desk.maps.select(made, everything)
    edge = int(((made.x == 65535) | (made.y == 65535)).sum())
    assert found.rows >= 200 - edge and len(found.first) == 5
    assert found.rows == len(desk.maps.selected_ids(made, everything))
    chosen = desk.maps.select(made, cluster=0)
    assert chosen.rows == made.clusters[0].rows and chosen.clusters == ((0, chosen.rows),)
    assert set(chosen.terms) & set(made.clusters[0].terms)
    assert [row.id for row in chosen.first] == list(made.clusters[0].typical[:3])
    assert [row.id for row in chosen.border] == list(made.clusters[0].border[:2])
    assert json.dumps(chosen.as_json())
    nothing = desk.maps.select(made, "0,0;1,0;1,1")
    assert nothing.rows in range(3) and nothing.share < 0.02


@pytest.mark.parametrize(
    ("lasso", "cluster", "error"),
    [(None, None, UsageError), ("1,1;2,2;3,1", 1, UsageError), (None, 99, NotFound), ("x", None, UsageError)],
)
def test_no_selection_is_refused(desk, lasso, cluster, error):
    made = desk.maps.map("desk@v1")
    with pytest.raises(error):
        desk.maps.select(made, lasso, cluster)


def test_points_are_coloured_by_what_rows_say(desk):
    from assay.registry.governing.annotating import annotate

    made = desk.maps.map("desk@v1")
    ids = desk.maps.ids("desk@v1")
    topics = desk.maps.colours(made, "category")
    assert dict(topics.names) == {f"topic {k}": 40 for k in range(5)} and topics.others == 0
    assert dict(desk.maps.colours(made, "label").names) == dict(topics.names)
    assert dict(desk.maps.colours(made, "generator").names) == {"lab/one": 200}
    assert {"zh", "en"} <= set(dict(desk.maps.colours(made, "language").names))
    assert sum(rows for _, rows in desk.maps.colours(made, "cluster").names) == 200
    assert desk.maps.colours(made, "nothing.such").others == 200
    where = {id: k for k, id in enumerate(id_list(ids))}
    for example in desk.version("desk@v1"):
        code = topics.codes[where[example.id]]
        assert topics.names[code][0] == example.provenance.get("extra", {}).get(
            "category", topics.names[code][0]
        )
    for k in range(5):
        annotate(desk, "desk@v1", ids[k * 20 : (k + 1) * 20], {"score": float(k)})
    scores = desk.maps.colours(made, "score")
    assert scores.ordered and scores.others == 100
    assert [int((scores.codes[k * 20 : (k + 1) * 20] == scores.codes[k * 20]).sum()) for k in range(5)] == [
        20
    ] * 5
    annotate(desk, "desk@v1", ids[:7], {"mood": "odd"})
    assert desk.maps.colours(made, "mood").names == (("odd", 7),)


def test_texts_with_labels_are_placed_without_them(registry, write):
    from assay.registry.mapping.maps import text_of

    assert text_of({"text": "Where is my card?", "label": "card_arrival"}) == "Where is my card?"
    registry.import_("few", [write("few.jsonl", [{"text": f"row {k}", "label": "a"} for k in range(6)])])
    assert len(registry.maps.map("few")) == 6


def test_a_revoked_version_has_no_map_for_anybody(desk):
    desk.maps.map("desk@v1")
    desk.releases.revoke("desk@v1", "personal data")
    for ask in (desk.maps.map, desk.maps.found, desk.maps.styles):
        with pytest.raises(Revoked):
            ask("desk@v1")


def test_two_embedders_are_not_compared(desk):
    from dataclasses import replace

    one = desk.maps.map("desk@v1")
    with pytest.raises(UsageError, match="was placed by"):
        desk.maps.changes(one, replace(one, embedder="other"))
