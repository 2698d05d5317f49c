"""registry.runs.admit: which versions models may learn from."""

from __future__ import annotations

import pickle

import pytest

import assay
from assay.errors import InvalidPolicy, NotForTraining, Revoked, UsageError
from assay.registry import Registry
from tests.registry.conftest import ticket


@pytest.fixture
def desk(registry: Registry, write) -> Registry:
    for version in range(2):
        rows = [ticket(n) for n in range(version * 20, version * 20 + 20)]
        registry.curate("desk", [write(f"{version}.jsonl", rows)])
    return registry


@pytest.fixture
def li(desk: Registry) -> Registry:
    return assay.open(desk.root, actor="李")


def test_without_a_policy_every_version_is_admitted_but_a_revoked_one(desk: Registry) -> None:
    admitted = desk.runs.admit("desk@v1:train")
    assert admitted.name == "desk@v1:train"
    assert len(list(admitted)) == len(admitted)
    desk.releases.revoke("desk@v1", reason="no consent")
    for force in (False, True):
        with pytest.raises(Revoked, match="no consent"):
            desk.runs.admit("desk@v1", force=force, reason="一定要用")
    with pytest.raises(Revoked):
        list(admitted)


@pytest.mark.parametrize("asked", ["approved", "released"])
def test_the_policy_says_which_and_the_refusal_names_the_one_to_use(
    desk: Registry, li: Registry, asked: str
) -> None:
    desk.policies.set({"training": asked})
    with pytest.raises(NotForTraining, match=f"desk@v1 is not {asked}") as before:
        desk.runs.admit("desk@v1")
    assert "use desk" not in before.value.hint
    assert before.value.exit_code == 1
    assert str(pickle.loads(pickle.dumps(before.value))) == str(before.value)
    li.releases.approve("desk@v1")
    if asked == "released":
        with pytest.raises(NotForTraining):
            desk.runs.admit("desk@v1")
        li.releases.release("desk@v1")
    assert desk.runs.admit("desk@v1").manifest.number == 1
    with pytest.raises(NotForTraining, match=f"desk@v2 is not {asked}") as after:
        desk.runs.admit("desk")
    assert f"use desk@v1, which is {asked}" in after.value.hint


def test_an_exception_needs_a_reason_and_is_in_the_log(desk: Registry) -> None:
    desk.policies.set({"training": "released"}, "desk")
    with pytest.raises(UsageError, match="needs a reason"):
        desk.runs.admit("desk", force=True, reason=" ")
    desk.runs.admit("desk", force=True, reason="试一试")
    last = desk.log()[-1]
    assert (last.action, last.body["version"], last.body["forced"]) == ("load", 2, True)
    assert desk.said(last) == "试一试"
    count = len(desk.log())
    desk.policies.set({"training": "any"}, "desk")
    desk.runs.admit("desk", force=True, reason="not needed")
    assert len(desk.log()) == count + 1


def test_a_look_back_does_not_open_the_door(desk: Registry) -> None:
    desk.policies.set({"training": "released"})
    with pytest.raises(NotForTraining):
        desk.at("2999-01-01").runs.admit("desk@v1")


def test_the_field_is_one_of_three_and_leaves_old_digests_as_they_are(desk: Registry) -> None:
    with pytest.raises(InvalidPolicy, match="training"):
        desk.policies.set({"training": "mine"})
    plain, spelled = desk.policies.read({}), desk.policies.read({"training": "any"})
    asking = desk.policies.read({"training": "released"})
    assert plain.digest == spelled.digest != asking.digest
    assert desk.policies.read(asking.as_json()) == asking
