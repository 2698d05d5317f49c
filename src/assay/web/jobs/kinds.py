"""Which commands run as jobs, and what each asks for: one declared table, from which forms, the API and the command
lines are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, create_model

from assay.formats.shapes import shape_names
from assay.judge.rubric import BUILT_IN
from assay.web.access.roles import Permission

Widget = Literal["text", "number", "flag", "choice", "lines", "sources", "recipe", "yaml"]
ORIGINS: Final = ("", "human", "synthetic", "log", "web")
MADE: Final = "out"
"""The folder in a job's folder with the files that it made."""
EXPORTS: Final = ("source", "hf", "trl", "article", "ledger", "edits", *shape_names())
_LINE: Final = 500
_YAML: Final = 200_000
_TYPES: Final[dict[str, Any]] = {
    "text": Annotated[str, StringConstraints(max_length=_LINE, strip_whitespace=True)],
    "choice": Annotated[str, StringConstraints(max_length=_LINE)],
    "recipe": Annotated[str, StringConstraints(max_length=100)],
    "yaml": Annotated[str, StringConstraints(max_length=_YAML)],
    "flag": bool,
    "number": Annotated[int | None, BeforeValidator(lambda said: None if said == "" else said)],
    "sources": list[Annotated[str, StringConstraints(max_length=2_000)]],
    "lines": list[Annotated[str, StringConstraints(max_length=_LINE, strip_whitespace=True)]],
}


@dataclass(frozen=True, slots=True)
class Asked:
    """One thing that a command asks for. `option` None: an argument, in the order of the table. `needed`: there is no
    job without it. `rare`: few need it, and the form keeps it folded."""

    name: str
    label: str
    help: str = ""
    widget: Widget = "text"
    option: str | None = None
    default: Any = ""
    choices: tuple[str, ...] = ()
    needed: bool = False
    rare: bool = False
    least: int | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """A command that runs as a job. `spends`: it calls language models with the server's keys. `plans`: it has a dry
    run that says what it would do. `made`: the folder of files that it makes beside itself, its last argument; who may
    start such a job may have them. `listed`: its form is one of those that build datasets."""

    name: str
    words: tuple[str, ...]
    permission: Permission
    title: str
    does: str
    asked: tuple[Asked, ...]
    spends: bool = False
    plans: bool = True
    made: str = ""
    listed: bool = True

    @property
    def at(self) -> str:
        """Its path below `/commands`, with the words of the command."""
        return "/".join(word.removeprefix("--") for word in self.words)

    @property
    def model(self) -> type[BaseModel]:
        """The pydantic model of what it asks for."""
        fields: dict[str, Any] = {}
        for one in (*self.asked, *((_DRY,) if self.plans else ())):
            default = ... if one.needed else [] if _TYPES[one.widget] in _LISTS else one.default
            least = (
                {"min_length": 1}
                if one.needed and one.widget != "number"
                else {"ge": one.least}
                if one.least
                else {}
            )
            fields[one.name] = (
                _TYPES[one.widget],
                Field(default, description=one.help or one.label, **least),
            )
        made: type[BaseModel] = create_model(
            self.name.title().replace("-", ""), __config__=ConfigDict(extra="forbid", frozen=True), **fields
        )
        return made

    def line(self, given: BaseModel, paths: dict[str, str]) -> list[str]:
        """The words after `assay`. `paths`: what was named in the form → where it lies. No word of a form
        can pass for an option: options carry their values after a sign, and arguments stand after `--`."""
        options, arguments = list(self.words), []
        for one in (*self.asked, *((_DRY,) if self.plans else ())):
            value = getattr(given, one.name)
            if one.widget == "yaml":
                continue
            if one.widget == "flag":
                options += [one.option or ""] if value else []
                continue
            values = value if isinstance(value, list) else [value]
            if one.widget == "lines":
                values = [line.strip() for text in values for line in text.splitlines()]
            spelled = [paths.get(str(v), str(v)) for v in values if v not in ("", None)]
            if one.option is None:
                arguments += spelled
            elif spelled != [str(one.default)]:
                options += (
                    [f"{one.option}={v}" for v in spelled]
                    if one.option.startswith("--")
                    else [part for v in spelled for part in (one.option, v)]
                )
        return [*options, "--", *arguments, *([self.made] if self.made else [])]


