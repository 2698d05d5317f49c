"""Recipes: every problem at once, with its path and the nearest name."""

from __future__ import annotations

import pytest

from assay.curate.plan import make_plan, parse_recipe
from assay.errors import InvalidRecipe
from assay.registry.curating.recipes import load_plan, preset_names


@pytest.mark.parametrize("name", [*preset_names(), "import"])
def test_every_preset_holds(name):
    plan = load_plan(name)
    assert plan.stages
    assert make_plan(plan.recipe).recipe.digest == plan.recipe.digest


def test_all_problems_are_told_at_once():
    recipe = parse_recipe(
        {"stages": [{"lenght": {}}, {"near_dedup": {"treshold": 0.8}}, {"length": {"min_input": "x"}}]}
    )
    with pytest.raises(InvalidRecipe) as caught:
        make_plan(recipe)
    message = str(caught.value)
    assert "did you mean length?" in message
    assert "did you mean threshold?" in message
    assert "min_input" in message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "a map"),
        ({"stages": {}}, "list of one-key maps"),
        ({"stages": [{"a": {}, "b": {}}]}, "one key"),
        ({"stages": [], "splits": {}}, "did you mean split?"),
        ({"stages": [], "split": {"test": 0.6, "validation": 0.5}}, "nothing is left"),
        ({"stages": [], "split": {"train": 0.6}}, "train is what the others leave"),
    ],
)
def test_what_a_recipe_may_not_say(data, said):
    with pytest.raises(InvalidRecipe, match=said):
        parse_recipe(data)


def test_a_key_written_twice_is_refused(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text("stages: []\nstages:\n  - length: {}\n")
    with pytest.raises(InvalidRecipe, match="written twice"):
        load_plan(str(path))


def test_a_stage_named_twice_is_refused():
    with pytest.raises(InvalidRecipe, match="named twice"):
        make_plan(parse_recipe({"stages": ["length", "length"]}))
