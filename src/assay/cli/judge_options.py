"""What the commands of `assay judge` take in common: who judges; files of labels, and what their fields mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from assay.errors import UsageError

if TYPE_CHECKING:
    from assay.registry.judgement.files import JudgeRequest
    from assay.registry.judgement.judges import Bench

_OPTIONS = (
    click.argument("files", nargs=-1, required=True, metavar="FILE…"),
    click.option("--human", metavar="FIELD[,…]", help="People's labels; of several fields the majority or mean."),
    click.option("--judge", metavar="FIELD", help="The judge's answers."),
    click.option(
        "--scores", is_flag=True, help="Labels are numbers, and no preferences between two answers."
    ),
    click.option("--join", metavar="FIELD", help="Rows of all files with one value of it are one row."),
    click.option(
        "--field", "parts", multiple=True, metavar="PART=FIELD", help="Another part's field, as in swapped=second_run."
    ),
    click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the intervals."),
)  # fmt: skip


def label_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the shared argument and options to a command."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


class Temperature(click.ParamType):  # type: ignore[type-arg]
    """A number from 0 to 2, or `default`: the model's own."""

    name = "temperature"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        if value == "default":
            return "default"
        try:
            number = float(value)
        except ValueError:
            number = -1.0
        if not 0 <= number <= 2:
            self.fail(f"{value!r} is no temperature; write 0 to 2, or default", param, ctx)
        return number


_BENCH = (
    click.option(
        "--rubric", default="quality", show_default=True, metavar="R", help="A built-in rubric's name or a YAML file."
    ),
    click.option(
        "--model", "judges", multiple=True, required=True, metavar="PROVIDER/MODEL", help="Who judges; repeatable."
    ),
    click.option("--draws", type=click.IntRange(1, 16), default=1, show_default=True, help="Answers of each model."),
    click.option(
        "--temperature", type=Temperature(), default="0", show_default=True, metavar="T",
        help="0 to 2, or `default` for models that refuse another.",
    ),
    click.option(
        "--max-tokens", type=click.IntRange(1), default=1024, show_default=True, metavar="N",
        help="Most tokens of an answer.",
    ),
)  # fmt: skip


def bench_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`--rubric`, `--model`, `--draws`, `--temperature`, `--max-tokens`."""
    for option in reversed(_BENCH):
        function = option(function)
    return function


def bench_of(given: dict[str, Any]) -> Bench:
    """Who judges, as the options say; takes them out of `given`."""
    from assay.registry.judgement.judges import Bench

    said = {name: given.pop(name) for name in ("rubric", "judges", "draws", "temperature", "max_tokens")}
    warm = None if said["temperature"] == "default" else said["temperature"]
    params = {"temperature": warm, "max_tokens": said["max_tokens"]}
    return Bench(said["judges"], said["rubric"], params, said["draws"])


def request_of(
    files: Sequence[str], parts: Sequence[str], human: str | None, judge: str | None, **given: Any
) -> JudgeRequest:
    """The request that the options spell. Raises UsageError for a part that is no PART=FIELD."""
    from assay.registry.judgement.files import JudgeRequest

    fields = {}
    for part in parts:
        name, sign, value = part.partition("=")
        if not sign or not value:
            raise UsageError(f"{part!r} is not PART=FIELD", "such as --field swapped=second_run")
        fields[name] = value
    fields |= {name: value for name, value in (("human", human), ("judge", judge)) if value}
    return JudgeRequest(tuple(files), fields, **given)
