"""From a filled form to a job on the board."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel

from assay.errors import BadInput, UsageError
from assay.judge.rubric import builtin_rubric
from assay.model.ref import check_name
from assay.registry.curating.recipes import judging_models
from assay.web.asking import Ask
from assay.web.jobs.job import Job
from assay.web.jobs.kinds import Kind, dataset_of
from assay.web.jobs.sources import Meant, check_preset, check_recipe, check_saved, meant, recipe_of

_CALLED: Final = "--called="


def start(ask: Ask, kind: Kind, given: BaseModel) -> Job:
    """Check all of a form that can be checked, and queue the job. Raises BadInput, InvalidRecipe, NotFound."""
    desk = ask.desk_or_refuse()
    for name, said in given.model_dump().items():
        if any("\0" in str(one) for one in (said if isinstance(said, list) else [said])):
            raise BadInput(f"{name} has a NUL, which no command line can carry", "leave it out")
    dataset = dataset_of(kind, given)
    if "name" in type(given).model_fields:
        check_name(dataset)
    named = [v for one in kind.asked if one.widget == "sources" for v in getattr(given, one.name)]
    found = meant(ask.registry, desk.uploads, ask.identity, named, dataset) if named else Meant()
    yaml = _yaml(given)
    spends = _spends(ask, kind, given, yaml)

    def words(folder: Path) -> list[str]:
        paths = dict(found.paths)
        if yaml:
            (folder / "recipe.yaml").write_text(yaml, "utf-8")
        line = kind.line(given, paths)
        if yaml:
            line.insert(len(kind.words), f"--recipe={folder / 'recipe.yaml'}")
        if "--called" in _takes(kind):
            for path, name in found.called.items():
                line.insert(len(kind.words), f"{_CALLED}{path}={name}")
        for endpoint in ask.settings.endpoints if spends else ():
            line.insert(len(kind.words), f"--endpoint={endpoint}")
        if spends and ask.settings.prices:
            line.insert(len(kind.words), f"--prices={ask.settings.prices}")
        return line

    return desk.jobs.ask(
        kind.name,
        dataset,
        ask.identity.actor,
        words,
        form=given.model_dump(),
        uploads=found.uploads,
        spends=spends,
    )


def spelled(job: Job) -> str:
    """The job's command as a person types it who has its files: by their names, and not where the server keeps them."""
    called = {}
    for word in job.words:
        if word.startswith(_CALLED):
            path, _, name = word.removeprefix(_CALLED).rpartition("=")
            called[path] = name
    words = []
    for word in job.words:
        if word.startswith(_CALLED):
            continue
        if word.startswith("--recipe=") and word.endswith("/recipe.yaml"):
            word = "--recipe=recipe.yaml"
        option, sign, value = word.partition("=")
        words.append(f"{option}={called[value]}" if sign and value in called else called.get(word, word))
    return shlex.join(["assay", *words])


def _yaml(given: BaseModel) -> str:
    """The form's own recipe, checked; "" where a preset was chosen, which is checked too."""
    said: dict[str, Any] = given.model_dump()
    text: str = said.get("yaml", "").replace("\r\n", "\n")
    if text.strip():
        if said["recipe"] not in ("", "default"):
            raise BadInput(f"a recipe of your own and the preset {said['recipe']}", "choose one of them")
        check_recipe(text)
        return text
    if said.get("recipe"):
        check_preset(said["recipe"])
    return ""


def _spends(ask: Ask, kind: Kind, given: BaseModel, yaml: str) -> bool:
    """Whether models will be called. Where they are called is the server's to say and never a form's: a form could send
    the keys anywhere. Raises UsageError where nobody said what it may cost."""
    said: dict[str, Any] = given.model_dump()
    judging = kind.spends or bool(judging_models(recipe_of(yaml) if yaml else said.get("recipe") or "import"))
    if judging and not said.get("budget"):
        raise UsageError("the recipe calls language models", "say what they may cost: budget, in US dollars")
    if said.get("template"):
        check_saved(ask.registry, said["template"])
    if kind.name == "judge-run":
        builtin_rubric(said["rubric"])
    return judging


def _takes(kind: Kind) -> tuple[str, ...]:
    return ("--called",) if kind.name in ("curate", "import") else ()