_LISTS: Final = (_TYPES["sources"], _TYPES["lines"])
_DRY: Final = Asked("dry_run", "Dry run", "Do everything but write.", "flag", "--dry-run", default=False)
_NAME: Final = Asked("name", "Dataset", "Letters, digits, - and _.", needed=True)
_SOURCES: Final = Asked(
    "sources", "Sources", "Uploads, or files that this registry read before.", "sources", needed=True
)
_SHAPE: Final = (
    Asked("shape", "Shape of the records", "Recognised, if you say nothing.", option="--format", rare=True),
    Asked(
        "container", "How the files are packed", "Recognised, if you say nothing.", "choice", "--container",
        choices=("", "jsonl", "json", "csv", "tsv", "text", "parquet"), rare=True,
    ),
)  # fmt: skip
_MODELS: Final = Asked("models", "Models", "PROVIDER/MODEL, a line each.", "lines", "--model", needed=True)
_BUDGET: Final = Asked("budget", "Budget", "US dollars; it stops before.", option="--budget", needed=True)
_BATCH: Final = Asked(
    "batch", "By the providers' batches", "Within a day, mostly at half the price.", "flag", "--batch", default=False,
    rare=True,
)  # fmt: skip
_TAKEN: Final = (
    Asked("add", "Add to the newest version", "Instead of replacing it.", "flag", "--add", default=False),
    Asked("message", "Message", "Why this version was made.", option="--message"),
    Asked("branch", "Branch", "Which one is moved.", option="--branch", default="main", rare=True),
    *_SHAPE,
    Asked("origin", "Who wrote the examples", "", "choice", "--origin", choices=ORIGINS, rare=True),
    Asked("generator", "The model that wrote them", "As PROVIDER/MODEL.", option="--generator", rare=True),
    Asked("licence", "Licence", "The licence they are under.", option="--licence", rare=True),
)

