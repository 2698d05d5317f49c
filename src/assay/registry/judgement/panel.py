"""Who judges by what: a rubric and the judges of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from assay.errors import BadInput, NotFound, UsageError
from assay.judge.judge import Judge
from assay.judge.rubric import BUILT_IN, Rubric, builtin_rubric
from assay.registry.language_models import LanguageModels, ModelName
from assay.registry.strict_yaml import read_yaml

if TYPE_CHECKING:
    from assay.store.objects import Objects

_MAX_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class Panel:
    """A rubric and one judge a model, in the order given."""

    rubric: Rubric
    judges: tuple[Judge, ...]

    @property
    def digests(self) -> tuple[str, ...]:
        return tuple(judge.digest for judge in self.judges)

    @property
    def names(self) -> dict[str, str]:
        """Digest → PROVIDER/MODEL."""
        return {judge.digest: judge.model for judge in self.judges}

    @property
    def lineage(self) -> dict[str, str]:
        """Digests of the rubric and of every judge, by PROVIDER/MODEL."""
        return {"rubric": self.rubric.digest, **{judge.model: judge.digest for judge in self.judges}}

    @property
    def scores(self) -> tuple[str, ...]:
        """Names of all scores that the judges give."""
        if self.rubric.mode == "pairs":
            return ("preference",)
        more = ("difficulty",) if self.rubric.difficulty else ()
        return ("overall", "weighted", *self.rubric.dimensions, *more)

    @property
    def main(self) -> str:
        """The score that stands for the whole."""
        return "preference" if self.rubric.mode == "pairs" else "overall"

    def key(self, name: str) -> str:
        """The fact under which a score stands: `quality_overall`."""
        return f"{self.rubric.id}_{name}"

    def body(self, objects: Objects) -> dict[str, Any]:
        """What an operation says of the panel; the rubric is written as an object."""
        return {
            "rubric": objects.put_json(self.rubric.as_json()),
            "rubric_name": self.rubric.name,
            "judges": [
                {"digest": one.digest, "model": one.model, "params": dict(one.params), "draws": one.draws}
                for one in self.judges
            ],
        }


def panel_of(rubric: str | Rubric, models: Sequence[str], params: Mapping[str, Any], draws: int) -> Panel:
    """A judge for each model. `rubric`: a built-in one's name, the path of a YAML file, or the rubric itself.

    Raises NotFound, BadInput, UsageError.
    """
    if not models:
        raise UsageError("no model was named", "write PROVIDER/MODEL, such as anthropic/claude-sonnet-4-5")
    if len(set(models)) < len(models):
        raise UsageError("a model was named twice", "`draws` asks one model several times")
    names = [str(ModelName.parse(model)) for model in models]
    found = rubric if isinstance(rubric, Rubric) else load_rubric(rubric)
    return Panel(found, tuple(Judge(found, name, params, draws) for name in names))


def check_callable(panel: Panel, models: LanguageModels | None) -> None:
    """Raises UsageError where a judge cannot be called, for want of an address or a key, or of all settings."""
    if models is None:
        raise UsageError(
            "the recipe has judges, and nobody said how to call them",
            "give `models`, a LanguageModels; on the command line keys are read from PROVIDER_API_KEY",
        )
    for judge in panel.judges:
        models.endpoint(ModelName.parse(judge.model))


def load_rubric(name: str) -> Rubric:
    """A rubric by name or by path. Raises NotFound when it is neither; UsageError, BadInput."""
    if name in BUILT_IN:
        return builtin_rubric(name)
    path = Path(name)
    if not path.is_file():
        raise NotFound(
            f"no rubric {name[:200]!r}: neither a built-in one nor a file",
            f"built in: {', '.join(BUILT_IN)}; or give the path of a YAML file",
        )
    if path.stat().st_size > _MAX_BYTES:
        raise BadInput(f"{name} is too large for a rubric", "a rubric is a page of YAML")
    try:
        value = read_yaml(path.read_bytes())
    except ValueError as error:
        raise BadInput(f"{name} is not YAML that can be read: {error}", "see docs/rubrics.md") from None
    return Rubric.of(value, name)
