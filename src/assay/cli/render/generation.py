"""Generations: what one will take and ask, and what one came to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from assay.cli.render.frame import columns, labelled, spaced, title, try_next
from assay.cli.render.funnel import funnel, seconds
from assay.cli.render.templates import messages
from assay.cli.render.text import clip, counted, plural, safe_text, short

if TYPE_CHECKING:
    from assay.generate.rounds import Round
    from assay.registry.generation.results import Cost, Forecast, GenerationResult, Mix

Command = Callable[..., str]

_BAR = 30
_VALUES = 12


def forecast(found: Forecast) -> RenderableType:
    """What `--dry-run` says: calls, money, the mix, and what will be asked."""
    estimates = list(found.estimates.values())
    calls, known = sum(one.calls for one in estimates), sum(one.known for one in estimates)
    tokens = (sum(one.input_tokens for one in estimates), sum(one.output_tokens for one in estimates))
    unpriced = sorted({name for one in estimates for name in one.unpriced})
    money = (
        f"likely {dollars(found.likely)}, at worst {dollars(found.worst)}"
        if found.likely is not None
        else f"not known: no price of {', '.join(unpriced)} (--prices FILE)"
    )
    facts = [
        ("template", found.template),
        ("calls", f"{calls:,}" + (f", and {known:,} answers that are remembered" if known else "")),
        ("tokens", f"in {tokens[0]:,} · out {tokens[1]:,}, reckoning {found.output:,} an answer"),
        ("costs", money),
        ("budget", "" if found.budget is None else dollars(found.budget)),
        ("prices of", next(one.prices_as_of for one in estimates)),
        ("more", "each candidate that is rejected takes another call"),
    ]
    prompts = [
        Group(Text(f"Prompt {number} of {found.mix.total[0]:,}", "dim"), messages(prompt, limit=700))
        for number, prompt in enumerate(found.prompts, 1)
    ]
    head = title(found.dataset, "dry run: nobody was asked")
    return spaced(Group(head, labelled(facts)), mix(found.mix, planned=True), *prompts)


def generation(result: GenerationResult, command: Command) -> RenderableType:
    """What a generation came to: the mix, the rounds, what it cost, and how novel it is."""
    made = result.curation
    asked, got = result.mix.total
    note = "" if got >= asked else f"partial: {got:,} of {asked:,}"
    facts = labelled(
        [
            ("template", result.template),
            ("costs", _cost(result.cost)),
            ("answers", f"{result.cost.paid:,} paid for · {result.cost.remembered:,} remembered"),
            ("tokens", f"in {result.cost.input_tokens:,} · out {result.cost.output_tokens:,}"),
            ("novelty", _novelty(result)),
            ("splits", counted(dict(made.splits))),
            ("fingerprint", short(made.fingerprint)),
            ("took", seconds(result.seconds)),
        ]
    )
    version = made.version or made.dataset
    commands = [
        (command("head", version), "see the first examples"),
        (command("stats", version), "figures about it, and whether they are healthy"),
        (
            command("export", version, f"{made.dataset}-ledger", "--format", "ledger"),
            "every candidate's fate",
        ),
    ]
    return spaced(
        title(version, *([note] if note else [])),
        mix(result.mix),
        rounds(result.rounds),
        funnel(made.read, made.malformed, made.codes_malformed, made.stages),
        facts,
        try_next(commands),
    )


def mix(found: Mix, *, planned: bool = False) -> RenderableType:
    """The quotas field by field: asked for and got, with a bar for the share of the whole."""
    table = columns("mix", "asked", *(() if planned else ("got",)), "share", right=("asked", "got"))
    for field, values in found.fields.items():
        table.add_row(Text(clip(field, 24), "bold"))
        shown = list(values.items())[:_VALUES]
        for value, (asked, got) in shown:
            count = asked if planned else got
            table.add_row(
                Text("  " + clip(value, 22)), f"{asked:,}", *(() if planned else (_got(asked, got),)),
                _share(count, found.total[0 if planned else 1]),
            )  # fmt: skip
        if len(values) > len(shown):
            table.add_row(Text(f"  … {len(values) - len(shown):,} more", "dim"))
    asked, got = found.total
    table.add_row(Text("total", "bold"), f"{asked:,}", *(() if planned else (_got(asked, got),)))
    return Padding(table, (0, 0, 0, 2))


def rounds(made: Sequence[Round]) -> RenderableType:
    """Each round: asked, answered, kept, and below that why the rest was not."""
    heads = ("round", "asked", "answered", "kept", "so far")
    lines = [Text("  " + "".join(f"{head:>10}" for head in heads), "dim")]
    for one in made:
        counts = (one.number, one.asked, one.answered, one.kept, one.kept_so_far)
        lines.append(Text("  " + "".join(f"{count:>10,}" for count in counts)))
        told = " · ".join(f"{safe_text(code).replace('_', ' ')} {count:,}" for code, count in one.why.items())
        if told:
            lines += [Text(f"            {line}", "dim") for line in wrap(told, 66)]
    return Group(*lines)


def _got(asked: int, got: int) -> Text:
    return Text(f"{got:,}", "green" if got == asked else "yellow")


def _share(count: int, total: int) -> Text:
    cells = round(_BAR * count / total) if total else 0
    return Text("█" * max(cells, 1 if count else 0), "green").append(
        f" {100 * count / total:.1f} %" if total else "", "dim"
    )


def _cost(cost: Cost) -> str:
    told = dollars(cost.spent)
    if cost.budget is not None:
        told += f" of {dollars(cost.budget)}"
    if cost.worth is None:
        return f"{told} counted: a model has no price (--prices FILE)"
    if cost.judged:
        told += f", {dollars(cost.judged)} of it for judges"
    written = cost.spent - cost.judged
    return told + (f"; all answers are worth {dollars(cost.worth)}" if cost.worth != written else "")


def _novelty(result: GenerationResult) -> str:
    share = 100 * result.near / result.answers if result.answers else 0.0
    return f"{result.near:,} of {plural(result.answers, 'answer')} nearly said before ({share:.1f} %)"


def dollars(amount: Decimal | None) -> str:
    """ "$12.34"; four decimals below a dollar."""
    if amount is None:
        return "–"
    return f"${amount:,.2f}" if amount >= 1 or not amount else f"${amount:.4f}"