KINDS: Final[tuple[Kind, ...]] = (
    Kind(
        "curate",
        ("curate",),
        Permission.CONTRIBUTE,
        "Curate",
        "Turn raw files into a clean version, and account for every record.",
        (
            _NAME,
            _SOURCES,
            Asked("recipe", "Recipe", "", "recipe", "--recipe", default="default"),
            Asked("yaml", "Your own recipe, as YAML", "In place of a preset.", "yaml"),
            Asked(
                "budget",
                "Budget",
                "US dollars, for a recipe with a judge; it stops before.",
                option="--budget",
                rare=True,
            ),
            Asked("eval", "Eval sources", "What becomes the test split.", "sources", "--eval"),
            *_TAKEN,
        ),
    ),
    Kind(
        "import",
        ("import",),
        Permission.CONTRIBUTE,
        "Import",
        "Take files as they are into a version.",
        (_NAME, _SOURCES, *_TAKEN),
    ),
    Kind(
        "freeze",
        ("freeze",),
        Permission.RELEASE,
        "Freeze an eval set",
        "Keep an eval set out of every version from now on.",
        (
            Asked("name", "Eval set", "Letters, digits, - and _.", needed=True),
            _SOURCES,
            *_SHAPE,
            Asked(
                "self_test",
                "Self-test",
                "Inject items among your own rows and count what is found.",
                "flag",
                "--self-test",
                default=False,
                rare=True,
            ),
        ),
    ),
    Kind(
        "judge-run",
        ("judge", "run"),
        Permission.CONTRIBUTE,
        "Judge",
        "Let language models judge the examples of a version. Their scores are facts from then on.",
        (
            Asked("ref", "Version", "Such as help@v2.", needed=True),
            Asked("rubric", "Rubric", "", "choice", "--rubric", default="quality", choices=BUILT_IN),
            _MODELS,
            _BUDGET,
            Asked("where", "Only where this holds", "Such as score < 3.", option="--where"),
            Asked(
                "n",
                "So many of them, drawn at random",
                "All, if you say nothing.",
                "number",
                "--n",
                default=None,
                least=1,
            ),
            Asked("seed", "Seed of the draw", "", "number", "--seed", default=None, rare=True),
            Asked("draws", "Answers of each model", "", "number", "--draws", default=1, least=1, rare=True),
            Asked(
                "temperature",
                "Temperature",
                "0 to 2, or default.",
                option="--temperature",
                default="0",
                rare=True,
            ),
            _BATCH,
        ),
        spends=True,
    ),
    Kind(
        "generate",
        ("generate",),
        Permission.CONTRIBUTE,
        "Generate",
        "Have language models write the examples of a version, to quotas.",
        (
            _NAME,
            Asked(
                "template",
                "Template",
                "One that was saved: its id, or id@digest.",
                option="--template",
                needed=True,
            ),
            Asked("n", "How many examples", "", "number", "--n", needed=True, least=1),
            _MODELS,
            _BUDGET,
            Asked("quotas", "The mix", "A line each, as in tone=kind:1,curt:3.", "lines", "--quota"),
            Asked("seeds", "Show examples of", "A version.", option="--from"),
            Asked("recipe", "Recipe", "What judges candidates.", "recipe", "--recipe", default="synthetic"),
            Asked(
                "params",
                "Parameters of every call",
                "A line each, as in temperature=0.9.",
                "lines",
                "--param",
                rare=True,
            ),
            Asked(
                "novel",
                "None may be nearly one of",
                "Versions, a line each.",
                "lines",
                "--novel-against",
                rare=True,
            ),
            Asked("seed", "Seed of the draws", "", "number", "--seed", default=None, rare=True),
            Asked(
                "partial",
                "Take less than was asked for, if it is not all",
                "",
                "flag",
                "--partial",
                default=False,
            ),
            Asked(
                "add", "Add to the newest version", "Instead of replacing it.", "flag", "--add", default=False
            ),
            Asked("message", "Message", "Why this version was made.", option="--message"),
            Asked("branch", "Branch", "Which one is moved.", option="--branch", default="main", rare=True),
        ),
        spends=True,
    ),
    Kind(
        "gold-freeze",
        ("gold", "--freeze"),
        Permission.RELEASE,
        "Freeze a gold set",
        "Freeze what people accepted or edited as an eval set, for good.",
        (Asked("name", "Gold set", "The queue that was judged.", needed=True),),
    ),
    Kind(
        "map",
        ("map",),
        Permission.CONTRIBUTE,
        "Map",
        "Place the examples of a version in the plane and name its clusters, for its map.",
        (
            Asked("ref", "Version", "Such as help@v2.", needed=True),
            Asked("like", "Placed like", "A version whose map places the rows.", option="--like"),
        ),
        plans=False,
    ),
    Kind(
        "export",
        ("export",),
        Permission.CONTRIBUTE,
        "Export",
        "Write a version as files.",
        (
            Asked("ref", "Version", "Such as help@v2.", needed=True),
            Asked("shape", "Format", "", "choice", "--format", default="source", choices=EXPORTS),
            Asked(
                "container",
                "Files",
                "",
                "choice",
                "--container",
                default="jsonl",
                choices=("jsonl", "parquet"),
            ),
            Asked("where", "Only where this holds", "Such as score >= 4.", option="--where"),
        ),
        plans=False,
        made=MADE,
        listed=False,
    ),
    Kind(
        "verify",
        ("verify",),
        Permission.AUDIT,
        "Verify",
        "Check every byte against its name.",
        (),
        plans=False,
    ),
)
BY_NAME: Final = {kind.name: kind for kind in KINDS}


def rerun(kind: Kind, form: dict[str, Any], **other: Any) -> BaseModel:
    """The form of an earlier job, with something else in it."""
    return kind.model.model_validate({**form, **other})


def dataset_of(kind: Kind, given: BaseModel) -> str:
    """Which dataset a job is about; "" for none."""
    said: Sequence[str] = [getattr(given, name, "") for name in ("name", "ref")]
    return next((one.partition("@")[0] for one in said if one), "")
